//! Signing keys, shared by all replicas.

use jiff::Timestamp;
use mainstay_kernel::{from_micros, to_micros};
use mainstay_store::{Row, StoreError, Transaction, sql};

use super::Store;
use crate::model::{KeyId, KeyTimes};

/// A key as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredKey {
    pub(crate) times: KeyTimes,
    pub(crate) public: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

impl Store {
    pub(crate) async fn keys(&self) -> Result<Vec<StoredKey>, StoreError> {
        let rows = self
            .database
            .fetch_all(sql("SELECT * FROM auth_key ORDER BY signs_from, id"))
            .await?;
        rows.iter().map(key).collect()
    }

    pub(crate) async fn keys_in(&self, tx: &mut Transaction) -> Result<Vec<StoredKey>, StoreError> {
        let rows = tx
            .fetch_all(sql("SELECT * FROM auth_key ORDER BY signs_from, id"))
            .await?;
        rows.iter().map(key).collect()
    }

    pub(crate) async fn insert_key(&self, tx: &mut Transaction, key: &StoredKey) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_key (id, public, sealed, created_at, signs_from) VALUES ($1, $2, $3, $4, $5)")
                .id(key.times.id)
                .bind(key.public.as_slice())
                .bind(key.sealed.as_slice())
                .bind(from_micros(key.times.created_at))
                .bind(from_micros(key.times.signs_from)),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn delete_key(&self, tx: &mut Transaction, id: KeyId) -> Result<(), StoreError> {
        tx.execute(sql("DELETE FROM auth_key WHERE id = $1").id(id)).await?;
        Ok(())
    }
}

fn key(row: &Row) -> Result<StoredKey, StoreError> {
    let micros = |column| -> Result<i64, StoreError> {
        let at: Timestamp = row.time(column)?;
        Ok(to_micros(at))
    };
    Ok(StoredKey {
        times: KeyTimes {
            id: row.id("id")?,
            created_at: micros("created_at")?,
            signs_from: micros("signs_from")?,
        },
        public: row.get("public")?,
        sealed: row.get("sealed")?,
    })
}
