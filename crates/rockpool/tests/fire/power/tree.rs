//! The tree of files and directories.
use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    time::SystemTime,
};

use fuser::{Errno, FileAttr, FileType, INodeNo};
use rockpool_testkit::Dice;

use super::{
    SECTOR,
    content::{Bytes, Entries},
};

const ROOT: u64 = 1;

pub(super) struct Tree {
    pub(super) nodes: HashMap<u64, Node>,
    next: u64,
}

#[derive(Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) mode: u32,
    pub(super) modified: SystemTime,
    pub(super) opened: u32,
}

#[derive(Clone)]
pub(super) enum Content {
    File(Bytes),
    Directory(Entries),
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            nodes: HashMap::from([(
                ROOT,
                Node::new(Content::Directory(Entries::default()), 0o755),
            )]),
            next: ROOT + 1,
        }
    }
}

impl Node {
    fn new(content: Content, mode: u32) -> Self {
        Self {
            content,
            mode: mode & 0o7777,
            modified: SystemTime::UNIX_EPOCH,
            opened: 0,
        }
    }
}

pub(super) type Done<T> = std::result::Result<T, Errno>;

impl Tree {
    pub(super) fn cut(&mut self, dice: &mut Dice) {
        // In order, so that a seed always does the same to the same tree.
        let mut numbers: Vec<u64> = self.nodes.keys().copied().collect();
        numbers.sort_unstable();
        for number in numbers {
            match &mut self.node(number).content {
                Content::File(bytes) => bytes.cut(dice),
                Content::Directory(entries) => entries.cut(dice),
            }
        }
        let mut reached = HashSet::from([ROOT]);
        let mut open = vec![ROOT];
        while let Some(number) = open.pop() {
            if let Content::Directory(entries) = &self.node(number).content {
                open.extend(
                    entries
                        .seen
                        .values()
                        .filter(|below| reached.insert(**below)),
                );
            }
        }
        self.nodes.retain(|number, _| reached.contains(number));
        self.nodes.values_mut().for_each(|node| node.opened = 0);
    }

    /// A node that an entry or the kernel speaks of.
    pub(super) fn node(&mut self, number: u64) -> &mut Node {
        self.nodes
            .entry(number)
            .or_insert_with(|| Node::new(Content::File(Bytes::default()), 0))
    }

    pub(super) fn find(&self, number: u64) -> Done<&Node> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    pub(super) fn entries(&mut self, number: u64) -> Done<&mut Entries> {
        match self.nodes.get_mut(&number).map(|node| &mut node.content) {
            Some(Content::Directory(entries)) => Ok(entries),
            Some(Content::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    pub(super) fn bytes(&mut self, number: u64) -> Done<&mut Bytes> {
        match self.nodes.get_mut(&number).map(|node| &mut node.content) {
            Some(Content::File(bytes)) => Ok(bytes),
            Some(Content::Directory(_)) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    pub(super) fn lookup(&mut self, parent: u64, name: &OsStr) -> Done<u64> {
        let entries = self.entries(parent)?;
        entries.seen.get(name).copied().ok_or(Errno::ENOENT)
    }

    pub(super) fn add(
        &mut self,
        parent: u64,
        name: &OsStr,
        content: Content,
        mode: u32,
    ) -> Done<u64> {
        let number = self.next;
        let entries = self.entries(parent)?;
        if entries.seen.contains_key(name) {
            return Err(Errno::EEXIST);
        }
        entries.seen.insert(name.to_owned(), number);
        self.next += 1;
        let mut node = Node::new(content, mode);
        node.modified = now();
        self.nodes.insert(number, node);
        Ok(number)
    }

    fn links(&self, number: u64) -> u32 {
        let directories = self.nodes.values().filter_map(|node| match &node.content {
            Content::Directory(entries) => Some(entries),
            Content::File(_) => None,
        });
        let names = directories.flat_map(|entries| entries.seen.values());
        u32::try_from(names.filter(|other| **other == number).count()).unwrap_or(u32::MAX)
    }

    pub(super) fn attributes(&self, number: u64) -> Done<FileAttr> {
        let node = self.find(number)?;
        let (kind, size, nlink) = match &node.content {
            Content::File(bytes) => (FileType::RegularFile, bytes.seen.len() as u64, 1),
            Content::Directory(_) => (FileType::Directory, 0, 2),
        };
        Ok(FileAttr {
            ino: INodeNo(number),
            size,
            blocks: size.div_ceil(512),
            atime: node.modified,
            mtime: node.modified,
            ctime: node.modified,
            crtime: node.modified,
            kind,
            perm: u16::try_from(node.mode).unwrap_or(0o777),
            nlink,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: SECTOR as u32,
            flags: 0,
        })
    }

    pub(super) fn remove(&mut self, parent: u64, name: &OsStr, directory: bool) -> Done<()> {
        let number = self.lookup(parent, name)?;
        match (&self.find(number)?.content, directory) {
            (Content::Directory(entries), true) if entries.seen.is_empty() => {}
            (Content::Directory(_), true) => return Err(Errno::ENOTEMPTY),
            (Content::Directory(_), false) => return Err(Errno::EISDIR),
            (Content::File(_), true) => return Err(Errno::ENOTDIR),
            (Content::File(_), false) => {}
        }
        self.entries(parent)?.seen.remove(name);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        from: (u64, &OsStr),
        to: (u64, &OsStr),
        keep: bool,
    ) -> Done<()> {
        let number = self.lookup(from.0, from.1)?;
        if keep && self.lookup(to.0, to.1).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.entries(to.0)?.seen.insert(to.1.to_owned(), number);
        self.entries(from.0)?.seen.remove(from.1);
        Ok(())
    }

    pub(super) fn link(&mut self, number: u64, to: (u64, &OsStr)) -> Done<()> {
        let entries = self.entries(to.0)?;
        if entries.seen.contains_key(to.1) {
            return Err(Errno::EEXIST);
        }
        entries.seen.insert(to.1.to_owned(), number);
        Ok(())
    }

    /// Forgets the bytes of a file that has neither a name, seen or durable, nor a user.
    pub(super) fn close(&mut self, number: u64) {
        let node = self.node(number);
        node.opened = node.opened.saturating_sub(1);
        let unused = node.opened == 0 && matches!(node.content, Content::File(_));
        if unused && self.links(number) == 0 && !self.is_durably_named(number) {
            self.nodes.remove(&number);
        }
    }

    fn is_durably_named(&self, number: u64) -> bool {
        self.nodes.values().any(|node| match &node.content {
            Content::Directory(entries) => entries.durable.values().any(|other| *other == number),
            Content::File(_) => false,
        })
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a file system stamps files by the system's clock"
)]
pub(super) fn now() -> SystemTime {
    SystemTime::now()
}
