//! Every statement on both databases.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, TypedId, World, from_micros, to_micros};
use mainstay_testkit::{START, databases, world};

use super::*;
use crate::model::{
    check::{Check, CheckManager},
    check_state::{CheckState, Standing},
    draft::{CheckDraft, Defaults},
    failure::{Failure, FailureKind},
    health::HealthReport,
    histogram::Histogram,
    maintenance::Maintenance,
    probe::{Attempt, Phases, Probe},
    rollup::{Resolution, Rollup},
    service_state::{CheckCounts, ServiceState, ServiceStateChange, State},
};

fn second(number: i64) -> Timestamp {
    from_micros(START) + SignedDuration::from_secs(number)
}

fn check(world: &World, key: i64, name: &str) -> Check {
    Check {
        id: world.id(),
        key,
        environment: Environment::production(),
        service: ServiceName::parse("api").unwrap(),
        name: name.to_owned(),
        spec: CheckDraft::of("http://127.0.0.1:1/health")
            .build(&Defaults::default(), None)
            .unwrap(),
        paused: false,
        managed_by: CheckManager::Api,
        source: None,
        edited: vec!["interval_ms".to_owned()],
        version: 1,
        created_at: second(0),
        updated_at: second(0),
    }
}

fn probe(at: i64, failure: Option<Failure>) -> Probe {
    Probe {
        at: second(at),
        duration_us: 1500,
        phases: Phases {
            connect_us: Some(300),
            ..Phases::default()
        },
        status: Some(503),
        health: failure.is_some().then(|| HealthReport {
            status: "down".to_owned(),
            dependencies: Vec::new(),
        }),
        failure,
        address: Some("127.0.0.1:80".parse().unwrap()),
        body_bytes: Some(15),
        tls_days_left: Some(-3),
        attempt: Attempt::Retry,
    }
}

#[tokio::test]
async fn checks_are_kept_changed_retired_and_brought_back() {
    for db in databases(MIGRATIONS).await {
        let (world, _) = world();
        let store = Store::new(db.clone());
        let mut tx = store.begin().await.unwrap();
        assert_eq!(store.take_numbers(&mut tx, 3).await.unwrap(), 1);
        assert_eq!(store.take_numbers(&mut tx, 1).await.unwrap(), 4);
        let mut one = check(&world, 1, "one");
        store.insert_check(&mut tx, &one).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = store.begin().await.unwrap();
        let twin = check(&world, 2, "one");
        assert!(store.insert_check(&mut tx, &twin).await.unwrap_err().is_conflict());
        drop(tx);

        let mut tx = store.begin().await.unwrap();
        one.paused = true;
        one.version = 2;
        store.update_check(&mut tx, &one).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.checks().await.unwrap(), [one.clone()]);

        let mut tx = store.begin().await.unwrap();
        store.retire_check(&mut tx, one.id, second(1)).await.unwrap();
        assert_eq!(store.check_in(&mut tx, one.id).await.unwrap(), None);
        assert_eq!(store.checks_with_retired(&mut tx).await.unwrap(), [(one.clone(), true)]);
        store.update_check(&mut tx, &one).await.unwrap();
        assert_eq!(store.check_in(&mut tx, one.id).await.unwrap(), Some(one.clone()));
        store.retire_check(&mut tx, one.id, second(1)).await.unwrap();
        store
            .delete_retired(&mut tx, &one.environment, &one.service, "one")
            .await
            .unwrap();
        store.insert_check(&mut tx, &twin).await.unwrap();
        store.delete_check(&mut tx, twin.id).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(store.checks().await.unwrap(), []);
    }
}

#[tokio::test]
async fn probes_come_back_as_they_were_newest_first_and_go_with_their_flush() {
    for db in databases(MIGRATIONS).await {
        let store = Store::new(db.clone());
        let failure = Failure::new(FailureKind::Assertion, "answered 503 where 200-299 was expected");
        let probes = [probe(1, None), probe(2, Some(failure)), probe(3, None)];
        let mut tx = store.begin().await.unwrap();
        for (flush, probe) in (100_i64..).zip(&probes) {
            let rows = [ProbeRow::of(7, probe, false), ProbeRow::of(8, probe, true)];
            store.insert_probes(&mut tx, flush, &rows).await.unwrap();
        }
        let row = ProbeRow::of(7, &probes[1], false);
        assert!(store.has_row(&mut tx, 101, &row).await.unwrap());
        assert!(!store.has_row(&mut tx, 102, &row).await.unwrap(), "of another flush");
        assert_eq!(store.take_flush(&mut tx, 500).await.unwrap(), 500);
        assert_eq!(store.take_flush(&mut tx, 400).await.unwrap(), 501, "numbers only grow");
        tx.commit().await.unwrap();

        let all = store.probes(7, ProbeFilter::default(), 10).await.unwrap();
        let found: Vec<&Probe> = all.iter().map(|stored| &stored.probe).collect();
        assert_eq!(found, [&probes[2], &probes[1], &probes[0]]);
        assert!(all.iter().all(|stored| !stored.in_maintenance));
        assert!(store.probes(8, ProbeFilter::default(), 1).await.unwrap()[0].in_maintenance);
        let filter = |ok, before: Option<i64>| ProbeFilter {
            ok,
            before: before.map(|at| to_micros(second(at))),
        };
        assert_eq!(store.probes(7, filter(Some(false), None), 10).await.unwrap().len(), 1);
        assert_eq!(store.probes(7, filter(Some(true), Some(3)), 10).await.unwrap().len(), 1);
        assert_eq!(store.last_flush().await.unwrap(), 102);
        assert_eq!(
            store.probes_after_flush(100, 2).await.unwrap().len(),
            2,
            "whole flushes only"
        );
        assert_eq!(store.probes_after_flush(100, 3).await.unwrap().len(), 4);
        assert_eq!(store.delete_probes_before(102, 1).await.unwrap(), 2);
        assert_eq!(store.delete_probes_before(102, 1).await.unwrap(), 2);
        assert_eq!(store.delete_probes_before(102, 1).await.unwrap(), 0);
        assert_eq!(store.probes(7, ProbeFilter::default(), 10).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn the_last_probe_of_every_check_is_found() {
    for db in databases(MIGRATIONS).await {
        let (world, _) = world();
        let store = Store::new(db.clone());
        let mut tx = store.begin().await.unwrap();
        store.insert_check(&mut tx, &check(&world, 7, "a")).await.unwrap();
        store.insert_check(&mut tx, &check(&world, 8, "b")).await.unwrap();
        let rows = [
            ProbeRow::of(7, &probe(1, None), false),
            ProbeRow::of(7, &probe(5, None), false),
        ];
        store.insert_probes(&mut tx, 1, &rows).await.unwrap();
        tx.commit().await.unwrap();
        let last = store.last_probes().await.unwrap();
        assert_eq!(last.len(), 1);
        assert_eq!((last[0].key, last[0].probe.at), (7, second(5)));
    }
}

#[tokio::test]
async fn rollups_are_written_over_and_summed() {
    for db in databases(MIGRATIONS).await {
        let store = Store::new(db.clone());
        let rollup = |failed: i64| {
            let mut durations = Histogram::default();
            durations.record(1000);
            Rollup {
                total: 10,
                failed,
                maintenance: 2,
                max_us: 9,
                durations,
            }
        };
        let key = |bucket: i64, key: i64| RollupKey {
            resolution: Resolution::Hour,
            bucket,
            key,
        };
        for failed in [1, 3] {
            let mut tx = store.begin().await.unwrap();
            let rows = [
                (key(0, 1), rollup(failed)),
                (key(50, 1), rollup(0)),
                (key(0, 2), rollup(0)),
            ];
            assert_eq!(store.put_rollups(&mut tx, &rows).await.unwrap(), 3);
            store.put_rollup_mark(&mut tx, failed).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(store.rollup_mark().await.unwrap(), 3);
        let found = store.rollups(Resolution::Hour, 1, 0, 50).await.unwrap();
        assert_eq!((found.len(), &found[0].rollup), (1, &rollup(3)));
        let mut tx = store.begin().await.unwrap();
        assert_eq!(
            store
                .rollups_of_bucket(&mut tx, Resolution::Hour, 0)
                .await
                .unwrap()
                .len(),
            2
        );
        tx.rollback().await.unwrap();
        let mut totals = store.totals_since(Resolution::Hour, 0).await.unwrap();
        totals.sort_unstable();
        assert_eq!(totals, [(1, 16, 3), (2, 8, 0)]);
        assert_eq!(
            store.delete_rollups_before(Resolution::Minute, 100, 10).await.unwrap(),
            0
        );
        assert_eq!(store.delete_rollups_before(Resolution::Hour, 50, 1).await.unwrap(), 2);
        assert_eq!(store.rollups(Resolution::Hour, 1, 0, 100).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn states_and_their_changes_are_remembered() {
    for db in databases(MIGRATIONS).await {
        let (world, _) = world();
        let store = Store::new(db.clone());
        let id: crate::model::check::CheckId = world.id();
        let mut state = CheckState::unknown(second(0));
        let failure = Failure::new(FailureKind::Timeout, "did not answer within 2 s");
        let service_state = |state, since| ServiceState {
            service: ServiceName::parse("api").unwrap(),
            environment: Environment::production(),
            state,
            since: second(since),
            reason: None,
            cause: None,
            checks: CheckCounts::default(),
        };
        let change = |before, after, at| {
            TransitionRow::of(&ServiceStateChange {
                before: service_state(before, 0),
                after: service_state(after, at),
                at: second(at),
                own_down: false,
            })
        };
        for round in 0..2 {
            state.standing = Standing::Down;
            state.failing_streak = 3 + round;
            state.failing_since = Some(second(1));
            state.failure = Some(failure.clone());
            let mut tx = store.begin().await.unwrap();
            store
                .put_check_states(&mut tx, &BTreeMap::from([(id, state.clone())]))
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(store.check_states().await.unwrap(), HashMap::from([(id, state)]));

        let rows: Vec<TransitionRow> = [
            change(State::Unknown, State::Up, 1),
            change(State::Up, State::Up, 2),
            change(State::Up, State::Down, 3),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert_eq!(rows.len(), 2, "a changed cause alone is no change of state");
        let mut tx = store.begin().await.unwrap();
        store.put_transitions(&mut tx, &rows).await.unwrap();
        store.put_transitions(&mut tx, &[]).await.unwrap();
        tx.commit().await.unwrap();
        let states = store.service_states().await.unwrap();
        assert_eq!(states.len(), 1);
        assert_eq!((states[0].state, states[0].since), (State::Down, to_micros(second(3))));
        let past = store
            .transitions(&Environment::production(), to_micros(second(2)))
            .await
            .unwrap();
        assert_eq!(past[&ServiceName::parse("api").unwrap()].len(), 1);
        assert_eq!(store.delete_transitions_before(to_micros(second(2))).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn windows_are_listed_last_to_end_first_and_page_by_page() {
    for db in databases(MIGRATIONS).await {
        let (world, _) = world();
        let store = Store::new(db.clone());
        let mut windows = Vec::new();
        for end in [10, 20, 20] {
            let window = Maintenance {
                declared: None,
                id: world.id(),
                environment: Environment::production(),
                service: (end == 10).then(|| ServiceName::parse("api").unwrap()),
                reason: "upgrade".to_owned(),
                starts_at: second(0),
                ends_at: second(end),
            };
            store
                .insert_maintenance(&window, "local user", second(0))
                .await
                .unwrap();
            windows.push(window);
        }
        let production = Environment::production();
        let first = store.maintenance(&production, None, 2).await.unwrap();
        assert_eq!(
            first.iter().map(|window| window.ends_at).collect::<Vec<_>>(),
            [second(20), second(20)]
        );
        assert!(first[0].id > first[1].id);
        let rest = store
            .maintenance(&production, Some((to_micros(first[1].ends_at), first[1].id)), 2)
            .await
            .unwrap();
        assert_eq!(rest, [windows[0].clone()]);
        assert_eq!(
            store
                .maintenance_ending_after(to_micros(second(10)))
                .await
                .unwrap()
                .len(),
            2
        );
        assert!(store.delete_maintenance(windows[0].id).await.unwrap());
        assert!(!store.delete_maintenance(windows[0].id).await.unwrap());
        assert!(!windows[0].id.as_uuid().is_nil());
    }
}
