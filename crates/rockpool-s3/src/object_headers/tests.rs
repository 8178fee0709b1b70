use super::*;

/// The disposition that a browser, or an S3 client, gets for a type and a disposition of the member's.
fn disposition(content_type: &str, own: Option<&str>, open: bool) -> Option<String> {
    let mut headers = HeaderMap::new();
    set(&mut headers, CONTENT_TYPE, content_type);
    if let Some(own) = own {
        set(&mut headers, CONTENT_DISPOSITION, own);
    }
    protect_browsers(&mut headers, open);
    assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(
        headers[CONTENT_SECURITY_POLICY],
        "sandbox; default-src 'none'"
    );
    let value = headers.get(CONTENT_DISPOSITION)?;
    Some(value.to_str().unwrap().to_owned())
}

#[test]
fn what_a_browser_would_run_is_a_download_with_its_name() {
    for (content_type, own, shown) in [
        ("text/html", None, "attachment"),
        ("image/svg+xml; charset=utf-8", None, "attachment"),
        ("TEXT/HTML", Some("inline"), "attachment"),
        (
            "application/xml",
            Some("inline; filename=\"a.xml\"; filename*=UTF-8''a.xml"),
            "attachment; filename=\"a.xml\"; filename*=UTF-8''a.xml",
        ),
        (
            "no type",
            Some("attachment; filename=a"),
            "attachment; filename=a",
        ),
    ] {
        assert_eq!(
            disposition(content_type, own, true).as_deref(),
            Some(shown),
            "{content_type} {own:?}"
        );
    }
}

#[test]
fn harmless_types_and_signed_clients_get_what_the_member_said() {
    assert_eq!(disposition("image/png", None, true), None);
    assert_eq!(
        disposition("video/mp4", Some("inline; filename=a.mp4"), true).as_deref(),
        Some("inline; filename=a.mp4")
    );
    assert_eq!(disposition("text/html", None, false), None);
}
