//! Fresh, migrated databases: a SQLite file of its own, and a schema of its own on a real PostgreSQL server.

use std::ops::Deref;

use mainstay_kernel::World;
use mainstay_store::{Database, DatabaseConfig, DatabaseUrl, Migration, migrate, sql_owned};
use tempfile::TempDir;

/// Names the PostgreSQL server for tests, as a URL; `skip` leaves PostgreSQL out, and says so.
const VARIABLE: &str = "MAINSTAY_TEST_POSTGRES";
const LOCAL_SERVER: &str = "postgresql://postgres@127.0.0.1:5432/test";

/// A database that lasts as long as the test.
#[derive(Debug)]
pub struct TestDatabase {
    database: Database,
    config: DatabaseConfig,
    directory: Option<TempDir>,
}

impl Deref for TestDatabase {
    type Target = Database;

    fn deref(&self) -> &Database {
        &self.database
    }
}

impl TestDatabase {
    /// How to open the same database again, as a restarted process would.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }

    /// The folder of a SQLite database.
    pub fn directory(&self) -> Option<&std::path::Path> {
        self.directory.as_ref().map(TempDir::path)
    }
}

/// A fresh database of each kind, migrated.
///
/// # Panics
/// When a database cannot be made: a test that cannot run must not look as if it passed.
pub async fn databases(migrations: &[Migration]) -> Vec<TestDatabase> {
    let mut databases = vec![sqlite(migrations).await];
    databases.extend(postgres(migrations).await);
    databases
}

/// A fresh SQLite database, migrated.
///
/// # Panics
/// When it cannot be made.
#[expect(clippy::expect_used, reason = "a test that cannot run must not look as if it passed")]
pub async fn sqlite(migrations: &[Migration]) -> TestDatabase {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let config = DatabaseConfig::new(DatabaseUrl::Sqlite(directory.path().join("mainstay.db")));
    let database = Database::open(&config).await.expect("a new SQLite database opens");
    migrate(&database, &World::system(), migrations)
        .await
        .expect("the migrations apply on SQLite");
    TestDatabase {
        database,
        config,
        directory: Some(directory),
    }
}

/// A fresh PostgreSQL schema, migrated; `None` only when PostgreSQL is switched off by `MAINSTAY_TEST_POSTGRES=skip`.
///
/// # Panics
/// When it cannot be made.
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test's own set-up, which must fail loudly"
)]
pub async fn postgres(migrations: &[Migration]) -> Option<TestDatabase> {
    let url = std::env::var(VARIABLE).unwrap_or_else(|_| LOCAL_SERVER.to_owned());
    if url == "skip" {
        eprintln!("skipped on PostgreSQL because {VARIABLE}=skip");
        return None;
    }
    let schema = format!("mainstay_test_{}", World::system().uuid().simple());
    let mut config = DatabaseConfig {
        connections: 3,
        ..DatabaseConfig::new(DatabaseUrl::Postgres(url.clone()))
    };
    let plain = Database::open(&config)
        .await
        .unwrap_or_else(|error| panic!("no PostgreSQL for tests at {url} (set {VARIABLE}): {error}"));
    plain
        .execute(sql_owned(format!("CREATE SCHEMA {schema}")))
        .await
        .expect("a test schema can be created");
    plain.close().await;
    config.schema = Some(schema);
    let database = Database::open(&config).await.expect("the test schema opens");
    migrate(&database, &World::system(), migrations)
        .await
        .expect("the migrations apply on PostgreSQL");
    Some(TestDatabase {
        database,
        config,
        directory: None,
    })
}
