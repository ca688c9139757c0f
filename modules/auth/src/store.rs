//! Every SQL statement of this module, written once for both databases. Decides nothing.

use jiff::Timestamp;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Database, Migration, Row, StoreError, Transaction, sql};

mod changes;
mod factors;
mod keys;
mod links;
mod sessions;
mod teams;
mod throttle;
mod tokens;
mod users;

pub use changes::ChangeFilter;
pub(crate) use changes::Head;
pub(crate) use factors::StoredTotp;
pub(crate) use keys::StoredKey;
pub(crate) use links::StoredLink;
pub(crate) use sessions::{Claimed, NewSession, StoredSession};
pub(crate) use teams::StoredTeam;
pub(crate) use tokens::StoredToken;
pub(crate) use users::StoredUser;

/// This module's schema.
pub const MIGRATIONS: &[Migration] = &[Migration {
    module: "auth",
    version: 1,
    name: "accounts",
    sql: include_str!("migrations/0001_auth.sql"),
}];

/// This module's tables.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    database: Database,
}

impl Store {
    pub(crate) fn new(database: Database) -> Self {
        Self { database }
    }

    pub(crate) async fn begin(&self) -> Result<Transaction, StoreError> {
        self.database.begin().await
    }

    /// Whether other processes may change what is stored.
    pub(crate) fn is_shared(&self) -> bool {
        self.database.is_shared()
    }

    /// Counts a change that every replica has to take up, and lets no other such change happen until the transaction ends.
    pub(crate) async fn lock(&self, tx: &mut Transaction) -> Result<i64, StoreError> {
        let row = tx
            .fetch_optional(
                sql("INSERT INTO auth_state (organization_id, version) VALUES ($1, 1) \
                     ON CONFLICT (organization_id) DO UPDATE SET version = auth_state.version + 1 RETURNING version")
                .id(OrganizationId::DEFAULT),
            )
            .await?;
        row.ok_or_else(|| StoreError::corrupt("the state row is missing"))?
            .get("version")
    }

    /// The number of the newest change; 0 before the first.
    pub(crate) async fn version(&self) -> Result<i64, StoreError> {
        let statement = sql("SELECT version FROM auth_state WHERE organization_id = $1").id(OrganizationId::DEFAULT);
        let row = self.database.fetch_optional(statement).await?;
        row.map_or(Ok(0), |row| row.get("version"))
    }

    /// Makes sure that an organisation has a row.
    pub(crate) async fn ensure_organization(
        &self,
        id: OrganizationId,
        name: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.database
            .execute(
                sql(
                    "INSERT INTO auth_organization (organization_id, name, created_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (organization_id) DO NOTHING",
                )
                .id(id)
                .bind(name)
                .bind(at),
            )
            .await?;
        Ok(())
    }

    /// What an organisation is called.
    pub(crate) async fn organization_name(&self, id: OrganizationId) -> Result<Option<String>, StoreError> {
        let statement = sql("SELECT name FROM auth_organization WHERE organization_id = $1").id(id);
        let row = self.database.fetch_optional(statement).await?;
        row.map(|row| row.get("name")).transpose()
    }

    /// Forgets what has had its time: used-up throttles, links, refresh tokens and revocations at `now`, sessions and addresses
    /// that were last used before `before`.
    pub(crate) async fn forget(&self, now: Timestamp, before: Timestamp) -> Result<u64, StoreError> {
        let mut rows = 0;
        for (statement, until) in [
            (sql("DELETE FROM auth_throttle WHERE whole_at < $1"), now),
            (sql("DELETE FROM auth_link WHERE expires_at < $1"), before),
            (sql("DELETE FROM auth_refresh WHERE expires_at < $1"), before),
            (sql("DELETE FROM auth_revoked WHERE expires_at < $1"), before),
            (sql("DELETE FROM auth_session WHERE expires_at < $1"), before),
            (sql("DELETE FROM auth_session WHERE ended_at < $1"), before),
            (sql("DELETE FROM auth_known_address WHERE last_seen_at < $1"), before),
            (sql("DELETE FROM auth_token WHERE revoked_at < $1"), before),
        ] {
            rows += self.database.execute(statement.bind(until)).await?;
        }
        Ok(rows)
    }
}

/// A stored hash of 32 bytes.
fn hash(row: &Row, column: &str) -> Result<[u8; 32], StoreError> {
    row.get::<Vec<u8>>(column)?
        .try_into()
        .map_err(|_| StoreError::corrupt(format_args!("column {column} has not 32 bytes")))
}

#[cfg(test)]
mod tests;
