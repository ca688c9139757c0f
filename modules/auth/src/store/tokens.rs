//! API tokens.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, StoreError, Transaction, sql};

use super::{Store, hash};
use crate::model::{Permissions, SecretHash, TokenId, TokenName, UserId};

/// An API token as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredToken {
    pub(crate) id: TokenId,
    pub(crate) organization: OrganizationId,
    pub(crate) user: UserId,
    pub(crate) name: TokenName,
    pub(crate) hash: SecretHash,
    pub(crate) scopes: Permissions,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) last_used_at: Option<Timestamp>,
}

impl Store {
    pub(crate) async fn insert_token(&self, tx: &mut Transaction, token: &StoredToken) -> Result<(), StoreError> {
        tx.execute(
            sql(
                "INSERT INTO auth_token (id, organization_id, user_id, name, hash, scopes, created_at, expires_at, \
                 last_used_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL)",
            )
            .id(token.id)
            .id(token.organization)
            .id(token.user)
            .bind(token.name.as_str())
            .bind(token.hash.as_bytes())
            .bind(token.scopes.to_text())
            .bind(token.created_at)
            .bind(token.expires_at),
        )
        .await?;
        Ok(())
    }

    /// Every token that was not revoked and has not expired.
    pub(crate) async fn live_tokens(&self, now: Timestamp) -> Result<Vec<StoredToken>, StoreError> {
        let statement = sql("SELECT * FROM auth_token WHERE revoked_at IS NULL AND expires_at > $1 ORDER BY id");
        let rows = self.database.fetch_all(statement.bind(now)).await?;
        rows.iter().map(token).collect()
    }

    /// An account's tokens that were not revoked, expired ones among them, the newest first.
    pub(crate) async fn tokens_of(&self, user: UserId) -> Result<Vec<StoredToken>, StoreError> {
        let statement = sql("SELECT * FROM auth_token WHERE user_id = $1 AND revoked_at IS NULL ORDER BY id DESC");
        let rows = self.database.fetch_all(statement.id(user)).await?;
        rows.iter().map(token).collect()
    }

    /// Revokes a token of that account; `None` when it has no such token.
    pub(crate) async fn revoke_token(
        &self,
        tx: &mut Transaction,
        user: UserId,
        id: TokenId,
        at: Timestamp,
    ) -> Result<Option<StoredToken>, StoreError> {
        let statement = sql(
            "UPDATE auth_token SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING *",
        );
        let row = tx.fetch_optional(statement.id(id).id(user).bind(at)).await?;
        row.as_ref().map(token).transpose()
    }

    /// Revokes every token of an account; answers how many.
    pub(crate) async fn revoke_tokens_of(
        &self,
        tx: &mut Transaction,
        user: UserId,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let statement =
            sql("UPDATE auth_token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2");
        tx.execute(statement.id(user).bind(at)).await
    }

    /// Writes down when tokens were last used.
    pub(crate) async fn tokens_used(&self, uses: &[(TokenId, Timestamp)]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for (id, at) in uses {
            let statement = sql(
                "UPDATE auth_token SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)",
            );
            tx.execute(statement.id(*id).bind(*at)).await?;
        }
        tx.commit().await
    }
}

fn token(row: &Row) -> Result<StoredToken, StoreError> {
    let scopes: String = row.get("scopes")?;
    Ok(StoredToken {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        user: row.id("user_id")?,
        name: row.parse("name")?,
        hash: SecretHash::from_bytes(&hash(row, "hash")?).ok_or_else(|| StoreError::corrupt("a token's hash"))?,
        scopes: Permissions::from_text(&scopes),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        last_used_at: row.optional_time("last_used_at")?,
    })
}
