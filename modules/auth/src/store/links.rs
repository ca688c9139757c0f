//! One-time links.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, StoreError, Transaction, sql};

use super::Store;
use crate::model::{LinkPurpose, SecretHash, UserId};

/// A link as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredLink {
    pub(crate) user: UserId,
    pub(crate) purpose: LinkPurpose,
    pub(crate) expires_at: Timestamp,
}

impl Store {
    /// Keeps a new link; those that the account had before are of no use any more.
    pub(crate) async fn insert_link(
        &self,
        tx: &mut Transaction,
        hash: &SecretHash,
        organization: OrganizationId,
        link: &StoredLink,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.spend_links_of(tx, link.user, at).await?;
        tx.execute(
            sql(
                "INSERT INTO auth_link (hash, organization_id, user_id, purpose, created_at, expires_at, used_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, NULL)",
            )
            .bind(hash.as_bytes())
            .id(organization)
            .id(link.user)
            .bind(link.purpose.as_str())
            .bind(at)
            .bind(link.expires_at),
        )
        .await?;
        Ok(())
    }

    /// Makes every link of an account useless.
    pub(crate) async fn spend_links_of(
        &self,
        tx: &mut Transaction,
        user: UserId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let spend = sql("UPDATE auth_link SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL");
        tx.execute(spend.id(user).bind(at)).await?;
        Ok(())
    }

    /// The link, if it can still be used.
    pub(crate) async fn link(&self, hash: &SecretHash, now: Timestamp) -> Result<Option<StoredLink>, StoreError> {
        let statement = sql("SELECT * FROM auth_link WHERE hash = $1 AND used_at IS NULL AND expires_at > $2");
        let row = self
            .database
            .fetch_optional(statement.bind(hash.as_bytes()).bind(now))
            .await?;
        row.as_ref().map(link).transpose()
    }

    /// Uses the link up; `None` when somebody was faster, or it is too late.
    pub(crate) async fn spend_link(
        &self,
        tx: &mut Transaction,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<StoredLink>, StoreError> {
        let statement = sql(
            "UPDATE auth_link SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND expires_at > $2 RETURNING *",
        );
        let row = tx.fetch_optional(statement.bind(hash.as_bytes()).bind(now)).await?;
        row.as_ref().map(link).transpose()
    }
}

fn link(row: &Row) -> Result<StoredLink, StoreError> {
    let purpose: String = row.get("purpose")?;
    Ok(StoredLink {
        user: row.id("user_id")?,
        purpose: purpose.parse().map_err(|()| StoreError::corrupt(purpose))?,
        expires_at: row.time("expires_at")?,
    })
}
