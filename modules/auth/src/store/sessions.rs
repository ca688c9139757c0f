//! Sessions, the refresh tokens that descend from each, and access tokens that are refused before their time.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, StoreError, Transaction, sql};
use uuid::Uuid;

use super::Store;
use crate::model::{SecretHash, SessionEnd, SessionId, UserId};

/// A session as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredSession {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(crate) created_at: Timestamp,
    pub(crate) last_used_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) ended_at: Option<Timestamp>,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) second_factor: bool,
}

/// A session that begins.
#[derive(Debug, Clone)]
pub(crate) struct NewSession {
    pub(crate) organization: OrganizationId,
    pub(crate) session: StoredSession,
}

/// What became of an attempt to use a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// Nobody was given such a token.
    Unknown,
    /// It was unused until now.
    Now { session: SessionId, expires_at: Timestamp },
    /// It was used before: somebody has a copy.
    Before { session: SessionId },
}

impl Store {
    pub(crate) async fn insert_session(&self, tx: &mut Transaction, new: &NewSession) -> Result<(), StoreError> {
        let session = &new.session;
        tx.execute(
            sql("INSERT INTO auth_session (id, organization_id, user_id, created_at, last_used_at, expires_at, ended_at, \
                 ended_because, address, user_agent, second_factor) VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8, $9)")
            .id(session.id)
            .id(new.organization)
            .id(session.user)
            .bind(session.created_at)
            .bind(session.last_used_at)
            .bind(session.expires_at)
            .bind(session.address.clone())
            .bind(session.user_agent.clone())
            .bind(session.second_factor),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn session_in(
        &self,
        tx: &mut Transaction,
        id: SessionId,
    ) -> Result<Option<StoredSession>, StoreError> {
        let row = tx
            .fetch_optional(sql("SELECT * FROM auth_session WHERE id = $1").id(id))
            .await?;
        row.as_ref().map(session).transpose()
    }

    /// The account's sessions that have neither ended nor expired, the newest first.
    pub(crate) async fn live_sessions(&self, user: UserId, now: Timestamp) -> Result<Vec<StoredSession>, StoreError> {
        let statement = sql(
            "SELECT * FROM auth_session WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 ORDER BY id DESC",
        );
        let rows = self.database.fetch_all(statement.id(user).bind(now)).await?;
        rows.iter().map(session).collect()
    }

    /// Sessions that ended after `since`: their access tokens may not have expired yet.
    pub(crate) async fn ended_sessions(&self, since: Timestamp) -> Result<Vec<SessionId>, StoreError> {
        let rows = self
            .database
            .fetch_all(sql("SELECT id FROM auth_session WHERE ended_at > $1").bind(since))
            .await?;
        rows.iter().map(|row| row.id("id")).collect()
    }

    /// Ends one session; `false` when it was over already.
    pub(crate) async fn end_session(
        &self,
        tx: &mut Transaction,
        id: SessionId,
        because: SessionEnd,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement =
            sql("UPDATE auth_session SET ended_at = $2, ended_because = $3 WHERE id = $1 AND ended_at IS NULL");
        Ok(tx.execute(statement.id(id).bind(at).bind(because.as_str())).await? == 1)
    }

    /// Ends every session of an account but `except`; answers how many.
    pub(crate) async fn end_sessions_of(
        &self,
        tx: &mut Transaction,
        user: UserId,
        except: Option<SessionId>,
        because: SessionEnd,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        let statement = sql("UPDATE auth_session SET ended_at = $2, ended_because = $3 \
             WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND id <> $4");
        let except = except.map_or(Uuid::nil(), mainstay_kernel::TypedId::as_uuid);
        tx.execute(statement.id(user).bind(at).bind(because.as_str()).bind(except))
            .await
    }

    pub(crate) async fn touch_session(
        &self,
        tx: &mut Transaction,
        id: SessionId,
        address: Option<&str>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sql("UPDATE auth_session SET last_used_at = $2, address = COALESCE($3, address) WHERE id = $1");
        tx.execute(statement.id(id).bind(at).bind(address)).await?;
        Ok(())
    }

    pub(crate) async fn insert_refresh(
        &self,
        tx: &mut Transaction,
        hash: &SecretHash,
        organization: OrganizationId,
        session: SessionId,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql(
                "INSERT INTO auth_refresh (hash, organization_id, session_id, issued_at, expires_at, used_at) \
                 VALUES ($1, $2, $3, $4, $5, NULL)",
            )
            .bind(hash.as_bytes())
            .id(organization)
            .id(session)
            .bind(issued_at)
            .bind(expires_at),
        )
        .await?;
        Ok(())
    }

    /// Uses a refresh token up. Of several who try at once, one finds it unused.
    pub(crate) async fn claim_refresh(
        &self,
        tx: &mut Transaction,
        hash: &SecretHash,
        now: Timestamp,
    ) -> Result<Claimed, StoreError> {
        let claim = sql(
            "UPDATE auth_refresh SET used_at = $2 WHERE hash = $1 AND used_at IS NULL RETURNING session_id, expires_at",
        );
        if let Some(row) = tx.fetch_optional(claim.bind(hash.as_bytes()).bind(now)).await? {
            return Ok(Claimed::Now {
                session: row.id("session_id")?,
                expires_at: row.time("expires_at")?,
            });
        }
        let find = sql("SELECT session_id FROM auth_refresh WHERE hash = $1").bind(hash.as_bytes());
        match tx.fetch_optional(find).await? {
            Some(row) => Ok(Claimed::Before {
                session: row.id("session_id")?,
            }),
            None => Ok(Claimed::Unknown),
        }
    }

    /// The session a refresh token belongs to, used or not.
    pub(crate) async fn session_of_refresh(&self, hash: &SecretHash) -> Result<Option<SessionId>, StoreError> {
        let statement = sql("SELECT session_id FROM auth_refresh WHERE hash = $1").bind(hash.as_bytes());
        let row = self.database.fetch_optional(statement).await?;
        row.map(|row| row.id("session_id")).transpose()
    }

    pub(crate) async fn revoke(
        &self,
        tx: &mut Transaction,
        jti: Uuid,
        organization: OrganizationId,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_revoked (jti, organization_id, expires_at) VALUES ($1, $2, $3) ON CONFLICT (jti) DO NOTHING")
                .bind(jti)
                .id(organization)
                .bind(expires_at),
        )
        .await?;
        Ok(())
    }

    /// Access tokens that were revoked and had not expired by `since`.
    pub(crate) async fn revoked(&self, since: Timestamp) -> Result<Vec<Uuid>, StoreError> {
        let rows = self
            .database
            .fetch_all(sql("SELECT jti FROM auth_revoked WHERE expires_at > $1").bind(since))
            .await?;
        rows.iter().map(|row| row.get("jti")).collect()
    }
}

fn session(row: &Row) -> Result<StoredSession, StoreError> {
    Ok(StoredSession {
        id: row.id("id")?,
        user: row.id("user_id")?,
        created_at: row.time("created_at")?,
        last_used_at: row.time("last_used_at")?,
        expires_at: row.time("expires_at")?,
        ended_at: row.optional_time("ended_at")?,
        address: row.get("address")?,
        user_agent: row.get("user_agent")?,
        second_factor: row.get("second_factor")?,
    })
}
