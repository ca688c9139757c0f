//! The statements on both databases, where the use cases do not reach.

use mainstay_kernel::{from_micros, to_micros};
use proptest::prelude::*;

use super::*;
use crate::model::{Limit, Verdict};

#[tokio::test]
async fn both_databases_get_the_same_schema() {
    let databases = mainstay_testkit::databases(MIGRATIONS).await;
    let mut schemas = Vec::new();
    for database in &databases {
        schemas.push(database.schema().await.unwrap());
    }
    assert!(schemas[0].contains_key("auth_user"));
    for schema in &schemas {
        assert_eq!(schema, &schemas[0]);
    }
}

#[tokio::test]
async fn every_change_counts_one_version() {
    for database in mainstay_testkit::databases(MIGRATIONS).await {
        let store = Store::new(Database::clone(&database));
        assert_eq!(store.version().await.unwrap(), 0);
        for expected in 1..4 {
            let mut tx = store.begin().await.unwrap();
            assert_eq!(store.lock(&mut tx).await.unwrap(), expected);
            tx.commit().await.unwrap();
            assert_eq!(store.version().await.unwrap(), expected);
        }
        let mut tx = store.begin().await.unwrap();
        store.lock(&mut tx).await.unwrap();
        drop(tx);
        assert_eq!(store.version().await.unwrap(), 3, "what is rolled back is no change");
    }
}

fn attempts() -> impl Strategy<Value = (Limit, Vec<i64>)> {
    let limit = (1_u32..6, 1_u32..60).prop_map(|(burst, every_s)| Limit::new(burst, every_s));
    // Time passes, and now and then the clock is set back.
    let gap = prop_oneof![9 => 0_i64..100_000_000, 1 => -10_000_000_000_i64..0];
    (limit, proptest::collection::vec(gap, 1..40))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// The statement and the model say the same to every attempt.
    #[test]
    fn the_statement_of_a_throttle_is_its_model((limit, gaps) in attempts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for database in mainstay_testkit::databases(MIGRATIONS).await {
                let store = Store::new(Database::clone(&database));
                let mut now = to_micros(from_micros(mainstay_testkit::START));
                let mut whole_at = None;
                for gap in &gaps {
                    now += gap;
                    let said = store.charge(&[("bucket".to_owned(), limit)], from_micros(now)).await.unwrap();
                    prop_assert_eq!(said, limit.judge(whole_at, now));
                    if let Verdict::Allowed { whole_at: next } = said {
                        whole_at = Some(next);
                    }
                }
            }
            Ok(())
        })?;
    }
}
