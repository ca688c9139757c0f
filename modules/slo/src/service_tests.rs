//! Promises over real databases: made, changed, followed from files, counted, and read back after a restart.

#![expect(clippy::float_cmp, reason = "budgets that are exact are compared exactly")]

use std::{collections::HashMap, sync::Mutex};

use jiff::SignedDuration;
use mainstay_catalog::{Declaration, ServiceName, Source, SourceKind};
use mainstay_kernel::ManualClock;
use mainstay_testkit::{START, TestDatabase, databases, world};
use serde_json::json;

use super::*;
use crate::{
    MIGRATIONS,
    follow::Reconciled,
    ledger::Counted,
    model::{CheckFacts, Counts, Observation, Outcome, SECOND},
    signal::Signal,
    testing::fleets,
};

#[derive(Default)]
struct Heard(Mutex<Vec<Signal>>);

impl SignalSink for Heard {
    fn signal(&self, signal: Signal) {
        self.0.lock().unwrap().push(signal);
    }
}

async fn opened(db: &Database, world: &World) -> Objectives {
    let slo = Objectives::new(
        db.clone(),
        world.clone(),
        EventHub::new(),
        Settings::default(),
        Arc::<Heard>::default(),
        fleets("api"),
    );
    slo.open().await.unwrap();
    slo
}

async fn each() -> Vec<(TestDatabase, World, Arc<ManualClock>)> {
    let mut all = Vec::new();
    for db in databases(MIGRATIONS).await {
        let (world, clock) = world();
        all.push((db, world, clock));
    }
    all
}

fn draft(objective: f64) -> Draft {
    Draft {
        service: Some("api".to_owned()),
        objective: Some(objective),
        ..Draft::default()
    }
}

fn probe(at: Micros, outcome: Outcome) -> Observation<'static> {
    Observation {
        check: CheckFacts {
            name: "health",
            role: "health",
        },
        at,
        duration_us: 20_000,
        outcome,
    }
}

/// Counts the probes in memory, and in a transaction that is committed or not.
async fn flush(slo: &Objectives, probes: &[Observation<'static>], commit: bool) {
    let environment = Environment::production();
    let api = ServiceName::parse("api").unwrap();
    let mut tx = slo.inner.db.begin().await.unwrap();
    let counted = probes.iter().map(|probe| Counted {
        environment: &environment,
        service: &api,
        probe: *probe,
    });
    slo.persist(&mut tx, counted).await.unwrap();
    if commit {
        tx.commit().await.unwrap();
    } else {
        tx.rollback().await.unwrap();
    }
}

fn observe(slo: &Objectives, probes: &[Observation<'static>]) {
    let environment = Environment::production();
    let api = ServiceName::parse("api").unwrap();
    for probe in probes {
        slo.inner
            .ledger
            .observe(&environment, &api, probe, slo.inner.sink.as_ref());
    }
}

fn counts(slo: &Objectives, id: SloId) -> Counts {
    slo.standing(id).unwrap().1.budget.counts
}

#[tokio::test]
async fn a_restart_reads_back_exactly_the_counts_that_were_committed() {
    for (db, world, clock) in each().await {
        let first = opened(&db, &world).await;
        let id = first.create(&draft(99.9), &Environment::production()).await.unwrap().id;
        let probes: Vec<_> = (1..=2_000)
            .map(|index| {
                let outcome = if index % 100 == 0 {
                    Outcome::NoAnswer
                } else {
                    Outcome::Good
                };
                probe(START + index * 15 * SECOND, outcome)
            })
            .collect();
        clock.advance(SignedDuration::from_secs(2_001 * 15));
        observe(&first, &probes);
        for batch in probes.chunks(70) {
            // A flush that fails is tried again with the same probes.
            flush(&first, batch, false).await;
            flush(&first, batch, true).await;
        }
        let expected = Counts { total: 2_000, bad: 20 };
        assert_eq!(counts(&first, id), expected);

        let second = opened(&db, &world).await;
        // Probes of the new run come, and are written, before the old counts are loaded.
        let fresh = [probe(START + 2_001 * 15 * SECOND, Outcome::NoAnswer)];
        observe(&second, &fresh);
        flush(&second, &fresh, true).await;
        assert!(!second.standing(id).unwrap().1.loaded);
        second.load_now().await.unwrap();
        assert!(second.standing(id).unwrap().1.loaded);
        assert_eq!(counts(&second, id), Counts { total: 2_001, bad: 21 });
        assert_eq!(first.promise(id).unwrap(), second.promise(id).unwrap());
    }
}

#[tokio::test]
async fn latency_percentiles_survive_a_restart() {
    for (db, world, clock) in each().await {
        let first = opened(&db, &world).await;
        let latency = Draft {
            sli_kind: Some("latency".to_owned()),
            threshold_ms: Some(100.0),
            ..draft(95.0)
        };
        let id = first.create(&latency, &Environment::production()).await.unwrap().id;
        clock.advance(SignedDuration::from_secs(100));
        let probes = [
            probe(START + SECOND, Outcome::Good),
            probe(START + 2 * SECOND, Outcome::Good),
        ];
        observe(&first, &probes);
        flush(&first, &probes[..1], true).await;
        flush(&first, &probes[1..], true).await;
        let second = opened(&db, &world).await;
        second.load_now().await.unwrap();
        let before = first.standing(id).unwrap().1;
        let after = second.standing(id).unwrap().1;
        assert!(before.percentiles.is_some());
        assert_eq!(after.percentiles, before.percentiles);
    }
}

#[tokio::test]
async fn promises_are_made_changed_and_taken_back() {
    for (db, world, _clock) in each().await {
        let slo = opened(&db, &world).await;
        let environment = Environment::production();
        let made = slo.create(&draft(99.9), &environment).await.unwrap();
        assert!(matches!(
            slo.create(&draft(99.0), &environment).await,
            Err(SloError::NameTaken(_))
        ));
        let changed = slo.change(made.id, Some(1), &draft(99.5)).await.unwrap();
        assert_eq!((changed.version, changed.series), (2, made.series));
        assert!(matches!(
            slo.change(made.id, Some(1), &draft(99.0)).await,
            Err(SloError::Stale)
        ));
        let other_checks = Draft {
            checks: Some(vec!["readiness".to_owned()]),
            ..draft(99.5)
        };
        let measured = slo.change(made.id, None, &other_checks).await.unwrap();
        assert_ne!(
            measured.series, made.series,
            "what was counted before means something else"
        );
        slo.delete(made.id, Some(3)).await.unwrap();
        assert!(matches!(slo.promise(made.id), Err(SloError::NotFound(_))));
        assert_eq!(opened(&db, &world).await.count(), 0);
    }
}

#[tokio::test]
async fn every_kind_of_definition_survives_the_database() {
    for (db, world, _clock) in each().await {
        let slo = opened(&db, &world).await;
        let named = |name: &str, kind: &str| Draft {
            name: Some(name.to_owned()),
            sli_kind: Some(kind.to_owned()),
            ..draft(99.0)
        };
        let drafts = [
            Draft {
                description: Some("Up.".to_owned()),
                ..named("a", "availability")
            },
            Draft {
                threshold_ms: Some(12.5),
                checks: Some(vec!["health".to_owned(), "x".to_owned()]),
                ..named("b", "latency")
            },
            Draft {
                rules: Some(vec!["page-slow".to_owned()]),
                budget_alert_percent: Some(50.0),
                ..named("c", "error-rate")
            },
            Draft {
                minimum_per_s: Some(0.2),
                window: Some(crate::model::DraftWindow::Calendar(
                    "quarter".to_owned(),
                    "Europe/Berlin".to_owned(),
                )),
                ..named("d", "throughput")
            },
        ];
        for draft in &drafts {
            let made = slo.create(draft, &Environment::production()).await.unwrap();
            let again = opened(&db, &world).await.promise(made.id).unwrap();
            assert_eq!(again, made);
        }
    }
}

fn declared(name: &str, objective: f64, kind: SourceKind) -> Declaration {
    Declaration {
        kind: "slo".to_owned(),
        name: name.to_owned(),
        environment: Environment::production(),
        body: json!({"name": name, "service": "api", "objective": objective}),
        source: Source::file(kind, "slos.yaml", Some(7)),
    }
}

#[tokio::test]
async fn files_are_followed_and_what_comes_back_keeps_its_counts() {
    for (db, world, _clock) in each().await {
        let slo = opened(&db, &world).await;
        let up = declared("up", 99.9, SourceKind::Mainstay);
        let wrong = declared("wrong", 100.0, SourceKind::Mainstay);
        let report = slo.reconcile(&[up.clone(), wrong]).await.unwrap();
        assert_eq!((report.added, report.refused.len()), (1, 1));
        let first = slo.standings(&Environment::production())[0].0.clone();
        assert!(matches!(
            slo.delete(first.id, None).await,
            Err(SloError::FileManaged { .. })
        ));
        assert_eq!(
            slo.reconcile(std::slice::from_ref(&up)).await.unwrap(),
            Reconciled::default()
        );
        let report = slo
            .reconcile(&[declared("up", 99.5, SourceKind::Mainstay)])
            .await
            .unwrap();
        assert_eq!(report.changed, 1);
        assert_eq!(slo.reconcile(&[]).await.unwrap().retired, 1);
        assert_eq!(slo.count(), 0);
        assert_eq!(slo.reconcile(&[up]).await.unwrap().added, 1);
        let back = slo.promise(first.id).unwrap();
        assert_eq!(
            (back.series, back.definition.objective),
            (first.series, first.definition.objective)
        );
    }
}

#[tokio::test]
async fn what_a_person_edited_or_deleted_is_left_alone_by_imports() {
    for (db, world, _clock) in each().await {
        let slo = opened(&db, &world).await;
        let files = [
            declared("a", 99.9, SourceKind::Slos),
            declared("b", 99.9, SourceKind::Slos),
        ];
        slo.reconcile(&files).await.unwrap();
        let find = |name: &str| {
            let all = slo.standings(&Environment::production());
            all.into_iter()
                .map(|(promise, _)| promise)
                .find(|promise| promise.definition.name == name)
        };
        let edited = Draft {
            name: Some("a".to_owned()),
            ..draft(98.0)
        };
        slo.change(find("a").unwrap().id, None, &edited).await.unwrap();
        slo.delete(find("b").unwrap().id, None).await.unwrap();
        assert_eq!(slo.reconcile(&files).await.unwrap(), Reconciled::default());
        assert_eq!(find("a").unwrap().definition.objective.percent(), 98.0);
        assert_eq!(find("b"), None);
        // A person may use the name again.
        slo.create(
            &Draft {
                name: Some("b".to_owned()),
                ..draft(99.0)
            },
            &Environment::production(),
        )
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn counts_are_forgotten_when_no_window_needs_them() {
    for (db, world, clock) in each().await {
        let slo = opened(&db, &world).await;
        let hour = Draft {
            window: Some(crate::model::DraftWindow::Rolling(3_600)),
            ..draft(99.0)
        };
        let id = slo.create(&hour, &Environment::production()).await.unwrap().id;
        clock.advance(SignedDuration::from_hours(2));
        flush(&slo, &[probe(START + SECOND, Outcome::Good)], true).await;
        flush(&slo, &[probe(START + 7_000 * SECOND, Outcome::Good)], true).await;
        assert_eq!(slo.forget_once(&mut HashMap::new()).await.unwrap(), 1);
        let again = opened(&db, &world).await;
        again.load_now().await.unwrap();
        assert_eq!(counts(&again, id), Counts { total: 1, bad: 0 });
    }
}

#[tokio::test]
async fn browsers_hear_of_a_budget_at_most_once_a_tick_and_only_when_something_was_counted() {
    let (world, clock) = world();
    let db = mainstay_testkit::sqlite(MIGRATIONS).await;
    let hub = EventHub::new();
    let slo = Objectives::new(
        db.clone(),
        world,
        hub.clone(),
        Settings::default(),
        Arc::<Heard>::default(),
        fleets("api"),
    );
    slo.open().await.unwrap();
    let id = slo.create(&draft(99.9), &Environment::production()).await.unwrap().id;
    let mut browser = hub.subscribe();
    clock.advance(SignedDuration::from_secs(2));
    observe(
        &slo,
        &[
            probe(START + SECOND, Outcome::Good),
            probe(START + SECOND, Outcome::Good),
        ],
    );
    slo.tick();
    slo.tick();
    let event = browser.try_recv().unwrap();
    assert_eq!(event.topic, "budget");
    let data: serde_json::Value = serde_json::from_str(&event.data).unwrap();
    assert_eq!(
        data,
        json!({"slo_id": id.to_string(), "service": "api", "remaining_ratio": 1.0, "burn_rate": 0.0})
    );
    assert!(browser.try_recv().is_err(), "nothing was counted in between");
}
