//! TLS towards the provider: rustls with ring, and the system's root certificates.
use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore, crypto::ring};

/// What `reqwest` is to encrypt with; given explicitly, because it panics where no provider is installed for the whole
/// process. `https` tells whether certificates will have to be checked.
///
/// # Errors
/// In words for the operator.
pub(super) fn config(https: bool) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    if https {
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(
                "this system has no root certificates to check the provider's with; \
                        install the package ca-certificates"
                    .into(),
            );
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
