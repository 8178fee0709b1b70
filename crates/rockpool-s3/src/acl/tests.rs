use super::*;

#[test]
fn every_acl_is_written_and_read_back_as_what_it_means() {
    for acl in Acl::ALL {
        let meant = match acl {
            Acl::PublicRead | Acl::PublicReadWrite => Acl::PublicRead,
            Acl::AuthenticatedRead => Acl::AuthenticatedRead,
            _ => Acl::Private,
        };
        let document = document("member", acl);
        assert_eq!(from_document(document.as_bytes()).unwrap(), meant, "{acl}");
    }
}

#[test]
fn a_public_acl_is_written_in_s3s_form() {
    insta::assert_snapshot!(document("member", Acl::PublicRead), @r#"<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>member</ID><DisplayName>member</DisplayName></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>member</ID><DisplayName>member</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>"#);
}

#[test]
fn grants_that_cannot_be_read_are_refused() {
    let code = |list: &str| {
        let text = format!("<AccessControlPolicy>{list}</AccessControlPolicy>");
        from_document(text.as_bytes()).unwrap_err().code()
    };
    assert_eq!(code(""), S3Code::MalformedACLError);
    for grant in [
        "<Permission>READ</Permission>",
        "<Grantee><ID>x</ID></Grantee>",
        "<Grantee><ID>x</ID></Grantee><Permission>EVERYTHING</Permission>",
    ] {
        let list = format!("<AccessControlList><Grant>{grant}</Grant></AccessControlList>");
        assert_eq!(code(&list), S3Code::MalformedACLError, "{grant}");
    }
}
