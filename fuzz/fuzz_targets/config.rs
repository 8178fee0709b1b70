//! The configuration: rockpool's own, values of it, and poolmgr's.
#![no_main]

// The program is no library, so its files are taken in here.
#[expect(dead_code, reason = "the program uses all of it")]
#[path = "../../crates/rockpool/src/config"]
mod config {
    pub(crate) mod check;
    mod links;
    pub(crate) mod parse;
    pub(crate) mod reader;
    mod replicas;
    mod settings;
    pub(crate) mod values;
}
#[expect(dead_code, reason = "the program uses all of it")]
#[path = "../../crates/rockpool/src"]
mod program {
    pub(crate) mod poolmgr_config;
}

use config::{
    check::check_settings,
    parse::parse_settings,
    values::{CatalogUrl, HttpUrl, ListenAddress, OrOff, Span},
};
use libfuzzer_sys::fuzz_target;
use program::poolmgr_config::PoolmgrConfig;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    same::<Span>(text);
    same::<HttpUrl>(text);
    same::<ListenAddress>(text);
    same::<OrOff<Span>>(text);
    let _ = CatalogUrl::from(text.to_owned()).to_string();
    settings(text);
    poolmgr(text);
});

/// What is read is printed to be read as the same.
fn same<T: std::str::FromStr + ToString + PartialEq>(text: &str) {
    if let Ok(value) = text.parse::<T>() {
        let shown = value.to_string();
        assert!(
            shown.parse::<T>().is_ok_and(|again| again == value),
            "{text} is shown as {shown}"
        );
    }
}

/// A configuration file: each problem has its line, and what is read is written to be read as the same.
fn settings(text: &str) {
    let mut problems = Vec::new();
    let (settings, _) = parse_settings(text, &mut problems);
    let lines = text.matches('\n').count() + 1;
    for problem in &problems {
        assert!(
            problem.line.is_none_or(|line| (1..=lines).contains(&line)),
            "{problem}"
        );
    }
    let _ = check_settings(&settings);
    // Secrets are not written.
    if problems.is_empty() && !text.contains("secret") && !text.contains('@') {
        let written = toml::to_string(&settings).expect("settings can be written");
        let (again, _) = parse_settings(&written, &mut problems);
        assert!(problems.is_empty(), "{problems:?} in {written}");
        assert_eq!(again, settings, "{written}");
    }
}

/// poolmgr's: what is secret in it stays out of errors.
fn poolmgr(text: &str) {
    let secret = "s3cret";
    match PoolmgrConfig::parse(text) {
        Ok(config) => {
            let _ = config.users();
            if let Ok(url) = config.database_url() {
                assert!(url.starts_with("mysql://"), "{url}");
                assert!(url::Url::parse(&url).is_ok(), "{url}");
            }
        }
        // Names of users are told, what they are given is not.
        Err(error) => assert!(
            !format!("{error:#}").contains(secret) || text.matches(secret).count() > 1,
            "{error:#}"
        ),
    }
}
