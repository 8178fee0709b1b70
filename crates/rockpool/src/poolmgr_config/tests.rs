use super::*;

const TYPICAL: &str = r#"{
	// where blobs are
	backend: {
		endpoint: "https://s3.example.net"
		accessKeyId: "AK"
		secretAccessKey: "not ours"
		bucket: "pool-blobs"
		publicHost: "https://blob.example.org"
	}
	rivet: { enabled: true, }
	useNewUrls: true
	mysql: { host: "db.example.org" port: 3307 user: "jor tage" pass: "p/w@:#" database: "jortage" }
	/* members */
	users: {
		whelk: "first secret"
		'limpet.social': 'second', "a-b": "third"
	}
}"#;

#[test]
fn a_file_as_poolmgr_has_it_is_understood() {
    let config = PoolmgrConfig::parse(TYPICAL).unwrap();
    let users: Vec<_> = config
        .users()
        .unwrap()
        .into_iter()
        .map(|user| (user.identity, user.secret.reveal().to_owned()))
        .collect();
    let user = |name: &str, secret: &str| (name.to_owned(), secret.to_owned());
    assert_eq!(
        users,
        [
            user("a-b", "third"),
            user("limpet.social", "second"),
            user("whelk", "first secret"),
        ]
    );
    assert_eq!(
        config.database_url().unwrap(),
        "mysql://jor%20tage:p%2Fw%40%3A%23@db.example.org:3307/jortage"
    );
    let settings: Vec<_> = settings(&config.backend)
        .into_iter()
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    assert_eq!(
        settings,
        [
            "store.s3.endpoint = \"https://s3.example.net\"",
            "store.s3.bucket = \"pool-blobs\"",
            "public.blob_url = \"https://blob.example.org\"",
            "public.blob_url_form = \"base64\"",
        ]
    );
}

#[test]
fn a_file_without_a_section_has_none_of_it() {
    let config = PoolmgrConfig::parse("{}").unwrap();
    assert!(config.users().unwrap().is_empty());
    assert!(settings(&config.backend).is_empty());
    let error = config.database_url().unwrap_err().to_string();
    assert!(error.contains("--from"), "{error}");
}

#[test]
fn what_is_wrong_is_told_without_a_secret() {
    for (text, wanted) in [
        ("{ users: { a: \"top-secret\" ", "line 1"),
        ("{\n users: { a: top-secret }\n}", "line 2"),
        (
            "{ users: { a: 17 } }",
            "users.a: the secret in quotes expected",
        ),
        ("{ users: { a: \"\" } }", "users.a: "),
        (
            "{ users: \"top-secret\" }",
            "`users` is not as poolmgr has it",
        ),
        (
            "{ mysql: { host: \"top-secret\" } }",
            "not as poolmgr has it",
        ),
        ("[]", "an object in braces expected"),
        ("", "an object in braces expected"),
    ] {
        let parsed = PoolmgrConfig::parse(text).and_then(|config| config.users());
        let error = parsed.unwrap_err().to_string();
        assert!(error.contains(wanted), "{text}: {error}");
        assert!(!error.contains("top-secret"), "{error}");
    }
}
