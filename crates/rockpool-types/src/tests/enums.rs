use crate::{Acl, DeliveryMode};

#[test]
fn acls_come_back_from_names_and_numbers() {
    for (code, acl) in (0..).zip(Acl::ALL) {
        assert_eq!(acl.to_code(), code);
        assert_eq!(Acl::from_code(code), Some(acl));
        assert_eq!(acl.to_string().parse(), Ok(acl));
    }
    for code in [-1, 7, i64::MIN, i64::MAX] {
        assert_eq!(Acl::from_code(code), None);
    }
    for bad in ["", "public", "Public-Read", "log-delivery-write"] {
        assert!(bad.parse::<Acl>().is_err(), "{bad}");
    }
}

#[test]
fn the_world_reads_under_the_two_public_acls_alone() {
    let public: Vec<_> = Acl::ALL.into_iter().filter(|acl| acl.is_public()).collect();
    assert_eq!(public, [Acl::PublicRead, Acl::PublicReadWrite]);
    assert!(!Acl::default().is_public());
}

#[test]
fn delivery_modes_come_back_from_names_and_numbers() {
    for (code, mode) in (0..).zip(DeliveryMode::ALL) {
        assert_eq!(mode.to_code(), code);
        assert_eq!(DeliveryMode::from_code(code), Some(mode));
        assert_eq!(mode.to_string().parse(), Ok(mode));
    }
    for code in [-1, 3, i64::MIN, i64::MAX] {
        assert_eq!(DeliveryMode::from_code(code), None);
    }
    assert!("samehost".parse::<DeliveryMode>().is_err());
    assert_eq!(DeliveryMode::default(), DeliveryMode::Redirect);
}
