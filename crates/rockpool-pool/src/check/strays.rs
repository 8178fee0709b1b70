//! What lies about in the stores and the spool.
use std::sync::Arc;

use rockpool_blobs::{StoreKey, Stray};

use super::{Check, FOLDERS, Finding, PAGE, Place, STAGING};
use crate::{
    PoolError,
    backup::{self, BACKUPS},
    manifests::{self, MANIFESTS},
};

/// So many strays of a place are told; an operator who has seen these knows.
const MOST: usize = 1_000;

impl Check<'_> {
    pub(super) async fn strays(&mut self) -> Result<(), PoolError> {
        let pool = self.pool;
        let store = self.primary.clone();
        let together = Arc::ptr_eq(&store, pool.staging());
        let mut folders = FOLDERS.to_vec();
        folders.extend([BACKUPS, MANIFESTS]);
        if together {
            folders.push(STAGING);
        }
        self.pace.calls(1).await;
        let strays = store.strays(&folders, MOST).await?;
        self.tell(Place::Store, strays)?;
        let is_backup = |key: &StoreKey| backup::parse_key(key).is_some();
        self.foreign_items(BACKUPS, is_backup).await?;
        self.foreign_items(MANIFESTS, manifests::is_manifest)
            .await?;
        if !together {
            self.pace.calls(1).await;
            let strays = pool.staging().strays(&[STAGING], MOST).await?;
            self.tell(Place::Staging, strays)?;
        }
        let spool = pool.spool().clone();
        let strays = tokio::task::spawn_blocking(move || spool.strays()).await;
        let strays = strays.map_err(|e| PoolError::Internal(e.to_string()))?;
        let strays =
            strays.map_err(|e| PoolError::Internal(format!("the spool cannot be read: {e}")))?;
        self.tell(Place::Spool, strays)?;
        if self.position.overdue > 0 {
            let items = self.position.overdue;
            self.found(Finding::CollectionOverdue { items })?;
        }
        Ok(())
    }

    /// Tells what lies in a folder and does not belong there.
    async fn foreign_items(
        &mut self,
        folder: &str,
        belongs: impl Fn(&StoreKey) -> bool,
    ) -> Result<(), PoolError> {
        let mut after = None;
        loop {
            self.pace.calls(1).await;
            let items = self.primary.list(folder, after.as_ref(), PAGE).await?;
            for item in &items {
                if !belongs(&item.key) {
                    let (name, bytes) = (item.key.as_str().to_owned(), item.size);
                    let place = Place::Store;
                    self.found(Finding::ItemUnknown { place, name, bytes })?;
                }
            }
            if items.len() < PAGE {
                return Ok(());
            }
            after = items.last().map(|item| item.key.clone());
        }
    }

    fn tell(&mut self, place: Place, strays: Vec<Stray>) -> Result<(), PoolError> {
        for stray in strays {
            let (name, bytes) = (stray.name, stray.size);
            self.found(if stray.leftover {
                Finding::Leftover { place, name, bytes }
            } else {
                Finding::ItemUnknown { place, name, bytes }
            })?;
        }
        Ok(())
    }
}
