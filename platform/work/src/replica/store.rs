//! The rows of replicas.

use std::collections::BTreeSet;

use mainstay_kernel::{TypedId, World};
use mainstay_store::{Database, Presence, Row, StoreError, Transaction, sql};

use super::{Introduction, Member, ReplicaId, Role};

/// Adds a replica.
pub async fn join(
    tx: &mut Transaction,
    world: &World,
    id: ReplicaId,
    introduction: &Introduction,
) -> Result<(), StoreError> {
    let roles: Vec<&str> = introduction.roles.iter().map(|role| role.name()).collect();
    tx.execute(
        sql(
            "INSERT INTO work_replica (id, name, roles, version, started_at, seen_at, beat, presence) \
             VALUES ($1, $2, $3, $4, $5, $5, 0, $6)",
        )
        .id(id)
        .bind(&introduction.name)
        .bind(roles.join(","))
        .bind(&introduction.version)
        .bind(world.now())
        .bind(introduction.presence.map(|presence| presence.0)),
    )
    .await
    .map(drop)
}

/// Counts up; answers whether the replica is still one.
pub async fn beat(database: &Database, world: &World, id: ReplicaId) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql("UPDATE work_replica SET beat = beat + 1, seen_at = $2 WHERE id = $1")
                .id(id)
                .bind(world.now()),
        )
        .await?;
    Ok(touched == 1)
}

/// Everybody.
pub async fn members(database: &Database) -> Result<Vec<Member>, StoreError> {
    database
        .fetch_all(sql(
            "SELECT id, name, roles, version, started_at, seen_at, beat, presence FROM work_replica ORDER BY started_at, id",
        ))
        .await?
        .iter()
        .map(member)
        .collect()
}

/// Removes a replica that fell silent, unless it has moved meanwhile.
pub async fn evict(database: &Database, id: ReplicaId, beat: i64) -> Result<bool, StoreError> {
    let touched = database
        .execute(
            sql("DELETE FROM work_replica WHERE id = $1 AND beat = $2")
                .id(id)
                .bind(beat),
        )
        .await?;
    Ok(touched == 1)
}

/// Removes a replica that leaves.
pub async fn leave(tx: &mut Transaction, id: ReplicaId) -> Result<(), StoreError> {
    tx.execute(sql("DELETE FROM work_replica WHERE id = $1").id(id))
        .await
        .map(drop)
}

/// Removes everybody: for a database that only one process can open, which is this one.
pub async fn remove_all(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.execute(sql("DELETE FROM work_replica")).await.map(drop)
}

fn member(row: &Row) -> Result<Member, StoreError> {
    let roles: String = row.get("roles")?;
    Ok(Member {
        id: ReplicaId::from_uuid(row.get("id")?),
        name: row.get("name")?,
        // A role this version does not know cannot be asked of that replica by this version either.
        roles: roles
            .split(',')
            .filter_map(|role| role.parse::<Role>().ok())
            .collect::<BTreeSet<_>>(),
        version: row.get("version")?,
        started_at: row.time("started_at")?,
        seen_at: row.time("seen_at")?,
        beat: row.get("beat")?,
        presence: row.get::<Option<_>>("presence")?.map(Presence),
    })
}
