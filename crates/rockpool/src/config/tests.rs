use std::{collections::BTreeMap, path::Path, time::Duration};

use rockpool_catalog::CatalogAddress;
use rockpool_types::SecretKey;

use super::{
    EXAMPLE, Overrides, Settings, Span, load,
    parse::parse_settings,
    reader::Problem,
    replicas::ReplicaSettings,
    settings::{S3StoreSettings, StoreSettings},
    values::{ListenAddress, OrOff},
};

#[expect(clippy::disallowed_methods, reason = "the file that is to be read")]
fn write(file: impl AsRef<Path>, text: &str) {
    std::fs::write(file, text).unwrap();
}

/// The example with its defaults, or with its examples too, taken out of their comments.
fn uncommented(with_examples: bool) -> String {
    let is_setting = |text: &str| {
        text.starts_with('[')
            || text.split_once(" = ").is_some_and(|(key, _)| {
                key.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            })
    };
    EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(text) if is_setting(text) => text,
            Some(text) if with_examples && is_setting(text.trim_start()) => text.trim_start(),
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn parse(text: &str) -> (Settings, Vec<Problem>) {
    let mut problems = Vec::new();
    let (settings, _) = parse_settings(text, &mut problems);
    (settings, problems)
}

/// Every value of a TOML document by its key with the sections before it.
fn values(text: &str) -> BTreeMap<String, String> {
    fn walk(table: &toml::Table, path: &str, found: &mut BTreeMap<String, String>) {
        for (name, value) in table {
            let key = format!("{path}{name}");
            match value {
                toml::Value::Table(table) => walk(table, &format!("{key}."), found),
                toml::Value::String(text) => drop(found.insert(key, text.clone())),
                value => drop(found.insert(key, value.to_string())),
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&text.parse().unwrap(), "", &mut found);
    found
}

/// Every key of a TOML document.
fn keys(text: &str) -> Vec<String> {
    values(text).into_keys().collect()
}

/// Settings with everything given that has no default.
fn full() -> Settings {
    let (mut settings, problems) = parse(&uncommented(true));
    assert_eq!(problems, []);
    settings.store.s3 = Some(S3StoreSettings {
        secret_access_key: Some(SecretKey::new("hush").unwrap()),
        ..settings.store.s3.unwrap()
    });
    let second = settings.replicas.get_mut("second").unwrap();
    second.store.s3 = Some(S3StoreSettings {
        secret_access_key: Some(SecretKey::new("hush").unwrap()),
        ..second.store.s3.take().unwrap()
    });
    settings
}

#[test]
fn the_example_as_it_stands_changes_nothing() {
    assert_eq!(parse(EXAMPLE), (Settings::default(), vec![]));
}

#[test]
fn the_example_with_its_defaults_taken_out_of_their_comments_is_the_defaults() {
    let text = uncommented(false);
    assert_eq!(parse(&text), (Settings::default(), vec![]));
    assert_eq!(
        keys(&text),
        keys(&toml::to_string(&Settings::default()).unwrap())
    );
}

#[test]
fn the_example_shows_every_setting() {
    let shown = keys(&uncommented(true));
    assert_eq!(shown, keys(&toml::to_string(&full()).unwrap()));
}

#[test]
fn the_page_on_configuration_has_every_setting_with_its_default() {
    let page = include_str!("../../../../docs/configuration.md");
    let mut replica = ReplicaSettings::default();
    replica.store.s3 = Some(S3StoreSettings::default());
    let settings = Settings {
        store: StoreSettings {
            s3: Some(S3StoreSettings::default()),
            ..Settings::default().store
        },
        replicas: [("NAME".to_owned(), replica)].into(),
        ..Settings::default()
    };
    let defaults = values(&toml::to_string(&settings).unwrap());
    for key in values(&uncommented(true)).into_keys() {
        let key = key.replace("replicas.second.", "replicas.NAME.");
        let default = match defaults.get(&key).map(String::as_str) {
            None => "absent".to_owned(),
            Some("") => "must be given".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let row = format!("| `{key}` | ");
        let told = page
            .split_once(&row)
            .and_then(|(_, rest)| rest.split_once(" |"));
        let (told, _) = told.unwrap_or_else(|| panic!("{key} is not documented"));
        assert!(
            told == default || is_same_span(told, &default) || told == "must be given",
            "{key}: {told}, {default}"
        );
    }
}

/// Whether both are one span of time in other units.
fn is_same_span(a: &str, b: &str) -> bool {
    let span = |text: &str| text.trim_matches('`').parse::<Span>().ok();
    span(a).is_some() && span(a) == span(b)
}

#[test]
fn secrets_are_not_shown() {
    let shown = toml::to_string(&full()).unwrap();
    assert!(shown.contains("secret_access_key = \"(hidden)\""));
    assert!(!shown.contains("hush") && !format!("{:?}", full()).contains("hush"));
}

#[test]
fn all_problems_are_reported_at_once_with_their_lines() {
    let (_, problems) = parse(
        "region = 7\nreed_only = true\n\n[listen]\ns3 = \"localhost:1\"\nblobs = \"off\"\n\
         [collect]\ngrace = \"1 fortnight\"\n[public]\nblob_url = \"ftp://x\"\ns3_domains = [\"a.example\", \"B\"]\n\
         [stor]\n[log]\nformat = \"xml\"\n[limits]\nmax_put = \"huge\"\nzzz = 1\n",
    );
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    line 1: region: invalid type: integer `7`, expected a string
    line 2: reed_only: no such setting; did you mean `read_only`?
    line 5: listen.s3: `localhost:1` is not an address such as `127.0.0.1:23278` or `[::1]:23278`; `off` leaves it out
    line 8: collect.grace: `1 fortnight` is not a span of time such as `90s`, `24h` or `1h 30m`
    line 10: public.blob_url: `ftp://x` is neither http nor https, expected `https://host` or `http://host:port/path`
    line 11: public.s3_domains: host name: `B` is not a host name in lower case without a port
    line 12: stor: no such setting; did you mean `store`?
    line 14: log.format: unknown variant `xml`, expected `text` or `json`
    line 16: limits.max_put: size: `huge` is not a size such as `64 KiB`, `40MB` or `1.5 GiB`
    line 17: limits.zzz: no such setting; here are max_object, max_put, max_connections, max_requests, head_timeout, stall_timeout, shutdown_timeout
    "#);
}

#[test]
fn broken_syntax_is_reported_with_its_line() {
    let (_, problems) = parse("region = \"a\nread_only = yes\n");
    assert!(problems.len() >= 2, "{problems:?}");
    assert_eq!(problems[0].line, Some(1));
}

#[test]
fn settings_that_contradict_each_other_are_reported_together() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pool.toml");
    write(
        &file,
        "[listen]\ns3 = \"127.0.0.1:9\"\nblobs = \"127.0.0.1:9\"\n[catalog]\nurl = \"mysql://x\"\n\
         [store]\nkind = \"s3\"\n[store.s3]\nbucket = \"b\"\n[log]\nfilter = \"=[\"\n[limits]\nmax_requests = 0\n",
    );
    let error = load(&Overrides {
        config: Some(file),
        ..Overrides::default()
    })
    .unwrap_err()
    .to_string();
    let problems = error.split_once('\n').unwrap().1;
    insta::assert_snapshot!(problems.replace("\n  ", "\n").trim_start(), @r#"
    catalog.url: the name of the database is missing: `…://user@host/DATABASE`
    log.filter: a level (`error`, `warn`, `info`, `debug`, `trace`) or a list such as `info,rockpool_s3=debug` expected
    limits.max_requests: must be 1 or more
    listen.blobs: has the address of listen.s3; each listener needs its own
    store.s3.endpoint: must be given
    store.s3.access_key_id: must be given
    store.s3.secret_access_key: exactly one of secret_access_key (1 to 256 bytes) and secret_access_key_file must be given
    "#);
}

#[test]
fn replicas_have_names_and_the_settings_of_a_store() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pool.toml");
    write(directory.path().join("secret"), "hush\n");
    let load_with = |text: &str| {
        write(&file, text);
        load(&Overrides {
            config: Some(file.clone()),
            data: Some(directory.path().to_owned()),
            ..Overrides::default()
        })
    };
    let config = load_with(
        "[replicas.near]\ndirectory = \"copies\"\nmax_rate = \"5 MB\"\n\
         [replicas.far]\nkind = \"s3\"\n[replicas.far.s3]\nendpoint = \"https://s3.example\"\nbucket = \"b\"\n\
         access_key_id = \"A\"\nsecret_access_key_file = \"secret\"\n",
    )
    .unwrap();
    assert_eq!(
        config.paths.replicas["near"],
        directory.path().join("copies")
    );
    let far = config.settings.replicas["far"].store.s3.as_ref().unwrap();
    assert_eq!(far.secret_access_key, Some(SecretKey::new("hush").unwrap()));

    let error = load_with(
        "[replicas.main]\ndirectory = \"store\"\n[replicas.Far]\nkind = \"s3\"\nmax_paralel = 2\n\
         [replicas.a]\nmax_parallel = 0\nmax_rate = \"0\"\n",
    )
    .unwrap_err()
    .to_string();
    let problems = error.split_once('\n').unwrap().1;
    insta::assert_snapshot!(problems.replace("\n  ", "\n").trim_start(), @r#"
    line 5: replicas.Far.max_paralel: no such setting; did you mean `max_parallel`?
    replicas.Far: a name of up to 64 small letters, digits, `-` and `_` expected
    replicas.Far.kind: `s3` needs a section `[replicas.Far.s3]` with endpoint, bucket, access_key_id and a secret
    replicas.a.max_parallel: must be 1 to 256
    replicas.a.max_rate: must be more than nothing
    replicas.a.directory: must be given
    replicas.main: that is the name of `[store]`; choose another
    replicas.main.directory: is that of `[store]`; each store needs its own
    "#);
}

#[test]
fn flags_win_over_the_file_and_the_file_over_the_defaults() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path().join("rockpool.toml"),
        "region = \"moon-1\"\n[listen]\ns3 = \"127.0.0.1:1\"\nredirector = \"127.0.0.1:2\"\n",
    );
    let config = load(&Overrides {
        data: Some(directory.path().to_owned()),
        s3: Some("[::1]:0".parse().unwrap()),
        blobs: Some(OrOff::Off),
        ..Overrides::default()
    })
    .unwrap();
    let listen = &config.settings.listen;
    assert_eq!(config.settings.region, "moon-1");
    assert_eq!(
        listen.s3,
        OrOff::On(ListenAddress("[::1]:0".parse().unwrap()))
    );
    assert_eq!(listen.redirector.to_string(), "127.0.0.1:2");
    assert_eq!(listen.blobs, OrOff::Off);
    let catalog = CatalogAddress::Sqlite(directory.path().join("catalog.db"));
    assert_eq!(config.paths.catalog, catalog);
}

#[test]
fn a_file_in_the_data_directory_may_not_name_another() {
    let directory = tempfile::tempdir().unwrap();
    write(
        directory.path().join("rockpool.toml"),
        "data = \"/elsewhere\"\n",
    );
    let error = load(&Overrides {
        data: Some(directory.path().to_owned()),
        ..Overrides::default()
    });
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("data: cannot be set")
    );
}

#[test]
fn a_named_file_must_be_there() {
    let overrides = Overrides {
        config: Some(Path::new("/nowhere/pool.toml").to_owned()),
        ..Overrides::default()
    };
    let error = load(&overrides).unwrap_err().to_string();
    assert!(
        error.contains("/nowhere/pool.toml cannot be read"),
        "{error}"
    );
}

#[test]
fn a_secret_comes_from_the_first_line_of_its_file() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path().join("provider.secret"), "hush\nmore\n");
    write(
        directory.path().join("rockpool.toml"),
        "[store]\nkind = \"s3\"\n[store.s3]\nendpoint = \"https://s3.example\"\nbucket = \"b\"\n\
         access_key_id = \"A\"\nsecret_access_key_file = \"provider.secret\"\n",
    );
    let config = load(&Overrides {
        data: Some(directory.path().to_owned()),
        ..Overrides::default()
    })
    .unwrap();
    let secret = config.settings.store.s3.unwrap().secret_access_key;
    assert_eq!(secret, Some(SecretKey::new("hush").unwrap()));
}

#[test]
fn the_catalogs_url_comes_from_a_file_and_is_never_shown_whole() {
    let directory = tempfile::tempdir().unwrap();
    let url = "postgres://pool:hush@db.example/pool?sslmode=verify-full";
    write(
        directory.path().join("catalog.url"),
        &format!("{url}\nmore\n"),
    );
    let load_with = |text: &str| {
        write(directory.path().join("rockpool.toml"), text);
        load(&Overrides {
            data: Some(directory.path().to_owned()),
            ..Overrides::default()
        })
    };
    let config = load_with("[catalog]\nurl_file = \"catalog.url\"\n").unwrap();
    let shown = toml::to_string(&config.settings).unwrap();
    assert!(
        shown.contains("url = \"postgres://db.example/pool\""),
        "{shown}"
    );
    assert!(!format!("{shown}{config:?}").contains("hush"));
    assert_eq!(config.paths.catalog, url.parse().unwrap());

    let both = "[catalog]\nurl = \"mysql://me:hush@h/d\"\nurl_file = \"catalog.url\"\n";
    let error = load_with(both).unwrap_err().to_string();
    assert!(
        error.contains("give only one of them") && !error.contains("hush"),
        "{error}"
    );
    let error = load_with("[catalog]\nurl_file = \"nowhere\"\n")
        .unwrap_err()
        .to_string();
    assert!(error.contains("nowhere cannot be read"), "{error}");
    let error = load_with("[catalog]\nurl = \"mysql://me:hush@h/d?x=1\"\n").unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("`x` is not known") && !error.contains("hush"),
        "{error}"
    );
}

#[test]
fn spans_of_time_are_read_and_written() {
    fn check(text: &str, millis: u64, written: &str) {
        let span: Span = text.parse().unwrap();
        assert_eq!(span.get(), Duration::from_millis(millis), "{text}");
        assert_eq!(span.to_string(), written);
        assert_eq!(written.parse(), Ok(span));
    }
    check("90s", 90_000, "1m 30s");
    check("24h", 86_400_000, "1d");
    check("1h30m", 5_400_000, "1h 30m");
    check(" 1h 30m ", 5_400_000, "1h 30m");
    check("500ms", 500, "500ms");
    check("0s", 0, "0s");
    for bad in [
        "",
        "5",
        "s",
        "1.5h",
        "-1s",
        "1 s",
        "1y",
        "99999999999999999999s",
        "300000000000d",
    ] {
        assert!(bad.parse::<Span>().is_err(), "{bad}");
    }
}
