//! The check is checked: a record in order breaks nothing, and each way in which a store or a replica could lie is called by
//! its name and by no other.

use std::collections::BTreeMap;

use mainstay_kernel::Micros;
use serde_json::json;

use super::{
    checker::{Limits, SECOND, violations},
    gaps::{gaps, percentile},
    record::{
        AlertKept, Arrival, DeliveryKept, Freeze, Happened, Hit, JobKept, Kept, Kill, LeaseSeen, ProbeKept, Record, Run,
    },
};

const LIMITS: Limits = Limits {
    fail_over: 10 * SECOND,
    interval: SECOND,
};
const FIRST: Run = Run { replica: 0, start: 1 };
const SECOND_RUN: Run = Run { replica: 1, start: 1 };
/// When the first replica is killed.
const KILLED: Micros = 20 * SECOND;
/// When the second takes over.
const TAKEN_OVER: Micros = 24 * SECOND;
const ENDED: Micros = 40 * SECOND;

fn hit(by: Run, at: Micros) -> Hit {
    Hit {
        check: 0,
        at,
        by,
        well: true,
    }
}

fn arrival(event: &str, accepted: bool) -> Arrival {
    Arrival {
        at: 10 * SECOND,
        id: format!("id-of-{event}"),
        alert: "alert".to_owned(),
        event: event.to_owned(),
        accepted,
    }
}

fn delivery(event: &str) -> DeliveryKept {
    DeliveryKept {
        id: format!("id-of-{event}"),
        alert: "alert".to_owned(),
        event: event.to_owned(),
        status: "delivered".to_owned(),
        attempts: 1,
    }
}

fn lease(at: Micros, holder: Option<&str>, token: i64) -> LeaseSeen {
    LeaseSeen {
        at,
        name: "watch/00".to_owned(),
        holder: holder.map(|id| (id.to_owned(), None)),
        token,
    }
}

/// Two replicas, one of which is killed; nothing is wrong.
fn in_order() -> Record {
    let first = (1..20).map(|second| hit(FIRST, second * SECOND));
    let second = (24..40).map(|second| hit(SECOND_RUN, second * SECOND));
    let mut hits: Vec<Hit> = first.chain(second).collect();
    for hit in &mut hits[4..6] {
        hit.well = false;
    }
    let probes: Vec<ProbeKept> = hits
        .iter()
        .map(|hit| ProbeKept {
            check: 0,
            at: hit.at - 2_000,
            flush: hit.at,
            ok: hit.well,
        })
        .collect();
    let counted = (i64::try_from(probes.len()).unwrap(), 2);
    let events = ["alert.opened", "alert.resolved"];
    Record {
        happened: Happened {
            replicas: 2,
            began: 0,
            ended: ENDED,
            writes: BTreeMap::from([
                ("/kept".to_owned(), Some(json!({ "owner": "crew" }))),
                ("/deleted".to_owned(), None),
            ]),
            reasons: ["quiet".to_owned()].into(),
            shown: [(0, probes[3].at)].into(),
            hits,
            arrivals: vec![
                arrival("alert.opened", false),
                arrival("alert.opened", true),
                arrival("alert.resolved", true),
            ],
            kills: vec![Kill { at: KILLED, run: FIRST }],
            outages: [(0, 1)].into(),
            acknowledged: ["alert".to_owned()].into(),
            jobs: ["job".to_owned()].into(),
            leases: vec![lease(0, Some("one"), 1), lease(23 * SECOND, Some("two"), 2)],
            freezes: Vec::new(),
            paused: BTreeMap::new(),
        },
        kept: Kept {
            objects: [("/kept".to_owned(), Some(json!({ "owner": "crew", "name": "kept" })))].into(),
            reasons: [("quiet".to_owned(), 1)].into(),
            probes,
            counts: [(0, counted)].into(),
            budgets: vec![[(0, counted)].into(), [(0, counted)].into()],
            minutes: [(0, (30, 30))].into(),
            alerts: vec![AlertKept {
                id: "alert".to_owned(),
                check: Some(0),
                kind: "service-down".to_owned(),
                service: "watched-0".to_owned(),
                opened_at: 6 * SECOND,
                resolved_at: Some(7 * SECOND),
                acknowledged_by: Some("ada".to_owned()),
                told: true,
            }],
            deliveries: events.map(delivery).into(),
            jobs: vec![JobKept {
                id: "job".to_owned(),
                state: "done".to_owned(),
                attempt: 2,
                last_error: None,
            }],
            events: vec![
                (1, "alert".to_owned(), "opened".to_owned()),
                (2, "alert".to_owned(), "resolved".to_owned()),
            ],
            last_position: 2,
            behind: Vec::new(),
            integrity: Some("ok".to_owned()),
            disorderly: Vec::new(),
        },
    }
}

/// The promises that a record breaks once it was broken itself.
fn promises(break_it: impl FnOnce(&mut Record)) -> Vec<&'static str> {
    let mut record = in_order();
    break_it(&mut record);
    let mut found: Vec<&str> = violations(&record, LIMITS).into_iter().map(|one| one.promise).collect();
    found.dedup();
    found
}

#[test]
fn a_record_in_order_breaks_no_promise() {
    assert_eq!(violations(&in_order(), LIMITS), []);
}

#[test]
fn a_write_that_is_gone_changed_or_undone_is_called_so() {
    let lost = promises(|record| {
        record.kept.objects.insert("/kept".to_owned(), None);
    });
    let changed =
        promises(|record| record.kept.objects.get_mut("/kept").unwrap().as_mut().unwrap()["owner"] = json!("x"));
    let undone = promises(|record| {
        record.kept.objects.insert("/deleted".to_owned(), Some(json!({})));
    });
    let silence = promises(|record| record.kept.reasons.clear());
    let acknowledgement = promises(|record| record.kept.alerts[0].acknowledged_by = None);
    for found in [lost, changed, undone, silence, acknowledgement] {
        assert_eq!(found, ["acknowledged-write"]);
    }
}

#[test]
fn what_happened_twice_is_called_so() {
    let request = promises(|record| {
        record.kept.reasons.insert("quiet".to_owned(), 2);
    });
    assert_eq!(request, ["effects-once"]);
    let probe = promises(|record| {
        let again = record.kept.probes[8];
        record.kept.probes.push(again);
        record.kept.counts.clear();
        record.kept.budgets.clear();
    });
    assert_eq!(probe, ["effects-once"]);
    let event = promises(|record| {
        record.kept.events.push((3, "alert".to_owned(), "opened".to_owned()));
        record.kept.last_position = 3;
    });
    assert_eq!(event, ["events-once"]);
}

#[test]
fn a_probe_that_was_shown_and_one_that_had_time_to_be_stored_are_missed() {
    let found = promises(|record| {
        record.kept.probes.remove(3);
        record.kept.counts.clear();
        record.kept.budgets.clear();
    });
    assert_eq!(found, ["shown-probe", "flushed-probe"]);
    // What the killed process had found a moment before is nobody's promise.
    let found = promises(|record| {
        record.kept.probes.retain(|row| row.at < 18 * SECOND || row.at > KILLED);
        record.kept.counts.clear();
        record.kept.budgets.clear();
    });
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_probe_whose_replica_was_frozen_over_it_and_killed_soon_after_is_not_missed() {
    let without = |frozen_from: Micros| {
        promises(|record| {
            record.kept.probes.retain(|row| row.at < 14 * SECOND || row.at > KILLED);
            record.happened.shown.clear();
            record.happened.freezes = vec![Freeze {
                run: FIRST,
                from: frozen_from,
                to: KILLED - SECOND,
            }];
            record.kept.counts.clear();
            record.kept.budgets.clear();
        })
    };
    assert_eq!(without(14 * SECOND), [""; 0]);
    assert_eq!(without(18 * SECOND), ["flushed-probe"]);
}

#[test]
fn a_probe_that_a_pause_found_under_way_is_not_missed_and_an_earlier_one_is() {
    let without = |second: Micros| {
        promises(|record| {
            record.happened.paused.insert(0, 39 * SECOND + SECOND / 20);
            record.happened.shown.clear();
            record
                .kept
                .probes
                .retain(|row| !(second * SECOND - SECOND / 2..second * SECOND).contains(&row.at));
            record.kept.counts.clear();
            record.kept.budgets.clear();
        })
    };
    assert_eq!(without(39), [""; 0]);
    assert_eq!(without(38), ["flushed-probe"]);
}

#[test]
fn counts_that_differ_from_the_rows_are_called_so() {
    let stored = promises(|record| record.kept.counts.get_mut(&0).unwrap().0 += 1);
    let bad = promises(|record| record.kept.counts.get_mut(&0).unwrap().1 += 1);
    let one_replica = promises(|record| record.kept.budgets[1].get_mut(&0).unwrap().0 -= 1);
    for found in [stored, bad, one_replica] {
        assert_eq!(found, ["counts-equal-rows"]);
    }
    let minutes = promises(|record| record.kept.minutes.get_mut(&0).unwrap().0 += 1);
    assert_eq!(minutes, ["minutes-equal-rows"]);
}

#[test]
fn a_second_page_a_missing_one_and_one_about_nothing_are_called_so() {
    let second = promises(|record| {
        let mut again = arrival("alert.opened", true);
        again.id = "another".to_owned();
        record.happened.arrivals.push(again);
    });
    assert_eq!(second, ["one-page"]);
    let missing = promises(|record| record.happened.arrivals.retain(|arrival| !arrival.accepted));
    assert_eq!(missing, ["told-at-least-once", "attempts-are-real"]);
    let pending = promises(|record| record.kept.deliveries[1].status = "pending".to_owned());
    assert_eq!(pending, ["told-at-least-once"]);
    let nothing = promises(|record| {
        let mut other = arrival("alert.opened", true);
        other.alert = "never".to_owned();
        record.happened.arrivals.push(other);
    });
    assert_eq!(nothing, ["told-is-kept"]);
    let invented = promises(|record| record.kept.deliveries[0].attempts = 9);
    assert_eq!(invented, ["attempts-are-real"]);
}

#[test]
fn an_alert_too_many_and_one_that_stays_open_are_called_so() {
    let again = promises(|record| {
        record.happened.outages.clear();
    });
    assert_eq!(again, ["one-alert"]);
    let open = promises(|record| {
        record.kept.alerts[0].resolved_at = None;
        record.kept.events.pop();
        record.kept.last_position = 1;
    });
    assert_eq!(open, ["alerts-end"]);
}

#[test]
fn work_that_does_not_end_and_events_nobody_sees_are_called_so() {
    let running = promises(|record| record.kept.jobs[0].state = "running".to_owned());
    let gone = promises(|record| record.kept.jobs.clear());
    assert_eq!([running, gone], [["jobs-end"], ["jobs-end"]]);
    let failed = promises(|record| record.kept.jobs[0].state = "failed".to_owned());
    assert_eq!(failed, ["jobs-end"]);
    let killed_each_time = promises(|record| {
        let job = &mut record.kept.jobs[0];
        (job.state, job.attempt) = ("failed".to_owned(), 1);
        job.last_error = Some("the replica that ran it ended before it did".to_owned());
    });
    assert_eq!(killed_each_time, [""; 0], "its attempts were used up");
    let behind = promises(|record| record.kept.behind.push("a handler is at 1 of 2".to_owned()));
    assert_eq!(behind, ["events-seen"]);
    let hole = promises(|record| record.kept.last_position = 3);
    assert_eq!(hole, ["events-kept"]);
    let unannounced = promises(|record| {
        record.kept.events[1].1 = "other".to_owned();
    });
    assert_eq!(unannounced, ["events-once"]);
}

#[test]
fn two_who_probe_one_check_are_called_so_unless_one_takes_over_from_the_other() {
    let both = promises(|record| {
        for second in 30..34 {
            let run = Run { replica: 0, start: 2 };
            record.happened.hits.push(hit(run, second * SECOND + SECOND / 2));
        }
        record.kept.probes.clear();
        record.happened.shown.clear();
        record.kept.counts.clear();
        record.kept.budgets.clear();
    });
    assert!(both.contains(&"one-prober"), "{both:?}");
    // Back and forth, each in turn, is no overlap.
    let in_turn = promises(|record| {
        for hit in record.happened.hits.iter_mut().skip(20).step_by(2) {
            hit.by = Run { replica: 0, start: 2 };
        }
    });
    assert_eq!(in_turn, [""; 0]);
}

#[test]
fn a_check_that_lies_still_is_called_so_and_measured_from_the_kill() {
    let found = promises(|record| {
        record
            .happened
            .hits
            .retain(|hit| hit.at < KILLED || hit.at > 32 * SECOND);
    });
    assert_eq!(found, ["fail-over"]);
    let unkilled = promises(|record| {
        record
            .happened
            .hits
            .retain(|hit| hit.at < 5 * SECOND || hit.at > 17 * SECOND);
    });
    assert_eq!(unkilled, ["fail-over"]);
    let alone = promises(|record| {
        record.happened.replicas = 1;
        record
            .happened
            .hits
            .retain(|hit| hit.at < KILLED || hit.at > 32 * SECOND);
    });
    assert_eq!(alone, [""; 0], "with one replica there is nobody to take over");
    let measured = gaps(&in_order().happened);
    assert_eq!(
        measured.iter().map(|gap| gap.lasted).collect::<Vec<_>>(),
        [TAKEN_OVER - KILLED]
    );
    assert_eq!(
        [50, 99, 100].map(|percent| percentile(&[1, 2, 3, 4], percent)),
        [2, 4, 4]
    );
}

#[test]
fn a_token_that_does_not_grow_is_called_so() {
    let back = promises(|record| record.happened.leases.push(lease(ENDED, Some("one"), 1)));
    let same = promises(|record| record.happened.leases.push(lease(ENDED, Some("three"), 2)));
    assert_eq!([back, same], [["tokens-grow"], ["tokens-grow"]]);
}

#[test]
fn a_damaged_file_and_a_disorderly_end_are_called_so() {
    let damaged = promises(|record| record.kept.integrity = Some("row 7 missing from index".to_owned()));
    assert_eq!(damaged, ["sound-file"]);
    let disorderly = promises(|record| record.kept.disorderly.push("replica 1 ended with 101".to_owned()));
    assert_eq!(disorderly, ["orderly-end"]);
}
