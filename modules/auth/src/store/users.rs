//! Accounts, and the addresses they have signed in from.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Row, Statement, StoreError, Transaction, sql};

use super::Store;
use crate::model::{DisplayName, Email, Role, UserId, Username};

/// An account as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredUser {
    pub(crate) id: UserId,
    pub(crate) organization: OrganizationId,
    pub(crate) username: Username,
    pub(crate) email: Option<Email>,
    pub(crate) display_name: DisplayName,
    pub(crate) role: Role,
    pub(crate) active: bool,
    pub(crate) password_hash: Option<String>,
    pub(crate) password_set_at: Option<Timestamp>,
    pub(crate) last_sign_in_at: Option<Timestamp>,
    pub(crate) version: i64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Store {
    pub(crate) async fn users(&self) -> Result<Vec<StoredUser>, StoreError> {
        let rows = self
            .database
            .fetch_all(sql("SELECT * FROM auth_user ORDER BY username"))
            .await?;
        rows.iter().map(user).collect()
    }

    pub(crate) async fn user(&self, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        one(self.database.fetch_optional(by_id(id)).await?.as_ref())
    }

    pub(crate) async fn user_named(&self, username: &Username) -> Result<Option<StoredUser>, StoreError> {
        let statement = sql("SELECT * FROM auth_user WHERE username = $1").bind(username.as_str());
        one(self.database.fetch_optional(statement).await?.as_ref())
    }

    /// The account as it is within the transaction.
    pub(crate) async fn user_in(&self, tx: &mut Transaction, id: UserId) -> Result<Option<StoredUser>, StoreError> {
        one(tx.fetch_optional(by_id(id)).await?.as_ref())
    }

    /// How many administrators there are who can sign in, apart from `without`.
    pub(crate) async fn other_administrators(
        &self,
        tx: &mut Transaction,
        without: &StoredUser,
    ) -> Result<i64, StoreError> {
        let row = tx
            .fetch_optional(
                sql("SELECT COUNT(*) AS others FROM auth_user \
                     WHERE organization_id = $1 AND role = 'admin' AND active = TRUE AND id <> $2")
                .id(without.organization)
                .id(without.id),
            )
            .await?;
        row.map_or(Ok(0), |row| row.get("others"))
    }

    pub(crate) async fn any_user(&self, tx: &mut Transaction) -> Result<bool, StoreError> {
        Ok(tx
            .fetch_optional(sql("SELECT id FROM auth_user LIMIT 1"))
            .await?
            .is_some())
    }

    pub(crate) async fn insert_user(&self, tx: &mut Transaction, user: &StoredUser) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_user (id, organization_id, username, email, display_name, role, active, password_hash, \
                 password_set_at, last_sign_in_at, version, created_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)")
            .id(user.id)
            .id(user.organization)
            .bind(user.username.as_str())
            .bind(user.email.as_ref().map(Email::as_str))
            .bind(user.display_name.as_str())
            .bind(user.role.as_str())
            .bind(user.active)
            .bind(user.password_hash.clone())
            .bind(user.password_set_at)
            .bind(user.last_sign_in_at)
            .bind(user.version)
            .bind(user.created_at)
            .bind(user.updated_at),
        )
        .await?;
        Ok(())
    }

    /// Writes what can be changed of an account; its password and its sign-ins have statements of their own.
    pub(crate) async fn update_user(&self, tx: &mut Transaction, user: &StoredUser) -> Result<(), StoreError> {
        tx.execute(
            sql("UPDATE auth_user SET username = $2, email = $3, display_name = $4, role = $5, active = $6, version = $7, \
                 updated_at = $8 WHERE id = $1")
            .id(user.id)
            .bind(user.username.as_str())
            .bind(user.email.as_ref().map(Email::as_str))
            .bind(user.display_name.as_str())
            .bind(user.role.as_str())
            .bind(user.active)
            .bind(user.version)
            .bind(user.updated_at),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn delete_user(&self, tx: &mut Transaction, id: UserId) -> Result<(), StoreError> {
        tx.execute(sql("DELETE FROM auth_user WHERE id = $1").id(id)).await?;
        Ok(())
    }

    pub(crate) async fn set_password(
        &self,
        tx: &mut Transaction,
        id: UserId,
        hash: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let statement = sql("UPDATE auth_user SET password_hash = $2, password_set_at = $3 WHERE id = $1");
        tx.execute(statement.id(id).bind(hash).bind(at)).await?;
        Ok(())
    }

    /// Replaces a hash by one of the same password at another cost, unless the password was changed meanwhile.
    pub(crate) async fn rehash(
        &self,
        tx: &mut Transaction,
        id: UserId,
        before: &str,
        hash: &str,
    ) -> Result<(), StoreError> {
        let statement = sql("UPDATE auth_user SET password_hash = $3 WHERE id = $1 AND password_hash = $2");
        tx.execute(statement.id(id).bind(before).bind(hash)).await?;
        Ok(())
    }

    pub(crate) async fn signed_in(&self, tx: &mut Transaction, id: UserId, at: Timestamp) -> Result<(), StoreError> {
        tx.execute(
            sql("UPDATE auth_user SET last_sign_in_at = $2 WHERE id = $1")
                .id(id)
                .bind(at),
        )
        .await?;
        Ok(())
    }

    pub(crate) async fn knows_address(&self, id: UserId, address: &str) -> Result<bool, StoreError> {
        let statement = sql("SELECT user_id FROM auth_known_address WHERE user_id = $1 AND address = $2");
        Ok(self
            .database
            .fetch_optional(statement.id(id).bind(address))
            .await?
            .is_some())
    }

    pub(crate) async fn remember_address(
        &self,
        tx: &mut Transaction,
        user: &StoredUser,
        address: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        tx.execute(
            sql("INSERT INTO auth_known_address (user_id, address, organization_id, last_seen_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (user_id, address) DO UPDATE SET last_seen_at = excluded.last_seen_at")
            .id(user.id)
            .bind(address)
            .id(user.organization)
            .bind(at),
        )
        .await?;
        Ok(())
    }
}

fn by_id(id: UserId) -> Statement {
    sql("SELECT * FROM auth_user WHERE id = $1").id(id)
}

fn one(row: Option<&Row>) -> Result<Option<StoredUser>, StoreError> {
    row.map(user).transpose()
}

fn user(row: &Row) -> Result<StoredUser, StoreError> {
    let email: Option<String> = row.get("email")?;
    Ok(StoredUser {
        id: row.id("id")?,
        organization: row.id("organization_id")?,
        username: row.parse("username")?,
        email: email
            .map(|email| email.parse().map_err(StoreError::corrupt))
            .transpose()?,
        display_name: row.parse("display_name")?,
        role: row.parse("role")?,
        active: row.get("active")?,
        password_hash: row.get("password_hash")?,
        password_set_at: row.optional_time("password_set_at")?,
        last_sign_in_at: row.optional_time("last_sign_in_at")?,
        version: row.get("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
    })
}
