use crate::{Conditions, ETagCondition, ReadDecision, Timestamp};

fn tags(header: &str) -> Option<ETagCondition> {
    Some(ETagCondition::parse(header))
}

#[test]
fn lists_of_tags_are_read_with_and_without_quotes() {
    let check = |header: &str, expected: &[&str]| {
        let expected = expected.iter().map(|&t| t.to_owned()).collect();
        assert_eq!(
            ETagCondition::parse(header),
            ETagCondition::OneOf(expected),
            "{header}"
        );
    };
    check("\"a\"", &["a"]);
    check("a", &["a"]);
    check("W/\"a\"", &["a"]);
    check("\"a\", \"b\",W/\"c\"", &["a", "b", "c"]);
    check(" \"a\" ,, ", &["a"]);
    check("", &[]);
    check("\"*\"", &["*"]);
    assert_eq!(ETagCondition::parse(" * "), ETagCondition::Any);
}

#[test]
fn reads_are_decided_in_the_order_of_rfc_9110() {
    let at = |secs: i64| Some(Timestamp::from_millis(secs * 1000));
    let check = |conditions: Conditions, expected: ReadDecision| {
        // Half a second after a whole one: headers cannot tell the two apart.
        let decision = conditions.decide_read("now", Timestamp::from_millis(100_500));
        assert_eq!(decision, expected, "{conditions:?}");
    };
    let none = Conditions::default;
    use ReadDecision::{Failed, NotModified, Send};
    check(none(), Send);
    check(
        Conditions {
            if_match: tags("\"now\""),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_match: tags("*"),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_match: tags("\"old\""),
            ..none()
        },
        Failed,
    );
    check(
        Conditions {
            if_match: tags(""),
            ..none()
        },
        Failed,
    );
    check(
        Conditions {
            if_none_match: tags("\"now\""),
            ..none()
        },
        NotModified,
    );
    check(
        Conditions {
            if_none_match: tags("*"),
            ..none()
        },
        NotModified,
    );
    check(
        Conditions {
            if_none_match: tags("\"old\""),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_modified_since: at(100),
            ..none()
        },
        NotModified,
    );
    check(
        Conditions {
            if_modified_since: at(101),
            ..none()
        },
        NotModified,
    );
    check(
        Conditions {
            if_modified_since: at(99),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_unmodified_since: at(100),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_unmodified_since: at(99),
            ..none()
        },
        Failed,
    );
    // A tag makes the date of its pair count for nothing.
    check(
        Conditions {
            if_match: tags("now"),
            if_unmodified_since: at(1),
            ..none()
        },
        Send,
    );
    check(
        Conditions {
            if_none_match: tags("old"),
            if_modified_since: at(200),
            ..none()
        },
        Send,
    );
    // What fails, fails before anything is called unchanged.
    check(
        Conditions {
            if_match: tags("old"),
            if_none_match: tags("now"),
            ..none()
        },
        Failed,
    );
    check(
        Conditions {
            if_match: tags("now"),
            if_none_match: tags("now"),
            ..none()
        },
        NotModified,
    );
    check(
        Conditions {
            if_unmodified_since: at(100),
            if_modified_since: at(100),
            ..none()
        },
        NotModified,
    );
}

#[test]
fn writes_heed_both_tag_conditions_and_no_dates() {
    let check = |if_match: Option<&str>,
                 if_none_match: Option<&str>,
                 current: Option<&str>,
                 expected: bool| {
        let conditions = Conditions {
            if_match: if_match.map(ETagCondition::parse),
            if_none_match: if_none_match.map(ETagCondition::parse),
            if_unmodified_since: Some(Timestamp::from_millis(0)),
            if_modified_since: Some(Timestamp::from_millis(i64::MAX)),
        };
        assert_eq!(
            conditions.allow_write(current),
            expected,
            "{conditions:?} {current:?}"
        );
    };
    check(None, None, None, true);
    check(None, None, Some("a"), true);
    check(None, Some("*"), None, true);
    check(None, Some("*"), Some("a"), false);
    check(None, Some("\"a\""), Some("a"), false);
    check(None, Some("\"b\""), Some("a"), true);
    check(Some("*"), None, None, false);
    check(Some("*"), None, Some("a"), true);
    check(Some("\"a\""), None, Some("a"), true);
    check(Some("\"a\""), None, Some("b"), false);
    check(Some("\"a\""), None, None, false);
    check(Some("\"a\""), Some("\"a\""), Some("a"), false);
}

#[test]
fn only_no_conditions_are_empty() {
    assert!(Conditions::default().is_empty());
    assert!(
        !Conditions {
            if_match: tags(""),
            ..Conditions::default()
        }
        .is_empty()
    );
}
