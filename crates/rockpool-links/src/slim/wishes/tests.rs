use super::Wishes;

#[test]
fn wishes_are_read() {
    let (nothing, no_archive, step_aside) = (
        Wishes::default(),
        Wishes {
            no_archive: true,
            step_aside: false,
        },
        Wishes {
            no_archive: false,
            step_aside: true,
        },
    );
    for (header, wishes) in [
        ("noarchive", no_archive),
        ("noindex, NoArchive", no_archive),
        ("nocache", no_archive),
        ("noindex, nofollow", nothing),
        ("none", nothing),
        ("googlebot: noarchive", nothing),
        ("rockpool-links: none", step_aside),
        ("Rockpool-Links: noindex", step_aside),
        ("rockpool-links: noarchive", no_archive),
        ("unavailable_after: 25 Jun 2030 15:00:00 GMT", nothing),
        ("", nothing),
    ] {
        let mut read = Wishes::default();
        read.add_header(header);
        assert_eq!(read, wishes, "{header}");
    }
    for (name, content, wishes) in [
        ("robots", "noarchive", no_archive),
        ("ROBOTS", "noindex,noarchive", no_archive),
        ("robots", "none", nothing),
        ("rockpool-links", "none", step_aside),
        ("description", "noarchive", nothing),
    ] {
        let mut read = Wishes::default();
        read.add_meta(name, content);
        assert_eq!(read, wishes, "{name} {content}");
    }
}
