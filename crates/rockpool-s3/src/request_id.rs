//! Names of requests, for finding them in the log.

/// A request's name in its two S3 forms.
#[derive(Clone, Debug)]
pub(crate) struct RequestId {
    short: String,
    long: String,
}

impl RequestId {
    /// A random one. Where the system has no randomness it is all zeros, which harms nothing but the log.
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 24];
        if getrandom::fill(&mut bytes).is_err() {
            tracing::warn!("the system gives no random bytes; request ids are zero");
        }
        let hex = hex::encode_upper(bytes);
        Self {
            short: hex[..16].to_owned(),
            long: hex[16..].to_owned(),
        }
    }

    /// The `x-amz-request-id`.
    pub(crate) fn short(&self) -> &str {
        &self.short
    }

    /// The `x-amz-id-2`.
    pub(crate) fn long(&self) -> &str {
        &self.long
    }
}
