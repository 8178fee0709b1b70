//! Every setting, with its unit, its default and what its absence means, as the file and the flags give them.
//! `docs/configuration.md` says the same to operators; `docs/rockpool.example.toml` is tested equal to the defaults.
use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use rockpool_types::{ByteSize, HostName, SecretKey};
use serde::{Serialize, Serializer};

use super::{
    links::LinksSettings,
    replicas::ReplicaSettings,
    values::{
        CatalogUrl, HttpUrl, ListenAddress, LogFormat, OrOff, Span, StagingKind, StoreKind, UrlForm,
    },
};

/// All settings. Relative paths are not resolved yet: `data` is relative to the working directory, every other
/// path to `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Settings {
    /// The data directory. Default `rockpool-data`.
    pub(crate) data: PathBuf,
    /// The region that the S3 face names. Requests signed for any region are accepted. Default `us-east-1`.
    pub(crate) region: String,
    /// Whether writes are refused while reads go on. Default `false`.
    pub(crate) read_only: bool,
    /// Where `/` of the listeners leads. Absent: a line of text stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) homepage: Option<HttpUrl>,
    /// Where each face listens.
    pub(crate) listen: ListenSettings,
    /// What the world sees.
    pub(crate) public: PublicSettings,
    /// The SQL database.
    pub(crate) catalog: CatalogSettings,
    /// What keeps blobs.
    pub(crate) store: StoreSettings,
    /// Further stores by name. Default none.
    pub(crate) replicas: BTreeMap<String, ReplicaSettings>,
    /// Where new blobs land before they go to a provider.
    pub(crate) landing: LandingSettings,
    /// What keeps parts of multipart uploads.
    pub(crate) staging: StagingSettings,
    /// What keeps bodies on their way in.
    pub(crate) spool: SpoolSettings,
    /// The bounds of this node.
    pub(crate) limits: LimitSettings,
    /// Collecting what nobody needs.
    pub(crate) collect: CollectSettings,
    /// Backups of the catalog.
    pub(crate) backup: BackupSettings,
    /// Reading everything again and again.
    pub(crate) scrub: ScrubSettings,
    /// The link shield.
    pub(crate) links: LinksSettings,
    /// What is logged, and how.
    pub(crate) log: LogSettings,
}

/// `[listen]`: an address or `off` for each face.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ListenSettings {
    /// The S3 face. Default `127.0.0.1:23278`.
    pub(crate) s3: OrOff<ListenAddress>,
    /// The redirector. Default `127.0.0.1:23279`.
    pub(crate) redirector: OrOff<ListenAddress>,
    /// The blob server. Default `127.0.0.1:23281`.
    pub(crate) blobs: OrOff<ListenAddress>,
    /// The link shield. Default off.
    pub(crate) links: OrOff<ListenAddress>,
}

/// `[public]`: what the world sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct PublicSettings {
    /// The S3 face as members reach it; only `member add` shows it. Absent: `http://` and the listener's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s3_url: Option<HttpUrl>,
    /// Domains whose sub-domains are bucket names at the S3 face (virtual-host style). Default none: path style only.
    #[serde(serialize_with = "as_texts")]
    pub(crate) s3_domains: Vec<HostName>,
    /// The redirector as the world reaches it; only `member add` shows it. Absent: `http://` and the listener's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pool_url: Option<HttpUrl>,
    /// The blob host that redirects lead to. Absent: `http://` and the blob server's own address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) blob_url: Option<HttpUrl>,
    /// The form of the blob URLs that redirects lead to. Default `hex`.
    pub(crate) blob_url_form: UrlForm,
    /// How long browsers and caches keep what a name answers, at most. Default 5 minutes.
    pub(crate) name_max_age: Span,
    /// How long a CDN that is purged by `Surrogate-Key` keeps it. Absent: as long as everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name_cdn_max_age: Option<Span>,
    /// How long a cache may use an old answer while it asks for a new one. Default 1 minute.
    pub(crate) stale_while_revalidate: Span,
    /// How long a cache may use an old answer while the pool is away. Default 1 day.
    pub(crate) stale_if_error: Span,
    /// How long caches keep a 404. Default 10 seconds.
    pub(crate) not_found_max_age: Span,
    /// How long a public read waits for an upload of the very key that is under way. Default 10 seconds.
    pub(crate) wait_for_upload: Span,
}

/// `[catalog]`: the SQL database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CatalogSettings {
    /// `sqlite:` and a path, or the URL of a database on a server. Default `sqlite:catalog.db`.
    pub(crate) url: CatalogUrl,
    /// A file whose first line is the URL, in place of `url`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url_file: Option<PathBuf>,
    /// How many connections to a database server this node has at once. Default 16.
    pub(crate) max_connections: u32,
    /// The file with the key that seals the secrets in the catalog; all nodes need the same. Default `sealing.key`.
    pub(crate) sealing_key_file: PathBuf,
}

/// `[store]`: what keeps blobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StoreSettings {
    /// `disk` or `s3`. Default `disk`.
    pub(crate) kind: StoreKind,
    /// With `disk`: its directory. Default `store`.
    pub(crate) directory: PathBuf,
    /// With `s3`: the bucket. Absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) s3: Option<S3StoreSettings>,
}

/// `[store.s3]`: a bucket at an S3 provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct S3StoreSettings {
    /// The provider's endpoint. Must be given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<HttpUrl>,
    /// The bucket. Must be given.
    pub(crate) bucket: String,
    /// The region that requests are signed for. Default `us-east-1`.
    pub(crate) region: String,
    /// Whether the bucket stands in the path, else in the host name. Default `true`.
    pub(crate) path_style: bool,
    /// The access key id. Must be given.
    pub(crate) access_key_id: String,
    /// The secret. Either this or `secret_access_key_file` must be given.
    #[serde(serialize_with = "hidden", skip_serializing_if = "Option::is_none")]
    pub(crate) secret_access_key: Option<SecretKey>,
    /// A file whose first line is the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_access_key_file: Option<PathBuf>,
    /// The folder of the bucket that holds everything. Absent: the whole bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) folder: Option<String>,
    /// Whether public blobs are sent with the canned ACL `public-read`; else a bucket policy decides. Default `false`.
    pub(crate) public_acl: bool,
    /// How many blobs a node reads at once, and how many other requests it has at once. Default 64.
    pub(crate) max_connections: usize,
    /// The longest that a call may take, repetitions included, and a second more for each MiB. Default 1 minute.
    pub(crate) call_timeout: Span,
    /// The most calls a second of a process. Absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_calls_per_second: Option<u32>,
}

/// `[landing]`: a directory of this node where new blobs land before they go to a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LandingSettings {
    /// Whether blobs land. Default `false`; what still waits is moved all the same.
    pub(crate) enabled: bool,
    /// The directory, of one node alone. Default `landing`.
    pub(crate) directory: PathBuf,
    /// The most bytes that wait to be moved; what comes then goes to the provider at once. Default 20 GiB.
    pub(crate) max_waiting: ByteSize,
    /// The most bytes of moved blobs that are kept for reading. Default 5 GiB.
    pub(crate) cache: ByteSize,
    /// How many blobs move at a time. Default 8.
    pub(crate) max_parallel: usize,
}

/// `[staging]`: what keeps parts of multipart uploads until their completion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct StagingSettings {
    /// `disk` or `store`. Default `disk`.
    pub(crate) kind: StagingKind,
    /// With `disk`: its directory, one that all nodes share. Default `staging`.
    pub(crate) directory: PathBuf,
}

/// `[spool]`: bodies on their way in, of this node alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SpoolSettings {
    /// Its directory. Default `spool`.
    pub(crate) directory: PathBuf,
    /// Bodies up to this size stay in memory. Default 128 KiB.
    pub(crate) memory_body: ByteSize,
    /// Parts up to this size lie in the catalog until their completion. Default 64 KiB.
    pub(crate) inline_part: ByteSize,
}

/// `[limits]`: the bounds of this node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LimitSettings {
    /// The largest object. Default 50 GiB.
    pub(crate) max_object: ByteSize,
    /// The largest single PUT and part. Default 5 GiB.
    pub(crate) max_put: ByteSize,
    /// Connections of each listener; those beyond get a 503 at once. Default 4096.
    pub(crate) max_connections: usize,
    /// Requests that each face answers at a time; those beyond get a 503 (`SlowDown`). Default 1024.
    pub(crate) max_requests: usize,
    /// How long a connection may take to send the head of its next request, waiting included. Default 75 seconds.
    pub(crate) head_timeout: Span,
    /// How long a body may stand still on its way in, and a client on an answer's way out. Default 30 seconds.
    pub(crate) stall_timeout: Span,
    /// How long requests in flight may go on after SIGTERM. Default 30 seconds.
    pub(crate) shutdown_timeout: Span,
}

/// `[collect]`: collecting what nobody needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CollectSettings {
    /// How long between two collections of this node, or `off`. Default 10 minutes.
    pub(crate) interval: OrOff<Span>,
    /// How long a blob stays after its last reference went. Default 1 day.
    pub(crate) grace: Span,
    /// How long an unfinished multipart upload stays. Default 7 days.
    pub(crate) upload_lifetime: Span,
    /// How long an uploader may take to store a blob. Default 1 hour.
    pub(crate) store_lease: Span,
    /// How long a collector may take over one batch of deletes. Default 1 minute.
    pub(crate) delete_lease: Span,
    /// The longest that a delete may take at the store. Default 2 minutes.
    pub(crate) longest_delete: Span,
}

/// `[backup]`: backups of the catalog, which nodes make by themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct BackupSettings {
    /// How old the newest backup in the store may become before a node makes another, or `off`. Default 1 day.
    pub(crate) interval: OrOff<Span>,
    /// How many of the newest stay in the store. Default 7.
    pub(crate) keep: u32,
    /// How often a node writes down beside the blobs what changed since. Default 1 minute.
    pub(crate) manifests: Span,
}

/// `[scrub]`: reading everything again and again, to find what went bad.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ScrubSettings {
    /// How long one pass over a store takes, at least; or `off`. Default 30 days.
    pub(crate) period: OrOff<Span>,
    /// The most bytes a second that a node reads for it, or `off`: no limit. Default 20 MB.
    pub(crate) max_rate: OrOff<ByteSize>,
    /// Whether buckets at providers are read too, and not only directories. Default no.
    pub(crate) buckets: bool,
}

/// `[log]`: what is logged to standard error, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LogSettings {
    /// `text` or `json`. Default `text`.
    pub(crate) format: LogFormat,
    /// A level, or a filter such as `info,rockpool_s3=debug`. Default `info`.
    pub(crate) filter: String,
}

fn local(port: u16) -> OrOff<ListenAddress> {
    OrOff::On(ListenAddress(SocketAddr::new(
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        port,
    )))
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("rockpool-data"),
            region: "us-east-1".to_owned(),
            read_only: false,
            homepage: None,
            listen: ListenSettings {
                s3: local(23278),
                redirector: local(23279),
                blobs: local(23281),
                links: OrOff::Off,
            },
            public: PublicSettings::default(),
            catalog: CatalogSettings {
                url: CatalogUrl::from("sqlite:catalog.db".to_owned()),
                url_file: None,
                max_connections: 16,
                sealing_key_file: "sealing.key".into(),
            },
            store: StoreSettings {
                kind: StoreKind::Disk,
                directory: PathBuf::from("store"),
                s3: None,
            },
            replicas: BTreeMap::new(),
            landing: LandingSettings {
                enabled: false,
                directory: PathBuf::from("landing"),
                max_waiting: ByteSize::new(20 << 30),
                cache: ByteSize::new(5 << 30),
                max_parallel: 8,
            },
            staging: StagingSettings {
                kind: StagingKind::Disk,
                directory: PathBuf::from("staging"),
            },
            spool: SpoolSettings {
                directory: PathBuf::from("spool"),
                memory_body: ByteSize::new(128 << 10),
                inline_part: ByteSize::new(64 << 10),
            },
            limits: LimitSettings::default(),
            collect: CollectSettings::default(),
            backup: BackupSettings {
                interval: OrOff::On(Span::from_secs(24 * 3600)),
                keep: 7,
                manifests: Span::from_secs(60),
            },
            scrub: ScrubSettings {
                period: OrOff::On(Span::from_secs(30 * 24 * 3600)),
                max_rate: OrOff::On(ByteSize::new(20_000_000)),
                buckets: false,
            },
            links: LinksSettings::default(),
            log: LogSettings {
                format: LogFormat::Text,
                filter: "info".to_owned(),
            },
        }
    }
}

impl Default for PublicSettings {
    fn default() -> Self {
        Self {
            s3_url: None,
            s3_domains: Vec::new(),
            pool_url: None,
            blob_url: None,
            blob_url_form: UrlForm::Hex,
            name_max_age: Span::from_secs(5 * 60),
            name_cdn_max_age: None,
            stale_while_revalidate: Span::from_secs(60),
            stale_if_error: Span::from_secs(24 * 3600),
            not_found_max_age: Span::from_secs(10),
            wait_for_upload: Span::from_secs(10),
        }
    }
}

impl Default for S3StoreSettings {
    fn default() -> Self {
        Self {
            endpoint: None,
            bucket: String::new(),
            region: "us-east-1".to_owned(),
            path_style: true,
            access_key_id: String::new(),
            secret_access_key: None,
            secret_access_key_file: None,
            folder: None,
            public_acl: false,
            max_connections: 64,
            call_timeout: Span::from_secs(60),
            max_calls_per_second: None,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            max_object: ByteSize::new(50 << 30),
            max_put: ByteSize::new(5 << 30),
            max_connections: 4096,
            max_requests: 1024,
            head_timeout: Span::from_secs(75),
            stall_timeout: Span::from_secs(30),
            shutdown_timeout: Span::from_secs(30),
        }
    }
}

impl Default for CollectSettings {
    fn default() -> Self {
        Self {
            interval: OrOff::On(Span::from_secs(10 * 60)),
            grace: Span::from_secs(24 * 3600),
            upload_lifetime: Span::from_secs(7 * 24 * 3600),
            store_lease: Span::from_secs(3600),
            delete_lease: Span::from_secs(60),
            longest_delete: Span::from_secs(120),
        }
    }
}

pub(super) fn as_texts<S: Serializer>(
    names: &[HostName],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(HostName::as_str))
}

/// A secret in what `config show` prints.
fn hidden<S: Serializer>(_: &Option<SecretKey>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("(hidden)")
}
