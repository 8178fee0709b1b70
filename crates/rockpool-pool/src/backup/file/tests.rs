use rockpool_catalog::Snapshot;
use rockpool_types::Timestamp;

use super::{BackupHeader, UnpackError, pack, unpack};

fn packed(content: &[u8]) -> (BackupHeader, Vec<u8>) {
    let snapshot = Snapshot {
        engine: "sqlite".to_owned(),
        schema_version: 3,
        members: 1,
        buckets: 2,
        objects: 3,
        object_bytes: 4,
        blobs: 5,
        blob_bytes: 6,
    };
    let header = BackupHeader::new(snapshot, Timestamp::from_millis(7), &mut &*content).unwrap();
    let mut file = Vec::new();
    pack(&header, &mut &*content, &mut file).unwrap();
    (header, file)
}

/// Noise that does not compress, longer than a block.
fn content() -> Vec<u8> {
    let mut state = 1_u32;
    (0..300_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        })
        .collect()
}

#[test]
fn a_snapshot_comes_back_as_it_went_in() {
    for content in [content(), Vec::new()] {
        let (header, file) = packed(&content);
        let mut unpacked = Vec::new();
        assert_eq!(unpack(&mut &*file, &mut unpacked).unwrap(), header);
        assert!(unpacked == content);
    }
}

/// A few bits of a frame's head say nothing of its content, which is then as it was taken.
#[test]
fn a_file_that_differs_in_a_bit_or_ends_early_never_gives_anything_else() {
    let content = content();
    let (header, file) = packed(&content);
    let lines = file.len() - content.len();
    let places = (0..lines + 40).chain((lines + 40..file.len()).step_by(4_999));
    let mut harmless = 0;
    for place in places {
        let mut damaged = file.clone();
        damaged[place] ^= 1;
        let mut unpacked = Vec::new();
        if let Ok(found) = unpack(&mut &*damaged, &mut unpacked) {
            assert!(found == header && unpacked == content, "byte {place}");
            harmless += 1;
        }
        let refused = unpack(&mut &file[..place], &mut Vec::new());
        assert!(refused.is_err(), "cut at {place}");
    }
    assert!(harmless < 4, "{harmless}");
    let refused = unpack(&mut &file[..file.len() - 1], &mut Vec::new());
    assert!(
        matches!(refused, Err(UnpackError::Damaged(_))),
        "{refused:?}"
    );
}

#[test]
fn other_files_and_newer_formats_are_told_apart() {
    let unpacked = |file: &[u8]| unpack(&mut &*file, &mut Vec::new());
    for foreign in [
        &b""[..],
        b"SQLite format 3\0",
        b"\xff\xff\n",
        &[b'x'; 100_000],
    ] {
        assert!(matches!(unpacked(foreign), Err(UnpackError::Foreign)));
    }
    match unpacked(b"rockpool-backup 2 00\n{}\n") {
        Err(UnpackError::Newer(version)) => assert_eq!(version, "2"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_more_is_written_than_the_header_says() {
    let (header, _) = packed(b"short");
    let mut file = Vec::new();
    pack(&header, &mut &*vec![0; 10 << 20], &mut file).unwrap();
    let mut unpacked = Vec::new();
    let refused = unpack(&mut &*file, &mut unpacked);
    assert!(
        matches!(refused, Err(UnpackError::Damaged(_))),
        "{refused:?}"
    );
    assert!(unpacked.len() <= 5);
}
