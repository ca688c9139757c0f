//! The statements on both databases, where the use cases do not reach.

use jiff::Timestamp;
use mainstay_kernel::{PageRequest, Scope};
use uuid::Uuid;

use super::*;

fn report(id: u128, dry_run: bool) -> ImportRow {
    ImportRow {
        id: Uuid::from_u128(id),
        at: Timestamp::UNIX_EPOCH,
        actor: "local user".to_owned(),
        dry_run,
        files: 1,
        services: 2,
        errors: 3,
        warnings: 4,
        infos: 5,
        report: format!("{id}"),
    }
}

#[tokio::test]
async fn both_databases_get_the_same_schema() {
    let databases = mainstay_testkit::databases(MIGRATIONS).await;
    let mut schemas = Vec::new();
    for database in &databases {
        schemas.push(database.schema().await.unwrap());
    }
    assert!(schemas[0].contains_key("catalog_service"));
    for schema in &schemas {
        assert_eq!(schema, &schemas[0]);
    }
}

#[tokio::test]
async fn only_the_newest_reports_are_kept() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let store = Store::new(Database::clone(&database));
        let scope = Scope::default();
        let mut tx = store.begin().await.unwrap();
        for id in 1..=205 {
            store
                .insert_import(&mut tx, &scope, &report(id, id % 2 == 0))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        let all = store.imports(&scope, &PageRequest::first(1000), None).await.unwrap();
        assert_eq!((all.len(), all[0].as_str(), all[199].as_str()), (200, "205", "6"));
        let page = store
            .imports(&scope, &PageRequest::first(2), Some(Uuid::from_u128(10)))
            .await
            .unwrap();
        assert_eq!(
            page,
            ["9", "8", "7"],
            "one more than asked for, to know that there is more"
        );
        assert_eq!(store.import(&scope, Uuid::from_u128(1)).await.unwrap(), None);
    }
}

#[tokio::test]
async fn each_lock_makes_the_next_state_and_a_rolled_back_one_none() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let store = Store::new(Database::clone(&database));
        let scope = Scope::default();
        for expected in 1..=2 {
            let mut tx = store.begin().await.unwrap();
            assert_eq!(store.lock(&mut tx, &scope).await.unwrap(), expected);
            tx.commit().await.unwrap();
        }
        let mut tx = store.begin().await.unwrap();
        store.lock(&mut tx, &scope).await.unwrap();
        tx.rollback().await.unwrap();
        assert_eq!(store.version(&scope).await.unwrap(), 2);
    }
}
