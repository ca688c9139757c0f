//! Group commit on both databases: each caller hears of its own statements, and suffers for nobody else's.

#![expect(clippy::expect_used, reason = "a test that cannot go on must stop loudly")]

use std::time::Duration;

use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Bind, Database, GroupCommit, Migration, Statement, StoreErrorKind, sql};
use mainstay_testkit::databases;

const ROWS: Migration = Migration {
    module: "demo",
    version: 1,
    name: "rows",
    sql: "CREATE TABLE demo_row (\n    id BIGINT NOT NULL PRIMARY KEY,\n    words TEXT NOT NULL\n);\n",
};

fn add(id: i64, words: impl Bind) -> Statement {
    sql("INSERT INTO demo_row (id, words) VALUES ($1, $2)")
        .bind(id)
        .bind(words)
}

fn add_if_absent(id: i64) -> Statement {
    sql("INSERT INTO demo_row (id, words) VALUES ($1, 'it''s $1') ON CONFLICT (id) DO NOTHING").bind(id)
}

/// Touches the rows from one number up to another.
fn say(words: &str, from: i64, to: i64) -> Statement {
    sql("UPDATE demo_row SET words = $3 WHERE id >= $1 AND id < $2")
        .bind(from)
        .bind(to)
        .bind(words)
}

async fn words(db: &Database, id: i64) -> Option<String> {
    let found = sql("SELECT words FROM demo_row WHERE id = $1").bind(id);
    let row = db.fetch_optional(found).await.expect("the query is valid")?;
    Some(row.get("words").expect("the column is there"))
}

/// All of these at once, so that they come to few groups.
async fn all(
    group: &GroupCommit,
    writes: impl IntoIterator<Item = Vec<Statement>>,
) -> Vec<Result<Vec<u64>, StoreErrorKind>> {
    let writes = writes.into_iter().map(|statements| group.write(statements));
    let answers = futures::future::join_all(writes).await;
    answers
        .into_iter()
        .map(|answer| answer.map_err(|error| error.kind))
        .collect()
}

async fn committing(test: impl AsyncFn(&Database, &GroupCommit)) {
    for db in databases(&[ROWS]).await {
        let tasks = Tasks::new(World::system());
        let group = GroupCommit::start(db.clone(), &tasks);
        test(&db, &group).await;
        tasks.stop_and_wait(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn each_of_many_alike_and_different_writes_hears_how_many_rows_it_touched() {
    committing(async |db, group| {
        let inserted = all(group, (0..300).map(|id| vec![add(id, "first")])).await;
        assert!(inserted.iter().all(|touched| touched == &Ok(vec![1])), "{inserted:?}");

        // Three shapes in turn: one touches some rows or none, one has two statements.
        let writes = (0..300).map(|n| match n % 3 {
            0 => vec![add_if_absent(n + 150)],
            1 => vec![say("second", n, n + n % 2 * 5)],
            _ => vec![add(1_000 + n, format!("row {n}")), say("third", 1_000 + n, 1_001 + n)],
        });
        let answers = all(group, writes).await;
        for (n, answer) in (0_i64..).zip(answers) {
            let expected = match n % 3 {
                0 if n + 150 < 300 => vec![0],
                0 => vec![1],
                1 if n % 2 == 0 => vec![0],
                1 => vec![u64::try_from((300 - n).min(5)).unwrap()],
                _ => vec![1, 1],
            };
            // A row that was added may have been touched by what ran after it.
            let may_be_more = n % 3 == 1 && n % 2 == 1 && n + 5 > 300;
            assert!(
                answer == Ok(expected.clone()) || may_be_more,
                "{n}: {answer:?}, not {expected:?}"
            );
        }
        assert_eq!(words(db, 1_002).await.unwrap(), "third");
        assert_eq!(words(db, 348).await.unwrap(), "it's $1");
    })
    .await;
}

#[tokio::test]
async fn a_write_that_is_refused_happens_not_at_all_and_no_other_suffers() {
    committing(async |db, group| {
        all(group, [vec![add(77, "taken")]]).await;
        let writes = (0..200).map(|id| match id {
            77 => vec![add(10_077, "must not stay"), add(77, "again")],
            _ => vec![add(id, "new")],
        });
        let answers = all(group, writes).await;
        for (id, answer) in answers.into_iter().enumerate() {
            let expected = if id == 77 {
                Err(StoreErrorKind::Conflict)
            } else {
                Ok(vec![1])
            };
            assert_eq!(answer, expected, "{id}");
        }
        assert_eq!(words(db, 77).await.unwrap(), "taken");
        assert_eq!(words(db, 10_077).await, None);
        assert_eq!(words(db, 199).await.unwrap(), "new");
    })
    .await;
}
