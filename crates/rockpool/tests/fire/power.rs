//! A file system in memory that forgets, when power is cut, whatever was not synced: bytes of files and entries of
//! directories each on their own, as POSIX allows. It is mounted by FUSE, which takes root and `/dev/fuse`.
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result};
use fuser::{BackgroundSession, Config, MountOption};
use rockpool_testkit::Dice;

use tree::Tree;

mod calls;
mod content;
mod tree;

/// What a disk writes at once.
const SECTOR: usize = 4096;

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
            match session.umount_and_join() {
                // As the kernel may tell a session whose file system has just been unmounted.
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => {}
                ended => ended.context("the disk is in use")?,
            }
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
