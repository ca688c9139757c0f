//! Second factors and recovery codes.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, Statement, StoreError, Transaction, sql};

use super::Store;
use crate::model::{RecoveryCode, UserId};

/// The shared secret of an authenticator app, sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTotp {
    pub(crate) user: UserId,
    pub(crate) organization: OrganizationId,
    pub(crate) sealed: Vec<u8>,
    pub(crate) created_at: Timestamp,
    pub(crate) confirmed_at: Option<Timestamp>,
    pub(crate) last_step: i64,
}

impl Store {
    pub(crate) async fn totp(&self, user: UserId) -> Result<Option<StoredTotp>, StoreError> {
        let row = self.database.fetch_optional(by_user(user)).await?;
        row.as_ref().map(totp).transpose()
    }

    /// Keeps a new secret in the place of one that was never confirmed; `false` when there is one that was.
    pub(crate) async fn insert_totp(&self, tx: &mut Transaction, new: &StoredTotp) -> Result<bool, StoreError> {
        let kept = tx
            .execute(
                sql("INSERT INTO auth_totp (user_id, organization_id, sealed, created_at, confirmed_at, last_step) \
                     VALUES ($1, $2, $3, $4, NULL, $5) ON CONFLICT (user_id) DO UPDATE SET sealed = excluded.sealed, \
                     created_at = excluded.created_at, last_step = excluded.last_step WHERE auth_totp.confirmed_at IS NULL")
                .id(new.user)
                .id(new.organization)
                .bind(new.sealed.as_slice())
                .bind(new.created_at)
                .bind(new.last_step),
            )
            .await?;
        Ok(kept == 1)
    }

    /// Marks a time step as used; `false` when it, or a later one, was used already.
    pub(crate) async fn use_step(&self, tx: &mut Transaction, user: UserId, step: i64) -> Result<bool, StoreError> {
        let statement = sql("UPDATE auth_totp SET last_step = $2 WHERE user_id = $1 AND last_step < $2");
        Ok(tx.execute(statement.id(user).bind(step)).await? == 1)
    }

    pub(crate) async fn confirm_totp(
        &self,
        tx: &mut Transaction,
        user: UserId,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement = sql("UPDATE auth_totp SET confirmed_at = $2 WHERE user_id = $1 AND confirmed_at IS NULL");
        Ok(tx.execute(statement.id(user).bind(at)).await? == 1)
    }

    /// Takes the second factor away with its recovery codes; `false` when there was none.
    pub(crate) async fn delete_factors(&self, tx: &mut Transaction, user: UserId) -> Result<bool, StoreError> {
        tx.execute(sql("DELETE FROM auth_recovery WHERE user_id = $1").id(user))
            .await?;
        Ok(tx
            .execute(sql("DELETE FROM auth_totp WHERE user_id = $1").id(user))
            .await?
            == 1)
    }

    /// Keeps new recovery codes in the place of all earlier ones.
    pub(crate) async fn replace_recovery_codes(
        &self,
        tx: &mut Transaction,
        user: UserId,
        organization: OrganizationId,
        codes: &[RecoveryCode],
    ) -> Result<(), StoreError> {
        tx.execute(sql("DELETE FROM auth_recovery WHERE user_id = $1").id(user))
            .await?;
        for code in codes {
            let statement =
                sql("INSERT INTO auth_recovery (user_id, hash, organization_id, used_at) VALUES ($1, $2, $3, NULL)");
            tx.execute(statement.id(user).bind(code.hash().as_slice()).id(organization))
                .await?;
        }
        Ok(())
    }

    /// Uses a recovery code up; `false` when it is none of the account's, or was used.
    pub(crate) async fn spend_recovery_code(
        &self,
        tx: &mut Transaction,
        user: UserId,
        code: &RecoveryCode,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let statement =
            sql("UPDATE auth_recovery SET used_at = $3 WHERE user_id = $1 AND hash = $2 AND used_at IS NULL");
        Ok(tx
            .execute(statement.id(user).bind(code.hash().as_slice()).bind(at))
            .await?
            == 1)
    }

    /// How many recovery codes are unused.
    pub(crate) async fn recovery_codes_left(&self, user: UserId) -> Result<i64, StoreError> {
        let statement = sql("SELECT COUNT(*) AS unused FROM auth_recovery WHERE user_id = $1 AND used_at IS NULL");
        self.database.fetch_one(statement.id(user)).await?.get("unused")
    }
}

fn by_user(user: UserId) -> Statement {
    sql("SELECT * FROM auth_totp WHERE user_id = $1").id(user)
}

fn totp(row: &Row) -> Result<StoredTotp, StoreError> {
    Ok(StoredTotp {
        user: row.id("user_id")?,
        organization: row.id("organization_id")?,
        sealed: row.get("sealed")?,
        created_at: row.time("created_at")?,
        confirmed_at: row.optional_time("confirmed_at")?,
        last_step: row.get("last_step")?,
    })
}
