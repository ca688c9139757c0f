//! Restoring into PostgreSQL: one transaction, from emptying the tables to bringing an older schema up to date.
//!
//! Where the schema is already that of the backup, tables are only emptied, so that rights and views that somebody gave them
//! stay. Otherwise Mainstay's tables are made anew. Foreign keys are set aside while rows arrive in any order, and looked
//! after when they are put back.

use mainstay_kernel::World;

use super::{Restorable, Restored, fill};
use crate::{
    Database, DatabaseConfig, Dialect, Statement, StoreError, Transaction,
    backup::{
        BackupError, BackupProgress, Watcher,
        shape::{self, quoted, quoted_list},
        take::applied_here,
    },
    migrate::{self, AppliedMigration, MIGRATION_LOCK, TABLE_NAME},
    sql, sql_owned,
};

/// A foreign key that was set aside.
struct ForeignKey {
    table: String,
    name: String,
    definition: String,
}

pub(super) async fn restore(
    restorable: &Restorable,
    config: &DatabaseConfig,
    world: &World,
    watcher: &Watcher,
) -> Result<Restored, BackupError> {
    let database = Database::open(config)
        .await
        .map_err(BackupError::store("open the database"))?;
    let result = replace(restorable, &database, world, watcher).await;
    database.close().await;
    result.map(|migrated| Restored { kept: None, migrated })
}

async fn replace(
    restorable: &Restorable,
    database: &Database,
    world: &World,
    watcher: &Watcher,
) -> Result<Vec<String>, BackupError> {
    let doing = "look at what the database holds";
    let applied = migrate::applied(database).await.map_err(BackupError::store(doing))?;
    let known: Vec<_> = restorable.own.iter().chain(&restorable.rest).copied().collect();
    let old_tables: Vec<String> = shape::tables_of(&applied_here(&applied, &known)?)
        .await?
        .into_iter()
        .map(|table| table.name)
        .collect();

    let mut tx = database.begin().await.map_err(BackupError::store("begin"))?;
    prepare(&mut tx).await.map_err(BackupError::store("begin"))?;
    let doing = "make room for the backup";
    empty(restorable, &mut tx, &applied, &old_tables)
        .await
        .map_err(BackupError::store(doing))?;
    let keys = set_aside(restorable, &mut tx)
        .await
        .map_err(BackupError::store(doing))?;

    fill::fill(restorable, &mut tx, Dialect::Postgres, watcher).await?;

    watcher.show(BackupProgress::Examining);
    restorable
        .remember(&mut tx)
        .await
        .map_err(BackupError::store("remember the migrations"))?;
    restorable.count(&mut tx).await?;
    put_back(&mut tx, keys)
        .await
        .map_err(BackupError::store("put the foreign keys back"))?;
    let migrated = restorable.migrate_up(&mut tx, world).await?;
    // The first queries after the restore are planned by what the tables hold now.
    let names = restorable.tables.iter().map(|table| table.name.as_str());
    let analyse = if migrated.is_empty() {
        format!("ANALYZE {}", quoted_list(names))
    } else {
        "ANALYZE".to_owned()
    };
    tx.execute(sql_owned(analyse))
        .await
        .map_err(BackupError::store("examine the tables"))?;
    tx.commit().await.map_err(BackupError::store("commit the restore"))?;
    Ok(migrated)
}

/// However long it takes; but a session that holds a table must be told of, not waited for.
async fn prepare(tx: &mut Transaction) -> Result<(), StoreError> {
    tx.without_limit();
    for setting in [
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL lock_timeout = '10s'",
    ] {
        tx.execute(sql(setting)).await?;
    }
    tx.fetch_all(sql("SELECT 1 AS locked FROM (SELECT pg_advisory_xact_lock($1)) AS held").bind(MIGRATION_LOCK))
        .await
        .map(drop)
}

/// Makes the backup's schema, with empty tables.
async fn empty(
    restorable: &Restorable,
    tx: &mut Transaction,
    applied: &[AppliedMigration],
    old_tables: &[String],
) -> Result<(), StoreError> {
    let names = || old_tables.iter().map(String::as_str).chain([TABLE_NAME]);
    let same = |one: &AppliedMigration| {
        let due = &restorable.header().migrations;
        due.iter()
            .any(|other| (&one.module, one.version) == (&other.module, other.version))
    };
    if applied.len() == restorable.header().migrations.len() && applied.iter().all(same) {
        return tx.execute(statement("TRUNCATE", names())).await.map(drop);
    }
    if !applied.is_empty() {
        tx.execute(statement("DROP TABLE", names())).await?;
    }
    restorable.make_schema(tx).await?;
    // Some migrations put rows into their tables.
    let names = restorable.tables.iter().map(|table| table.name.as_str());
    tx.execute(statement("TRUNCATE", names)).await.map(drop)
}

fn statement<'n>(verb: &str, names: impl IntoIterator<Item = &'n str>) -> Statement {
    sql_owned(format!("{verb} {}", quoted_list(names)))
}

async fn set_aside(restorable: &Restorable, tx: &mut Transaction) -> Result<Vec<ForeignKey>, StoreError> {
    let rows = tx
        .fetch_all(sql(
            "SELECT t.relname::text AS table_name, c.conname::text AS name, pg_get_constraintdef(c.oid) AS definition \
             FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid \
             WHERE c.contype = 'f' AND t.relnamespace = to_regnamespace(quote_ident(current_schema()))",
        ))
        .await?;
    let mut keys = Vec::new();
    for row in rows {
        let key = ForeignKey {
            table: row.get("table_name")?,
            name: row.get("name")?,
            definition: row.get("definition")?,
        };
        if !restorable.tables.iter().any(|table| table.name == key.table) {
            continue;
        }
        let text = format!(
            "ALTER TABLE {} DROP CONSTRAINT {}",
            quoted(&key.table),
            quoted(&key.name)
        );
        tx.execute(sql_owned(text)).await?;
        keys.push(key);
    }
    Ok(keys)
}

/// Which looks at every row.
async fn put_back(tx: &mut Transaction, keys: Vec<ForeignKey>) -> Result<(), StoreError> {
    for ForeignKey {
        table,
        name,
        definition,
    } in keys
    {
        let text = format!(
            "ALTER TABLE {} ADD CONSTRAINT {} {definition}",
            quoted(&table),
            quoted(&name)
        );
        tx.execute(sql_owned(text)).await?;
    }
    Ok(())
}
