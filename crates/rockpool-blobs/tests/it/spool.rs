//! The spool.
use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use rockpool_blobs::{Content, Spool};

use crate::support::{pattern, spooled};

fn folders(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect()
}

/// The spool files of all processes.
fn files(directory: &Path) -> usize {
    folders(directory)
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .filter(|entry| entry.as_ref().unwrap().file_name() != "in-use")
        .count()
}

#[test]
fn what_is_written_is_read_back() {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path()).unwrap();
    let bytes = pattern(1, 100_003);
    let content = spooled(&spool, &bytes);
    assert_eq!(content.len(), 100_003);
    let Content::Spooled(file) = &content else {
        panic!("not spooled");
    };
    let mut whole = Vec::new();
    file.reader().read_to_end(&mut whole).unwrap();
    assert!(whole == bytes);
    let mut end = [0; 10];
    assert_eq!(file.read_at(100_000, &mut end).unwrap(), 3);
    assert_eq!(end[..3], bytes[100_000..]);
    assert_eq!(file.read_at(100_003, &mut end).unwrap(), 0);
}

#[test]
fn a_dropped_file_is_removed_finished_or_not() {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path()).unwrap();
    let unfinished = spool.create().unwrap();
    let finished = spooled(&spool, b"abc");
    assert_eq!(files(directory.path()), 2);
    drop(unfinished);
    assert_eq!(files(directory.path()), 1);
    let clone = finished.clone();
    drop(finished);
    assert_eq!(files(directory.path()), 1);
    drop(clone);
    assert_eq!(files(directory.path()), 0);
}

#[test]
fn a_dropped_spool_leaves_no_folder_once_its_files_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let spool = Spool::open(directory.path()).unwrap();
    let content = spooled(&spool, b"abc");
    drop(spool);
    assert_eq!(folders(directory.path()).len(), 1);
    drop(content);
    assert_eq!(folders(directory.path()), Vec::<PathBuf>::new());
}

#[test]
fn opening_removes_what_crashed_processes_left_and_spares_the_living() {
    let directory = tempfile::tempdir().unwrap();
    let living = Spool::open(directory.path()).unwrap();
    let content = spooled(&living, b"alive");
    // One that crashed with files, and one that crashed before it had its lock.
    for (folder, file) in [("crashed", "in-use"), ("half-made", "abc")] {
        let folder = directory.path().join(folder);
        fs::create_dir(&folder).unwrap();
        File::create(folder.join(file)).unwrap();
    }
    let second = Spool::open(directory.path()).unwrap();
    assert!(!directory.path().join("crashed").exists());
    assert!(!directory.path().join("half-made").exists());
    assert_eq!(folders(directory.path()).len(), 2);
    assert_eq!(files(directory.path()), 1);
    drop((living, content, second));
    assert_eq!(folders(directory.path()).len(), 0);
}

#[test]
fn a_spool_where_a_file_lies_cannot_be_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    File::create(&path).unwrap();
    assert!(Spool::open(&path).is_err());
}
