//! How the S3 face behaves.
use std::time::Duration;

use rockpool_types::HostName;

/// How the S3 face behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Settings {
    /// Host names under which `<bucket>.<name>` stands for a bucket; on themselves, as on every unknown host, the path
    /// begins with the bucket. Ports do not matter.
    pub domains: Vec<HostName>,
    /// The region that the face says it is in. Signatures may name any.
    pub region: String,
    /// How long a body may give no byte; and all that its client lets it be waited for, beside a second for each KiB.
    pub stall_timeout: Duration,
    /// The most requests in work at a time, half of them for one member; more are answered `SlowDown`. A response that is only
    /// being sent does not count.
    pub max_concurrent_requests: usize,
    /// The most bytes of an XML document in a request: a bulk delete of 1000 long keys has 1.5 MiB, a completion of
    /// 10,000 parts 2.5 MiB.
    pub max_document_bytes: usize,
    /// Where a browser that asks for `/` without a signature is sent, a URL. `None`: it is refused as a listing.
    pub homepage: Option<String>,
    /// How long a completion or a copy may take before its answer begins, with white space until the result is there.
    /// Mastodon gives up after 5 seconds of silence.
    pub patience: Duration,
}

impl Default for S3Settings {
    fn default() -> Self {
        Self {
            domains: Vec::new(),
            region: "us-east-1".to_owned(),
            stall_timeout: Duration::from_secs(60),
            max_concurrent_requests: 1024,
            max_document_bytes: 4 << 20,
            homepage: None,
            patience: Duration::from_secs(2),
        }
    }
}
