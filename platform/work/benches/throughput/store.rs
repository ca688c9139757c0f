//! The rows that the benchmark writes; `pgbench` writes the same.

use mainstay_kernel::World;
use mainstay_store::{Database, Migration, Statement, StoreError, sql};

/// Their table.
pub const ROWS: Migration = Migration {
    module: "bench",
    version: 1,
    name: "rows",
    sql: "CREATE TABLE bench_row (\n    id UUID NOT NULL PRIMARY KEY,\n    number BIGINT NOT NULL,\n    words TEXT NOT NULL\n);\n",
};

/// One more row.
pub fn row(world: &World, number: i64) -> Statement {
    sql("INSERT INTO bench_row (id, number, words) VALUES ($1, $2, $3)")
        .bind(world.uuid())
        .bind(number)
        .bind("a few words to remember")
}

/// How many there are.
pub async fn count(database: &Database) -> Result<i64, StoreError> {
    database
        .fetch_one(sql("SELECT COUNT(*) AS there FROM bench_row"))
        .await?
        .get("there")
}

/// How many jobs are done.
pub async fn jobs_done(database: &Database) -> Result<i64, StoreError> {
    database
        .fetch_one(sql("SELECT COUNT(*) AS done FROM work_job WHERE state = 'done'"))
        .await?
        .get("done")
}
