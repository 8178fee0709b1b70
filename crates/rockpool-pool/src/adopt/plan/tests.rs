use super::*;

fn users(names: &[&str]) -> Vec<PoolmgrUser> {
    let user = |name: &&str| PoolmgrUser {
        identity: (*name).to_owned(),
        secret: SecretKey::new("s").unwrap(),
    };
    names.iter().map(user).collect()
}

/// A member's name, how many names it has, whether it has a key, and its other spellings.
type Planned = (String, u64, bool, Vec<String>);

/// Names by member, and by user who cannot be one.
fn sorted(
    collation: &str,
    found: &[(&str, u64)],
    configured: &[&str],
) -> (Vec<Planned>, Vec<(String, u64)>) {
    let identities = found.iter().map(|(identity, names)| PoolmgrIdentity {
        identity: (*identity).to_owned(),
        names: *names,
    });
    let survey = PoolmgrSurvey {
        collation: collation.to_owned(),
        identities: identities.collect(),
        ..PoolmgrSurvey::default()
    };
    let (members, unusable) = sort_users(&survey, &users(configured));
    let members = members.into_iter().map(|member| {
        let name = member.name.as_str().to_owned();
        (name, member.names, member.has_key, member.also_spelled)
    });
    let unusable = unusable.into_iter().map(|user| (user.identity, user.names));
    (members.collect(), unusable.collect())
}

#[test]
fn users_without_names_and_names_without_users_become_members() {
    let (members, unusable) = sorted("utf8mb4_bin", &[("a", 3), ("gone", 2)], &["a", "new"]);
    let member = |name: &str, names, has_key| (name.to_owned(), names, has_key, vec![]);
    assert_eq!(
        members,
        [
            member("a", 3, true),
            member("gone", 2, false),
            member("new", 0, true)
        ]
    );
    assert_eq!(unusable, []);
}

#[test]
fn spellings_are_one_user_where_case_does_not_count() {
    let found = [("Alice", 3), ("alice", 4), ("BOB", 1)];
    let (members, _) = sorted("utf8mb4_general_ci", &found, &["alice"]);
    assert_eq!(
        members,
        [
            ("BOB".to_owned(), 1, false, vec![]),
            ("alice".to_owned(), 7, true, vec!["Alice".to_owned()]),
        ]
    );
    let (members, _) = sorted("utf8mb4_bin", &found, &["alice"]);
    assert_eq!(members.len(), 3);
}

#[test]
fn what_is_no_name_of_a_member_is_told() {
    let (members, unusable) = sorted("utf8mb4_bin", &[("blobs", 3), ("a b", 2)], &["-"]);
    assert_eq!(members, []);
    let unusable_names: Vec<&str> = unusable.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(unusable_names, ["-", "a b", "blobs"]);
}
