//! A file system in memory that forgets, when power is cut, whatever was not synced: bytes of files and entries of
//! directories each on their own, as POSIX allows. It is mounted by FUSE, which takes root and `/dev/fuse`.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use fuser::{
    BackgroundSession, Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags,
    Generation, INodeNo, LockOwner, MountOption, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request,
    TimeOrNow, WriteFlags,
};

use crate::dice::Dice;

const ROOT: u64 = 1;
/// What a disk writes at once.
const SECTOR: usize = 4096;
/// Nobody else changes anything, so the kernel may remember.
const FOR_LONG: Duration = Duration::from_secs(3600);
const GENERATION: Generation = Generation(0);

/// A mounted disk.
pub(crate) struct Disk {
    layer: Layer,
    at: PathBuf,
    session: Option<BackgroundSession>,
}

impl Disk {
    /// Mounts an empty disk at a directory.
    pub(crate) fn mount(at: &Path) -> Result<Self> {
        let mut disk = Self {
            layer: Layer::default(),
            at: at.to_owned(),
            session: None,
        };
        disk.mount_again()?;
        Ok(disk)
    }

    /// Cuts the power: all that was not synced is lost, or survives by chance. No process may use the disk.
    pub(crate) fn cut(&mut self, dice: &mut Dice) -> Result<()> {
        self.unmount()?;
        self.layer.tree().cut(dice);
        self.mount_again()
    }

    fn mount_again(&mut self) -> Result<()> {
        let mut config = Config::default();
        config.mount_options = vec![MountOption::FSName("rockpool-power-cut".to_owned())];
        let session = fuser::spawn_mount(self.layer.clone(), &self.at, &config);
        self.session = Some(session.context("mounting by FUSE takes root and /dev/fuse")?);
        Ok(())
    }

    fn unmount(&mut self) -> Result<()> {
        if let Some(session) = self.session.take() {
            session.umount_and_join().context("the disk is in use")?;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Err(error) = self.unmount() {
            eprintln!("{} stays mounted: {error:#}", self.at.display());
        }
    }
}

#[derive(Clone, Default)]
struct Layer(Arc<Mutex<Tree>>);

impl Layer {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Tree {
    nodes: HashMap<u64, Node>,
    next: u64,
}

#[derive(Clone)]
struct Node {
    content: Content,
    mode: u32,
    modified: SystemTime,
    opened: u32,
}

#[derive(Clone)]
enum Content {
    File(Bytes),
    Directory(Entries),
}

/// What processes see, and what the disk has.
#[derive(Clone, Default)]
struct Bytes {
    seen: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that differ.
    dirty: BTreeSet<usize>,
}

#[derive(Clone, Default)]
struct Entries {
    seen: BTreeMap<OsString, u64>,
    durable: BTreeMap<OsString, u64>,
}

impl Bytes {
    fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        let grown = self.seen.len();
        if grown < end {
            self.seen.resize(end, 0);
            self.touch(grown, end);
        }
        self.seen[offset..end].copy_from_slice(data);
        self.touch(offset, end);
    }

    fn resize(&mut self, size: usize) {
        let before = self.seen.len();
        self.seen.resize(size, 0);
        self.touch(before.min(size), before.max(size));
    }

    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / SECTOR..to.div_ceil(SECTOR));
    }

    fn sync(&mut self) {
        self.durable.resize(self.seen.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.save(sector);
        }
    }

    fn save(&mut self, sector: usize) {
        let end = ((sector + 1) * SECTOR)
            .min(self.seen.len())
            .min(self.durable.len());
        let start = (sector * SECTOR).min(end);
        self.durable[start..end].copy_from_slice(&self.seen[start..end]);
    }

    /// What was not synced is lost; where the disk was busy, each sector of it by the toss of a coin.
    fn cut(&mut self, dice: &mut Dice) {
        let busy = !self.dirty.is_empty() && dice.roll(2) == 0;
        if busy {
            if dice.roll(2) == 0 {
                self.durable.resize(self.seen.len(), 0);
            }
            for sector in std::mem::take(&mut self.dirty) {
                if dice.roll(2) == 0 {
                    self.save(sector);
                }
            }
        }
        self.dirty.clear();
        self.seen.clone_from(&self.durable);
    }
}

impl Entries {
    /// What was not synced is lost, or by chance all of it is there.
    fn cut(&mut self, dice: &mut Dice) {
        if self.seen != self.durable && dice.roll(3) == 0 {
            self.durable.clone_from(&self.seen);
        }
        self.seen.clone_from(&self.durable);
    }
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

type Done<T> = std::result::Result<T, Errno>;

impl Tree {
    fn cut(&mut self, dice: &mut Dice) {
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
    fn node(&mut self, number: u64) -> &mut Node {
        self.nodes
            .entry(number)
            .or_insert_with(|| Node::new(Content::File(Bytes::default()), 0))
    }

    fn find(&self, number: u64) -> Done<&Node> {
        self.nodes.get(&number).ok_or(Errno::ENOENT)
    }

    fn entries(&mut self, number: u64) -> Done<&mut Entries> {
        match self.nodes.get_mut(&number).map(|node| &mut node.content) {
            Some(Content::Directory(entries)) => Ok(entries),
            Some(Content::File(_)) => Err(Errno::ENOTDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn bytes(&mut self, number: u64) -> Done<&mut Bytes> {
        match self.nodes.get_mut(&number).map(|node| &mut node.content) {
            Some(Content::File(bytes)) => Ok(bytes),
            Some(Content::Directory(_)) => Err(Errno::EISDIR),
            None => Err(Errno::ENOENT),
        }
    }

    fn lookup(&mut self, parent: u64, name: &OsStr) -> Done<u64> {
        let entries = self.entries(parent)?;
        entries.seen.get(name).copied().ok_or(Errno::ENOENT)
    }

    fn add(&mut self, parent: u64, name: &OsStr, content: Content, mode: u32) -> Done<u64> {
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

    fn attributes(&self, number: u64) -> Done<FileAttr> {
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

    fn remove(&mut self, parent: u64, name: &OsStr, directory: bool) -> Done<()> {
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

    fn rename(&mut self, from: (u64, &OsStr), to: (u64, &OsStr), keep: bool) -> Done<()> {
        let number = self.lookup(from.0, from.1)?;
        if keep && self.lookup(to.0, to.1).is_ok() {
            return Err(Errno::EEXIST);
        }
        self.entries(to.0)?.seen.insert(to.1.to_owned(), number);
        self.entries(from.0)?.seen.remove(from.1);
        Ok(())
    }

    fn link(&mut self, number: u64, to: (u64, &OsStr)) -> Done<()> {
        let entries = self.entries(to.0)?;
        if entries.seen.contains_key(to.1) {
            return Err(Errno::EEXIST);
        }
        entries.seen.insert(to.1.to_owned(), number);
        Ok(())
    }

    /// Forgets the bytes of a file that has neither a name, seen or durable, nor a user.
    fn close(&mut self, number: u64) {
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
fn now() -> SystemTime {
    SystemTime::now()
}

/// Answers with an entry or an error.
fn enter(tree: &Tree, number: Done<u64>, reply: ReplyEntry) {
    match number.and_then(|number| tree.attributes(number)) {
        Ok(attributes) => reply.entry(&FOR_LONG, &attributes, GENERATION),
        Err(error) => reply.error(error),
    }
}

fn end(done: Done<()>, reply: ReplyEmpty) {
    match done {
        Ok(()) => reply.ok(),
        Err(error) => reply.error(error),
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Filesystem for Layer {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut tree = self.tree();
        let found = tree.lookup(parent.0, name);
        enter(&tree, found, reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.tree().attributes(ino.0) {
            Ok(attributes) => reply.attr(&Duration::ZERO, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let mut tree = self.tree();
        let mut change = || {
            if let Some(size) = size {
                tree.bytes(ino.0)?.resize(place(size));
            }
            let node = tree.nodes.get_mut(&ino.0).ok_or(Errno::ENOENT)?;
            if let Some(mode) = mode {
                node.mode = mode & 0o7777;
            }
            match modified {
                Some(TimeOrNow::SpecificTime(time)) => node.modified = time.max(UNIX_EPOCH),
                Some(TimeOrNow::Now) => node.modified = now(),
                None => {}
            }
            tree.attributes(ino.0)
        };
        match change() {
            Ok(attributes) => reply.attr(&Duration::ZERO, &attributes),
            Err(error) => reply.error(error),
        }
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        reply: ReplyEntry,
    ) {
        let mut tree = self.tree();
        let made = tree.add(parent.0, name, Content::Directory(Entries::default()), mode);
        enter(&tree, made, reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        end(self.tree().remove(parent.0, name, false), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        end(self.tree().remove(parent.0, name, true), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let keep = flags.contains(RenameFlags::RENAME_NOREPLACE);
        let (from, to) = ((parent.0, name), (new_parent.0, new_name));
        end(self.tree().rename(from, to, keep), reply);
    }

    fn link(&self, _: &Request, ino: INodeNo, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        let mut tree = self.tree();
        let linked = tree.link(ino.0, (parent.0, name)).map(|()| ino.0);
        enter(&tree, linked, reply);
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        self.tree().node(ino.0).opened += 1;
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        _: i32,
        reply: ReplyCreate,
    ) {
        let mut tree = self.tree();
        let made = tree.add(parent.0, name, Content::File(Bytes::default()), mode);
        match made.and_then(|number| tree.attributes(number)) {
            Ok(attributes) => {
                tree.node(attributes.ino.0).opened += 1;
                let flags = FopenFlags::FOPEN_KEEP_CACHE;
                reply.created(&FOR_LONG, &attributes, GENERATION, FileHandle(0), flags);
            }
            Err(error) => reply.error(error),
        }
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.tree().bytes(ino.0) {
            Ok(bytes) => {
                let start = place(offset).min(bytes.seen.len());
                let end = start.saturating_add(size as usize).min(bytes.seen.len());
                reply.data(&bytes.seen[start..end]);
            }
            Err(error) => reply.error(error),
        }
    }

    fn write(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let mut tree = self.tree();
        match tree.bytes(ino.0) {
            Ok(bytes) => {
                bytes.write(place(offset), data);
                tree.node(ino.0).modified = now();
                reply.written(u32::try_from(data.len()).unwrap_or(u32::MAX));
            }
            Err(error) => reply.error(error),
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.tree().close(ino.0);
        reply.ok();
    }

    /// Makes bytes durable, and no entry of any directory.
    fn fsync(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        end(self.tree().bytes(ino.0).map(Bytes::sync), reply);
    }

    /// Makes entries durable, and no bytes of any file.
    fn fsyncdir(&self, _: &Request, ino: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        let mut tree = self.tree();
        let synced = tree
            .entries(ino.0)
            .map(|entries| entries.durable.clone_from(&entries.seen));
        end(synced, reply);
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let tree = &mut *self.tree();
        let names: Vec<(OsString, u64)> = match tree.entries(ino.0) {
            Ok(entries) => entries.seen.clone().into_iter().collect(),
            Err(error) => return reply.error(error),
        };
        for (at, (name, number)) in names.iter().enumerate().skip(place(offset)) {
            let kind = match tree.find(*number).map(|node| &node.content) {
                Ok(Content::Directory(_)) => FileType::Directory,
                Ok(Content::File(_)) | Err(_) => FileType::RegularFile,
            };
            if reply.add(INodeNo(*number), at as u64 + 1, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        let blocks = 1 << 20;
        reply.statfs(
            blocks,
            blocks,
            blocks,
            blocks,
            blocks,
            SECTOR as u32,
            255,
            SECTOR as u32,
        );
    }
}
