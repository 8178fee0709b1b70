//! What settings must be to each other. Every problem is found, not only the first.
use rockpool_blobs::StoreKey;
use tracing_subscriber::EnvFilter;

use super::{
    reader::Problem,
    replicas::check_replicas,
    settings::{LimitSettings, Settings, StoreSettings},
    values::{OrOff, Span, StagingKind, StoreKind},
};

/// All problems of settings that were read without one.
pub(crate) fn check_settings(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut must = |holds: bool, key: &str, text: &str| {
        if !holds {
            problems.push(Problem::with(key, text));
        }
    };
    must(
        !settings.region.is_empty()
            && settings
                .region
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)),
        "region",
        "letters, digits and `-` expected, such as `us-east-1`",
    );
    if let Err(error) = settings.catalog.url.address() {
        must(false, "catalog.url", &error);
    }
    must(
        (1..=10_000).contains(&settings.catalog.max_connections),
        "catalog.max_connections",
        "must be 1 to 10,000",
    );
    must(
        settings.spool.memory_body.as_u64() <= 16 << 20,
        "spool.memory_body",
        "at most `16 MiB`, since every upload in progress may hold as much",
    );
    must(
        settings.spool.inline_part.as_u64() <= 1 << 20,
        "spool.inline_part",
        "at most `1 MiB`, since these lie in the catalog",
    );
    must(
        EnvFilter::try_new(&settings.log.filter).is_ok(),
        "log.filter",
        "a level (`error`, `warn`, `info`, `debug`, `trace`) or a list such as `info,rockpool_s3=debug` expected",
    );
    must(
        settings.backup.keep > 0,
        "backup.keep",
        "must be 1 or more; `backup.interval = \"off\"` makes none",
    );
    check_landing(settings, &mut must);
    must(
        settings
            .scrub
            .max_rate
            .on()
            .is_none_or(|rate| rate.as_u64() > 0),
        "scrub.max_rate",
        "must be more than nothing; `off` sets no limit",
    );
    check_limits(&settings.limits, &mut must);
    check_spans(settings, &mut must);
    let links_on = settings.listen.links != OrOff::Off;
    settings.links.check(links_on, &mut must);
    check_listeners(settings, &mut problems);
    let longest_delete = settings.collect.longest_delete;
    check_store("store", &settings.store, longest_delete, &mut problems);
    check_replicas(settings, &mut problems);
    problems
}

fn check_landing(settings: &Settings, must: &mut impl FnMut(bool, &str, &str)) {
    let landing = &settings.landing;
    must(
        !landing.enabled || settings.store.kind == StoreKind::S3,
        "landing.enabled",
        "needs store.kind `s3`: what is put into a directory lies on a disk already",
    );
    must(
        !landing.enabled || settings.staging.kind == StagingKind::Disk,
        "landing.enabled",
        "needs staging.kind `disk`: uploads in parts would still wait for the provider",
    );
    must(
        (1..=1000).contains(&landing.max_parallel),
        "landing.max_parallel",
        "must be 1 to 1,000",
    );
}

fn check_limits(limits: &LimitSettings, must: &mut impl FnMut(bool, &str, &str)) {
    must(
        limits.max_object.as_u64() > 0,
        "limits.max_object",
        "must be more than nothing",
    );
    must(
        limits.max_put.as_u64() > 0,
        "limits.max_put",
        "must be more than nothing",
    );
    must(
        limits.max_connections > 0,
        "limits.max_connections",
        "must be 1 or more",
    );
    must(
        limits.max_requests > 0,
        "limits.max_requests",
        "must be 1 or more",
    );
}

fn check_spans(settings: &Settings, must: &mut impl FnMut(bool, &str, &str)) {
    let second = Span::from_secs(1);
    let (limits, collect) = (&settings.limits, &settings.collect);
    let on = |interval: OrOff<Span>| interval.on().unwrap_or(second);
    for (key, span) in [
        ("limits.head_timeout", limits.head_timeout),
        ("limits.stall_timeout", limits.stall_timeout),
        ("collect.interval", on(collect.interval)),
        ("backup.interval", on(settings.backup.interval)),
        ("backup.manifests", settings.backup.manifests),
        ("scrub.period", on(settings.scrub.period)),
        ("collect.upload_lifetime", collect.upload_lifetime),
        ("collect.store_lease", collect.store_lease),
        ("collect.longest_delete", collect.longest_delete),
    ] {
        must(span >= second, key, "must be `1s` or more");
    }
    must(
        collect.delete_lease >= Span::from_secs(4),
        "collect.delete_lease",
        "must be `4s` or more, since deletes begin in its first half, which providers count in seconds",
    );
}

fn check_listeners(settings: &Settings, problems: &mut Vec<Problem>) {
    let listen = &settings.listen;
    let faces = [
        ("s3", listen.s3),
        ("redirector", listen.redirector),
        ("blobs", listen.blobs),
        ("links", listen.links),
    ];
    if faces.iter().all(|(_, address)| *address == OrOff::Off) {
        problems.push(Problem::with(
            "listen",
            "every listener is off, so nothing would run; give at least one an address",
        ));
    }
    for (i, (name, address)) in faces.iter().enumerate() {
        let same = faces[..i]
            .iter()
            .find(|(_, other)| address.on().is_some_and(|a| a.0.port() != 0) && other == address);
        if let Some((other, _)) = same {
            problems.push(Problem::with(
                &format!("listen.{name}"),
                format_args!("has the address of listen.{other}; each listener needs its own"),
            ));
        }
    }
}

/// What is wrong with a store whose settings stand in the section `path`.
pub(super) fn check_store(
    path: &str,
    store: &StoreSettings,
    longest_delete: Span,
    problems: &mut Vec<Problem>,
) {
    if store.kind != StoreKind::S3 {
        return;
    }
    let Some(bucket) = &store.s3 else {
        problems.push(Problem::with(
            &format!("{path}.kind"),
            format_args!(
                "`s3` needs a section `[{path}.s3]` with endpoint, bucket, access_key_id and a secret"
            ),
        ));
        return;
    };
    let secrets = usize::from(bucket.secret_access_key.is_some())
        + usize::from(bucket.secret_access_key_file.is_some());
    for (holds, key, text) in [
        (bucket.endpoint.is_some(), "endpoint", "must be given"),
        (!bucket.bucket.is_empty(), "bucket", "must be given"),
        (
            !bucket.access_key_id.is_empty(),
            "access_key_id",
            "must be given",
        ),
        (
            secrets == 1,
            "secret_access_key",
            "exactly one of secret_access_key (1 to 256 bytes) and secret_access_key_file must be given",
        ),
        (
            bucket
                .folder
                .as_deref()
                .is_none_or(|folder| StoreKey::new(folder).is_ok()),
            "folder",
            "names of letters, digits, `.`, `_` and `-` expected, with `/` between them only",
        ),
        (
            bucket.max_connections > 0,
            "max_connections",
            "must be 1 or more",
        ),
        (
            bucket.call_timeout >= Span::from_secs(1) && bucket.call_timeout <= longest_delete,
            "call_timeout",
            "must be `1s` or more, and no more than collect.longest_delete",
        ),
        (
            bucket.max_calls_per_second != Some(0),
            "max_calls_per_second",
            "must be 1 or more",
        ),
    ] {
        if !holds {
            problems.push(Problem::with(&format!("{path}.s3.{key}"), text));
        }
    }
}
