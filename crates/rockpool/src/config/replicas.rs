//! Settings of replicas: the very ones of `[store]` under a name, and how blobs are copied there.
use rockpool_catalog::MAIN_STORE;
use rockpool_types::ByteSize;
use serde::Serialize;

use super::{
    check::check_store,
    reader::{Problem, Section},
    settings::{Settings, StoreSettings},
    values::{Span, StoreKind},
};

/// `[replicas.NAME]`: a store that `rockpool replica add NAME` makes a replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ReplicaSettings {
    /// What keeps its blobs. Its directory has no default.
    #[serde(flatten)]
    pub(crate) store: StoreSettings,
    /// How many blobs this node copies there at a time. Default 4.
    pub(crate) max_parallel: usize,
    /// The most bytes a second that this node copies there. Absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_rate: Option<ByteSize>,
    /// How long a copy stays after its blob was removed from the pool. Default 7 days.
    pub(crate) delete_grace: Span,
}

impl Default for ReplicaSettings {
    fn default() -> Self {
        Self {
            store: StoreSettings {
                kind: StoreKind::Disk,
                directory: std::path::PathBuf::new(),
                s3: None,
            },
            max_parallel: 4,
            max_rate: None,
            delete_grace: Span::from_secs(7 * 24 * 3600),
        }
    }
}

impl ReplicaSettings {
    pub(super) fn fill(&mut self, section: &mut Section<'_, '_>) {
        self.store.fill(section);
        section.read("max_parallel", &mut self.max_parallel);
        section.read_option("max_rate", &mut self.max_rate);
        section.read("delete_grace", &mut self.delete_grace);
    }
}

/// What is wrong with the replicas.
pub(super) fn check_replicas(settings: &Settings, problems: &mut Vec<Problem>) {
    let mut directories = vec![("store", &settings.store)];
    for (name, replica) in &settings.replicas {
        let path = format!("replicas.{name}");
        let mut must = |holds: bool, key: &str, text: &str| {
            if !holds {
                problems.push(Problem::with(&format!("{path}{key}"), text));
            }
        };
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        must(
            (1..=64).contains(&name.len()) && name.bytes().all(is_plain),
            "",
            "a name of up to 64 small letters, digits, `-` and `_` expected",
        );
        must(
            name != MAIN_STORE,
            "",
            "that is the name of `[store]`; choose another",
        );
        must(
            (1..=256).contains(&replica.max_parallel),
            ".max_parallel",
            "must be 1 to 256",
        );
        must(
            replica.max_rate.is_none_or(|rate| rate.as_u64() > 0),
            ".max_rate",
            "must be more than nothing",
        );
        let is_disk = replica.store.kind == StoreKind::Disk;
        must(
            !is_disk || !replica.store.directory.as_os_str().is_empty(),
            ".directory",
            "must be given",
        );
        let same = directories.iter().find(|(_, other)| {
            is_disk && other.kind == StoreKind::Disk && other.directory == replica.store.directory
        });
        if let Some((other, _)) = same {
            let text = format!("is that of `[{other}]`; each store needs its own");
            must(false, ".directory", &text);
        }
        directories.push((name, &replica.store));
        check_store(
            &path,
            &replica.store,
            settings.collect.longest_delete,
            problems,
        );
    }
}
