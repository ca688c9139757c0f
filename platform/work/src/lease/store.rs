//! The rows of leases.

use mainstay_kernel::{TypedId, World};
use mainstay_store::{Database, Dialect, StoreError, Transaction, sql};

use super::{Lease, LeaseRow, LeaseView, Placement};
use crate::replica::ReplicaId;

/// Makes the leases that do not exist yet.
pub async fn declare<'n>(
    tx: &mut Transaction,
    world: &World,
    leases: impl Iterator<Item = (&'n str, Placement)>,
) -> Result<(), StoreError> {
    for (name, placement) in leases {
        tx.execute(
            sql("INSERT INTO work_lease (name, role, token, changed_at) VALUES ($1, $2, 0, $3) ON CONFLICT (name) DO NOTHING")
                .bind(name)
                .bind(placement.role.name())
                .bind(world.now()),
        )
        .await?;
    }
    Ok(())
}

/// Every lease.
pub async fn all(database: &Database) -> Result<Vec<LeaseRow>, StoreError> {
    database
        .fetch_all(sql("SELECT name, holder, token FROM work_lease ORDER BY name"))
        .await?
        .iter()
        .map(|row| {
            Ok(LeaseRow {
                name: row.get("name")?,
                holder: row.get::<Option<_>>("holder")?.map(ReplicaId::from_uuid),
                token: row.get("token")?,
            })
        })
        .collect()
}

/// Every lease, for people.
pub async fn views(database: &Database) -> Result<Vec<LeaseView>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT name, role, holder, token, changed_at FROM work_lease ORDER BY name",
        ))
        .await?
        .iter()
        .map(|row| {
            Ok(LeaseView {
                name: row.get("name")?,
                role: row.get("role")?,
                holder: row.get::<Option<_>>("holder")?.map(ReplicaId::from_uuid),
                token: row.get("token")?,
                changed_at: row.time("changed_at")?,
            })
        })
        .collect()
}

/// Takes a free lease, unless another was faster; answers the new token.
pub async fn take(
    tx: &mut Transaction,
    world: &World,
    lease: &LeaseRow,
    holder: ReplicaId,
) -> Result<Option<i64>, StoreError> {
    let row = tx
        .fetch_optional(
            // Only a member may hold: whoever was declared silent a moment ago must not come back by this door. And a holder
            // who joined after this replica looked around is none who fell silent.
            sql(
                "UPDATE work_lease SET holder = $1, token = token + 1, changed_at = $4 WHERE name = $2 AND token = $3 \
                 AND EXISTS (SELECT 1 FROM work_replica WHERE id = $1) \
                 AND (holder IS NULL OR holder NOT IN (SELECT id FROM work_replica)) RETURNING token",
            )
            .id(holder)
            .bind(&lease.name)
            .bind(lease.token)
            .bind(world.now()),
        )
        .await?;
    row.map(|row| row.get("token")).transpose()
}

/// Lets go of a lease.
pub async fn give(tx: &mut Transaction, world: &World, name: &str, holder: ReplicaId) -> Result<(), StoreError> {
    tx.execute(
        sql("UPDATE work_lease SET holder = NULL, token = token + 1, changed_at = $3 WHERE name = $1 AND holder = $2")
            .bind(name)
            .id(holder)
            .bind(world.now()),
    )
    .await
    .map(drop)
}

/// Lets go of everything a replica holds.
pub async fn give_all(tx: &mut Transaction, world: &World, holder: ReplicaId) -> Result<(), StoreError> {
    tx.execute(
        sql("UPDATE work_lease SET holder = NULL, token = token + 1, changed_at = $2 WHERE holder = $1")
            .id(holder)
            .bind(world.now()),
    )
    .await
    .map(drop)
}

/// Whether a lease is still held under this token; if so, it cannot change hands before the transaction ends.
pub async fn holds(tx: &mut Transaction, dialect: Dialect, lease: &Lease) -> Result<bool, StoreError> {
    let text = match dialect {
        // A transaction there has the whole database.
        Dialect::Sqlite => "SELECT token FROM work_lease WHERE name = $1 AND holder = $2 AND token = $3",
        Dialect::Postgres => "SELECT token FROM work_lease WHERE name = $1 AND holder = $2 AND token = $3 FOR SHARE",
    };
    let row = tx
        .fetch_optional(sql(text).bind(&*lease.name).id(lease.holder).bind(lease.token))
        .await?;
    Ok(row.is_some())
}
