//! What processes see of files and directories, and what the disk has of it.
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
};

use rockpool_testkit::Dice;

use super::SECTOR;

/// What processes see, and what the disk has.
#[derive(Clone, Default)]
pub(super) struct Bytes {
    pub(super) seen: Vec<u8>,
    pub(super) durable: Vec<u8>,
    /// Sectors that differ.
    dirty: BTreeSet<usize>,
}

#[derive(Clone, Default)]
pub(super) struct Entries {
    pub(super) seen: BTreeMap<OsString, u64>,
    pub(super) durable: BTreeMap<OsString, u64>,
}

impl Bytes {
    pub(super) fn write(&mut self, offset: usize, data: &[u8]) {
        let end = offset + data.len();
        let grown = self.seen.len();
        if grown < end {
            self.seen.resize(end, 0);
            self.touch(grown, end);
        }
        self.seen[offset..end].copy_from_slice(data);
        self.touch(offset, end);
    }

    pub(super) fn resize(&mut self, size: usize) {
        let before = self.seen.len();
        self.seen.resize(size, 0);
        self.touch(before.min(size), before.max(size));
    }

    fn touch(&mut self, from: usize, to: usize) {
        self.dirty.extend(from / SECTOR..to.div_ceil(SECTOR));
    }

    pub(super) fn sync(&mut self) {
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
    pub(super) fn cut(&mut self, dice: &mut Dice) {
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
    pub(super) fn cut(&mut self, dice: &mut Dice) {
        if self.seen != self.durable && dice.roll(3) == 0 {
            self.durable.clone_from(&self.seen);
        }
        self.seen.clone_from(&self.durable);
    }
}
