//! What the kernel asks of the file system.
use std::{
    ffi::{OsStr, OsString},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use fuser::{
    Errno, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, LockOwner, OpenFlags,
    RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry,
    ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};

use super::{
    Layer, SECTOR,
    content::{Bytes, Entries},
    tree::{Content, Done, Tree, now},
};

/// Nobody else changes anything, so the kernel may remember.
const FOR_LONG: Duration = Duration::from_secs(3600);
const GENERATION: Generation = Generation(0);

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
