//! What a newcomer reads at the first start.
use rockpool_pool::Pool;

use crate::{
    addresses::Addresses,
    config::{Config, Settings},
    output::{self, fields},
};

/// Says what to type next, while the pool has no member.
pub(crate) async fn greet(pool: &Pool, config: &Config, addresses: &Addresses) {
    let is_new = matches!(pool.list_members(None).await, Ok(members) if members.is_empty());
    if is_new {
        // A node runs without a terminal too.
        let _ = output::print(&words(config, addresses));
    }
}

fn words(config: &Config, addresses: &Addresses) -> String {
    let or_off = |url: &Option<String>| url.clone().unwrap_or_else(|| "off".to_owned());
    format!(
        "\nrockpool runs, and its pool in {} has no members yet.\n\n{}\n\
         Add the first one, in another terminal, and read there how to upload:\n\n  \
         {} member add NAME{}\n\n\
         Ctrl-C stops the node.\n\n",
        config.paths.data.display(),
        fields(&[
            ("S3 API", or_off(&addresses.s3)),
            ("redirector", or_off(&addresses.pool)),
            ("blob server", or_off(&addresses.blobs)),
        ]),
        program(),
        flags(config),
    )
}

/// The program as it was called.
fn program() -> String {
    std::env::args()
        .next()
        .unwrap_or_else(|| "rockpool".to_owned())
}

/// The flags that make another command find the same pool.
fn flags(config: &Config) -> String {
    let mut flags = String::new();
    if config.settings.data != Settings::default().data {
        flags.push_str(&format!(" --data {}", config.settings.data.display()));
    }
    match &config.file {
        Some(file) if file.parent() != Some(&config.settings.data) => {
            flags.push_str(&format!(" --config {}", file.display()));
        }
        _ => {}
    }
    flags
}
