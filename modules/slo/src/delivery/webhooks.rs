//! The webhooks that exist, in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use mainstay_store::{Database, StoreError};

use super::{
    model::WebhookId,
    store::{self, WebhookRow},
};

/// The webhooks that exist, shared by those who make deliveries and those who attempt them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Webhooks {
    known: Arc<RwLock<Arc<ById>>>,
    /// Held from reading to replacing: of two who read, the one who read first must not write last.
    loading: Arc<tokio::sync::Mutex<()>>,
}

pub(super) type ById = BTreeMap<WebhookId, Arc<WebhookRow>>;

impl Webhooks {
    pub fn snapshot(&self) -> Arc<ById> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them again.
    pub async fn load(&self, db: &Database) -> Result<(), StoreError> {
        let _loading = self.loading.lock().await;
        let rows = store::all_webhooks(db).await?;
        let rows = rows.into_iter().map(|row| (row.webhook.id, Arc::new(row))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
        Ok(())
    }

    pub fn get(&self, id: WebhookId) -> Option<Arc<WebhookRow>> {
        self.snapshot().get(&id).cloned()
    }
}
