//! Flushes are whole or nothing, and rollups agree with raw rows whatever happens between.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use jiff::SignedDuration;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, ManualClock, World, to_micros};
use mainstay_runtime::Tasks;
use mainstay_store::{Database, StoreErrorKind, Wakes, sql};
use mainstay_testkit::{databases, sqlite, world};
use mainstay_work::{Introduction, Leases, Role, Timing};

use super::*;
use crate::{
    model::{
        check::CheckRole,
        failure::{Failure, FailureKind},
        probe::{Attempt, Phases, Probe},
        rollup::{Resolution, Rollup},
    },
    store::{MIGRATIONS, ProbeFilter, ProbeRow, Store},
};

struct Bench {
    store: Store,
    world: World,
    clock: Arc<ManualClock>,
    buffer: Arc<Buffer>,
    writer: Arc<Writer>,
}

async fn bench(db: &Database, limit: usize) -> Bench {
    let (world, clock) = world();
    let store = Store::new(db.clone());
    let buffer = Arc::new(Buffer::new(limit));
    let writer = Arc::new(
        Writer::new(
            store.clone(),
            world.clone(),
            Arc::clone(&buffer),
            crate::Share::default(),
        )
        .await
        .unwrap(),
    );
    Bench {
        store,
        world,
        clock,
        buffer,
        writer,
    }
}

impl Bench {
    /// A result of check 1 that began now.
    fn push(&self, ok: bool) {
        let probe = Probe {
            at: self.world.now(),
            duration_us: 1000,
            phases: Phases::default(),
            status: None,
            failure: (!ok).then(|| Failure::new(FailureKind::ConnectRefused, "refused the connection")),
            address: None,
            body_bytes: None,
            health: None,
            tls_days_left: None,
            attempt: Attempt::Scheduled,
        };
        let event = ProbeEvent {
            check: self.world.id(),
            check_name: "health".into(),
            role: CheckRole::Health,
            service: ServiceName::parse("api").unwrap(),
            environment: Environment::production(),
            at: probe.at,
            finished_at: probe.finished_at(),
            duration_us: 1000,
            ok,
            in_maintenance: false,
            failure: probe.failure.clone(),
            phases: probe.phases,
            foreign: None,
        };
        self.buffer.push(event, ProbeRow::of(1, &probe, false));
    }

    async fn raw(&self) -> usize {
        self.store.probes(1, ProbeFilter::default(), 1000).await.unwrap().len()
    }

    /// All results as the hours show them, memory included.
    async fn hours(&self) -> Rollup {
        let stored = self.store.rollups(Resolution::Hour, 1, 0, i64::MAX).await.unwrap();
        let buckets = self
            .writer
            .accumulator()
            .overlay(Resolution::Hour, 1, (0, i64::MAX), stored);
        let mut sum = Rollup::default();
        for rollup in buckets.values() {
            sum.merge(rollup);
        }
        sum
    }
}

/// Counts what it is given in a table of its own, or refuses.
#[derive(Default)]
struct Counting {
    refuse: AtomicBool,
    seen: Mutex<Vec<usize>>,
}

#[async_trait]
impl FlushParticipant for Counting {
    async fn persist(&self, tx: &mut Transaction, events: &[ProbeEvent]) -> Result<(), StoreError> {
        self.seen.lock().unwrap().push(events.len());
        let count = i64::try_from(events.len()).unwrap();
        tx.execute(sql("UPDATE watch_counter SET next = next + $1 WHERE name = 'check'").bind(count))
            .await?;
        if self.refuse.load(Ordering::SeqCst) {
            return Err(StoreError::new(StoreErrorKind::Busy, "not now"));
        }
        Ok(())
    }
}

async fn counted(db: &Database) -> i64 {
    let row = db
        .fetch_one(sql("SELECT next FROM watch_counter WHERE name = 'check'"))
        .await
        .unwrap();
    row.get::<i64>("next").unwrap() - 1
}

#[tokio::test]
async fn results_and_what_others_count_by_them_are_written_together_or_not_at_all() {
    for db in databases(MIGRATIONS).await {
        let bench = bench(&db, 100).await;
        let counting = Arc::new(Counting::default());
        bench.writer.add_participant(counting.clone());
        counting.refuse.store(true, Ordering::SeqCst);
        bench.push(true);
        bench.push(false);
        assert!(bench.writer.flush().await.is_err());
        assert_eq!((bench.raw().await, counted(&db).await), (0, 0));
        assert_eq!(bench.hours().await.total, 0, "what is not written is not added up");
        bench.push(true);
        counting.refuse.store(false, Ordering::SeqCst);
        assert_eq!(bench.writer.flush().await.unwrap(), 3);
        assert_eq!((bench.raw().await, counted(&db).await), (3, 3));
        assert_eq!((bench.hours().await.total, bench.hours().await.failed), (3, 1));
        assert_eq!(bench.buffer.waiting(), (0, 0));
    }
}

#[tokio::test]
async fn while_the_database_is_away_the_oldest_results_are_kept_and_the_loss_is_counted() {
    let db = sqlite(MIGRATIONS).await;
    let bench = bench(&db, 3).await;
    let counting = Arc::new(Counting::default());
    counting.refuse.store(true, Ordering::SeqCst);
    bench.writer.add_participant(counting.clone());
    let first = bench.world.now();
    for _ in 0..2 {
        bench.push(true);
        bench.clock.advance(SignedDuration::from_secs(1));
    }
    assert!(bench.writer.flush().await.is_err());
    for _ in 0..3 {
        bench.push(true);
        bench.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(bench.buffer.waiting(), (3, 2));
    counting.refuse.store(false, Ordering::SeqCst);
    assert_eq!(bench.writer.flush().await.unwrap(), 3);
    let stored = bench.store.probes(1, ProbeFilter::default(), 10).await.unwrap();
    assert_eq!(stored.last().unwrap().probe.at, first);
    bench.push(true);
    assert_eq!(bench.writer.flush().await.unwrap(), 1, "there is room again");
}

#[tokio::test]
async fn a_crash_before_the_rollups_are_written_loses_and_doubles_nothing() {
    for db in databases(MIGRATIONS).await {
        let before = bench(&db, 100).await;
        before.push(true);
        before.writer.flush().await.unwrap();
        before.writer.write_rollups().await.unwrap();
        before.clock.advance(SignedDuration::from_secs(1));
        before.push(false);
        before.writer.flush().await.unwrap();
        // The process dies here.
        let after = bench(&db, 100).await;
        after.writer.replay().await.unwrap();
        assert_eq!((after.hours().await.total, after.hours().await.failed), (2, 1));
        after.push(true);
        after.writer.flush().await.unwrap();
        assert!(after.writer.write_rollups().await.unwrap() > 0);
        assert_eq!(after.writer.write_rollups().await.unwrap(), 0, "nothing changed since");
        let again = bench(&db, 100).await;
        again.writer.replay().await.unwrap();
        assert_eq!((again.hours().await.total, again.hours().await.failed), (3, 1));
    }
}

#[tokio::test]
async fn rows_that_are_followed_while_another_takes_over_do_not_hide_those_before_them() {
    for db in databases(MIGRATIONS).await {
        let before = bench(&db, 100).await;
        let mut flushes = Vec::new();
        for _ in 0..3 {
            before.push(true);
            before.writer.flush().await.unwrap();
            flushes.push(before.store.last_flush().await.unwrap());
            before.clock.advance(SignedDuration::from_secs(1));
        }
        // Began anew, and has not replayed yet; whoever follows is two flushes ahead.
        let after = bench(&db, 100).await;
        let followed = after.store.probes_after_flush(flushes[1], 100).await.unwrap();
        assert_eq!(followed.len(), 1);
        assert!(!after.writer.add_up(flushes[1], &followed));
        after.writer.replay().await.unwrap();
        assert_eq!(after.hours().await.total, 3);
        assert!(after.writer.add_up(flushes[1], &followed), "included by now");
        assert_eq!(after.hours().await.total, 3);
    }
}

#[tokio::test]
async fn who_leads_and_has_not_taken_over_yet_leaves_the_rollups_alone() {
    let migrations = [mainstay_work::MIGRATIONS, MIGRATIONS].concat();
    let Some(db) = mainstay_testkit::postgres(&migrations).await else {
        return;
    };
    let (tasks, wakes) = (Tasks::new(World::system()), Wakes::new());
    let introduction = Introduction {
        name: "successor".to_owned(),
        roles: Role::ALL.into(),
        version: String::new(),
        presence: None,
    };
    let leases = Leases::new(
        db.clone(),
        World::system(),
        wakes.clone(),
        introduction,
        Timing::default(),
    );
    let share = crate::Share::new(&leases, &wakes, &db);
    leases.start(&tasks).await.unwrap();
    let mut held = share.held().unwrap();
    while share.lead().is_none() {
        held.changed().await;
    }
    let before = bench(&db, 100).await;
    let successor = Writer::new(
        before.store.clone(),
        World::system(),
        Arc::new(Buffer::new(100)),
        share.clone(),
    );
    let successor = successor.await.unwrap();
    for _ in 0..2 {
        before.push(true);
        before.writer.flush().await.unwrap();
        successor.replay().await.unwrap();
        before.writer.write_rollups().await.unwrap();
        before.clock.advance(SignedDuration::from_secs(1));
    }
    assert_eq!(
        successor.write_rollups().await.unwrap(),
        0,
        "memory holds what is stored already"
    );
    before.push(true);
    before.writer.flush().await.unwrap();
    successor.take_over(share.lead().unwrap()).await.unwrap();
    assert!(successor.write_rollups().await.unwrap() > 0);
    let stored = before.store.rollups(Resolution::Hour, 1, 0, i64::MAX).await.unwrap();
    assert_eq!(stored.iter().map(|stored| stored.rollup.total).sum::<i64>(), 3);
    tasks.abort();
}

#[tokio::test]
async fn a_clock_that_steps_back_an_hour_mixes_nothing_up() {
    let db = sqlite(MIGRATIONS).await;
    let bench = bench(&db, 100).await;
    for step in [60, 3600, -3600, -3600, 7200] {
        bench.push(step > 0);
        bench.writer.flush().await.unwrap();
        bench.writer.write_rollups().await.unwrap();
        bench.clock.advance(SignedDuration::from_secs(step));
    }
    assert_eq!((bench.hours().await.total, bench.hours().await.failed), (5, 2));
    let minutes = bench.store.rollups(Resolution::Minute, 1, 0, i64::MAX).await.unwrap();
    assert_eq!(minutes.iter().map(|stored| stored.rollup.total).sum::<i64>(), 5);
    assert_eq!(bench.raw().await, 5);
}

#[tokio::test]
async fn old_history_is_forgotten_and_the_rest_stays() {
    let db = sqlite(MIGRATIONS).await;
    let bench = bench(&db, 100).await;
    for _ in 0..3 {
        bench.push(true);
        bench.writer.flush().await.unwrap();
        bench.writer.write_rollups().await.unwrap();
        bench.clock.advance(SignedDuration::from_hours(24 * 50));
    }
    let deleted = Retention::default()
        .run(&bench.store, &bench.world, None)
        .await
        .unwrap();
    // The probes are 150, 100 and 50 days old: all raw rows go, and the minutes of the first two (100 days and a moment).
    assert_eq!(bench.raw().await, 0);
    let minutes = bench
        .store
        .rollups(Resolution::Minute, 1, 0, to_micros(bench.world.now()))
        .await
        .unwrap();
    assert_eq!(bench.hours().await.total, 3);
    assert_eq!(deleted, 3 + 3 - u64::try_from(minutes.len()).unwrap());
    assert!((1..=2).contains(&minutes.len()));
}
