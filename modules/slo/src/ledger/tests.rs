//! From probes to signals, without a database.

use std::sync::Mutex;

use jiff::Timestamp;
use mainstay_catalog::ManagedBy;
use mainstay_kernel::{TypedId, from_micros, uuid::Uuid};

use super::*;
use crate::{
    model::{BudgetState, CheckFacts, Draft, DraftWindow, Limits, Outcome, SECOND, validate},
    signal::{AlertKind, Severity, Signal},
};

const START: Micros = 1_772_366_400 * SECOND;
const HOLD: Micros = 30 * SECOND;
const MINUTE: Micros = 60 * SECOND;

#[derive(Default)]
struct Heard(Mutex<Vec<Signal>>);

impl SignalSink for Heard {
    fn signal(&self, signal: Signal) {
        self.0.lock().unwrap().push(signal);
    }
}

impl Heard {
    /// Kind, severity and level of everything heard since the last time.
    fn take(&self) -> Vec<(&'static str, Severity, bool)> {
        let signals = std::mem::take(&mut *self.0.lock().unwrap());
        signals
            .iter()
            .map(|signal| (signal.key.kind.as_str(), signal.severity, signal.firing))
            .collect()
    }

    fn last_firing(&self, kind: AlertKind) -> Signal {
        let signals = self.0.lock().unwrap();
        signals
            .iter()
            .rev()
            .find(|signal| signal.firing && signal.key.kind == kind)
            .cloned()
            .unwrap()
    }
}

fn promise(draft: Draft, since: Micros) -> Arc<Promise> {
    let draft = Draft {
        service: draft.service.or_else(|| Some("api".to_owned())),
        ..draft
    };
    let definition = validate(&draft, &Environment::production(), &Limits::default())
        .unwrap()
        .definition;
    let at = from_micros(since);
    Arc::new(Promise {
        id: SloId::from_uuid(Uuid::from_u128(1)),
        definition,
        managed_by: ManagedBy::Api,
        source: None,
        series: SeriesId::from_uuid(Uuid::from_u128(2)),
        series_since: at,
        version: 1,
        created_at: at,
        updated_at: at,
        retired_at: None,
    })
}

fn three_nines() -> Draft {
    Draft {
        objective: Some(99.9),
        ..Draft::default()
    }
}

struct Fleet {
    ledger: Ledger,
    heard: Heard,
    now: Micros,
}

impl Fleet {
    fn of(promise: &Arc<Promise>) -> Self {
        let fleet = Self {
            ledger: Ledger::new(HOLD, START),
            heard: Heard::default(),
            now: START,
        };
        fleet.ledger.keep(std::slice::from_ref(promise), START, &fleet.heard);
        fleet.ledger.loaded(Micros::MIN);
        fleet
    }

    fn probe(&self, outcome: Outcome) {
        let probe = Observation {
            check: CheckFacts {
                name: "health",
                role: "health",
            },
            at: self.now,
            duration_us: 20_000,
            outcome,
        };
        let service = ServiceName::parse("api").unwrap();
        self.ledger
            .observe(&Environment::production(), &service, &probe, &self.heard);
    }

    /// Probes every `every` for `long`, with a tick after each.
    fn probes(&mut self, long: Micros, every: Micros, outcome: Outcome) {
        let end = self.now + long;
        while self.now < end {
            self.now += every;
            self.probe(outcome);
            self.ledger.tick(self.now, &self.heard);
        }
    }

    fn standing(&self) -> Standing {
        let account = self.ledger.account(SloId::from_uuid(Uuid::from_u128(1))).unwrap();
        let book = account.book();
        book.standing(self.now, self.ledger.loaded_back_to())
    }
}

const PAGE: &str = "burn-rate";

#[test]
fn an_outage_pages_on_the_deciding_probe_and_resolves_after_it() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(7 * 60 * MINUTE, MINUTE, Outcome::Good);
    // Every level is stated once, so that an alert of an earlier run is resolved.
    assert_eq!(
        fleet.heard.take(),
        [
            (PAGE, Severity::Page, false),
            (PAGE, Severity::Ticket, false),
            ("budget-spent", Severity::Ticket, false),
        ]
    );
    fleet.now += SECOND;
    fleet.probe(Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [], "one bad probe is no trend");
    fleet.now += SECOND;
    fleet.probe(Outcome::NoAnswer);
    assert_eq!(
        fleet.heard.take(),
        [(PAGE, Severity::Page, true)],
        "decided on the event, without a tick"
    );
    assert_eq!(fleet.standing().state, BudgetState::Burning);
    fleet.probes(4 * MINUTE, 15 * SECOND, Outcome::Good);
    assert_eq!(fleet.heard.take(), [], "the short window still holds the failures");
    fleet.probes(8 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
}

#[test]
fn the_page_says_what_happened_with_numbers_and_when_the_budget_is_gone() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(70 * MINUTE, MINUTE, Outcome::Good);
    fleet.probes(2 * MINUTE, MINUTE, Outcome::NoAnswer);
    let signal = fleet.heard.last_firing(AlertKind::BurnRate {
        severity: Severity::Page,
    });
    assert_eq!(signal.title, "api burns its availability budget 33.3 times too fast");
    assert_eq!(
        signal.summary,
        "api burns its 30-day availability budget 33.3 times too fast: 2 of 60 probes failed in 1 h; at this rate it is gone in 20 h 36 min."
    );
    assert_eq!(signal.values["rule"], "page-quick");
    assert_eq!(signal.values["long_bad"], 2);
}

#[test]
fn a_service_that_fails_its_first_probes_while_it_starts_pages_nobody() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(3 * SECOND, SECOND, Outcome::NoAnswer);
    fleet.probes(30 * MINUTE, 15 * SECOND, Outcome::Good);
    assert!(fleet.heard.take().iter().all(|(_, _, firing)| !firing));
    // A service that never starts has spent its two percent after 52 seconds.
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(52 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().iter().all(|(_, _, firing)| !firing));
    fleet.probes(2 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
}

#[test]
fn a_slow_burn_opens_a_ticket_and_no_page() {
    // One in 500 fails: a burn of 2, above the slow ticket's 1 and below everything else.
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    for _ in 0..20 {
        fleet.probes(499 * 15 * SECOND, 15 * SECOND, Outcome::Good);
        fleet.probes(15 * SECOND, 15 * SECOND, Outcome::WrongAnswer);
    }
    let heard = fleet.heard.take();
    assert!(heard.contains(&(PAGE, Severity::Ticket, true)), "{heard:?}");
    assert!(!heard.contains(&(PAGE, Severity::Page, true)), "{heard:?}");
    assert_eq!(fleet.standing().state, BudgetState::Warning);
}

#[test]
fn whoever_was_paged_gets_no_ticket_beside_the_page() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(10 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(3 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let heard = fleet.heard.take();
    assert!(heard.contains(&(PAGE, Severity::Page, true)));
    assert!(!heard.contains(&(PAGE, Severity::Ticket, true)), "{heard:?}");
}

#[test]
fn a_spent_budget_is_announced_once_and_in_minutes() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(60 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(40 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let heard = fleet.heard.take();
    assert_eq!(
        heard
            .iter()
            .filter(|said| **said == ("budget-spent", Severity::Ticket, true))
            .count(),
        1
    );
    let signal = {
        fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
        fleet.standing()
    };
    assert!(signal.budget.remaining_minutes.unwrap() < 5.0);
}

#[test]
fn a_compressed_demo_window_pages_within_two_probes_and_resolves_after_the_hold_time() {
    let draft = Draft {
        window: Some(DraftWindow::Rolling(1_200)),
        objective: Some(99.0),
        ..Draft::default()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(MINUTE, SECOND, Outcome::Good);
    fleet.heard.take();
    fleet.probes(2 * SECOND, SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [(PAGE, Severity::Page, true)]);
    fleet.probes(20 * SECOND, SECOND, Outcome::NoAnswer);
    assert!(
        !fleet.heard.take().contains(&(PAGE, Severity::Page, false)),
        "it does not flap while the trouble lasts"
    );
    fleet.probes(60 * SECOND, SECOND, Outcome::Good);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, false)));
}

#[test]
fn nothing_is_decided_on_counts_that_are_not_loaded_yet() {
    let old = promise(three_nines(), START - 30 * 86_400 * SECOND);
    let mut fleet = Fleet::of(&old);
    fleet.ledger.loaded(START);
    fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), []);
    // The last hour is loaded: full of good probes that put the failures in proportion.
    let account = fleet.ledger.by_series().remove(&old.series).unwrap();
    account.book().load_bucket(START - 3_600 * SECOND, 100_000, 0);
    fleet.ledger.loaded(START - 3_600 * SECOND);
    fleet.probes(30 * SECOND, 15 * SECOND, Outcome::NoAnswer);
    assert_eq!(fleet.heard.take(), [], "the quick page may decide, and sees no trend");
}

#[test]
fn after_a_restart_in_the_middle_of_an_alert_the_first_words_are_not_that_it_is_over() {
    let old = promise(three_nines(), START - 86_400 * SECOND);
    let mut fleet = Fleet::of(&old);
    let account = fleet.ledger.by_series().remove(&old.series).unwrap();
    account.book().load_bucket(START - 300 * SECOND, 20, 20);
    drop(account);
    fleet.probes(15 * SECOND, 15 * SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
}

#[test]
fn a_removed_promise_takes_its_alerts_back() {
    let mut fleet = Fleet::of(&promise(three_nines(), START));
    fleet.probes(MINUTE, 15 * SECOND, Outcome::NoAnswer);
    fleet.heard.take();
    fleet.ledger.keep(&[], fleet.now, &fleet.heard);
    assert_eq!(
        fleet.heard.take(),
        [
            (PAGE, Severity::Page, false),
            (PAGE, Severity::Ticket, false),
            ("budget-spent", Severity::Ticket, false),
        ]
    );
}

#[test]
fn a_new_window_keeps_the_counts_and_a_new_indicator_begins_anew() {
    let before = promise(three_nines(), START);
    let mut fleet = Fleet::of(&before);
    fleet.probes(MINUTE, 15 * SECOND, Outcome::Good);
    let week = Draft {
        window: Some(DraftWindow::Rolling(7 * 86_400)),
        ..three_nines()
    };
    let longer = promise(week, START);
    fleet
        .ledger
        .keep(std::slice::from_ref(&longer), fleet.now, &fleet.heard);
    assert_eq!(fleet.standing().budget.counts.total, 4);
    let other = Arc::new(Promise {
        series: SeriesId::from_uuid(Uuid::from_u128(3)),
        series_since: Timestamp::from_microsecond(fleet.now + 1).unwrap(),
        ..(*longer).clone()
    });
    fleet.ledger.keep(std::slice::from_ref(&other), fleet.now, &fleet.heard);
    assert_eq!(fleet.standing().budget.counts.total, 0);
    fleet.probe(Outcome::Good);
    assert_eq!(
        fleet.standing().budget.counts.total,
        0,
        "the probe ended before the series began"
    );
}

#[test]
fn a_clock_put_back_an_hour_still_pages_and_keeps_the_budget() {
    let mut fleet = Fleet::of(&promise(three_nines(), START - 86_400 * SECOND));
    fleet.probes(120 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.heard.take();
    fleet.now -= 60 * MINUTE;
    fleet.probes(3 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    assert!(fleet.heard.take().contains(&(PAGE, Severity::Page, true)));
    let counts = fleet.standing().budget.counts;
    assert_eq!((counts.total, counts.bad), (480 + 12, 12));
}

#[test]
fn latency_percentiles_come_from_good_answers_only() {
    let draft = Draft {
        sli_kind: Some("latency".to_owned()),
        threshold_ms: Some(100.0),
        objective: Some(95.0),
        ..Draft::default()
    };
    let mut fleet = Fleet::of(&promise(draft, START));
    fleet.probes(5 * MINUTE, 15 * SECOND, Outcome::Good);
    fleet.probes(5 * MINUTE, 15 * SECOND, Outcome::NoAnswer);
    let standing = fleet.standing();
    assert_eq!(standing.budget.counts.total, 20);
    let percentiles = standing.percentiles.unwrap();
    assert!((20.0..21.5).contains(&percentiles.p99_ms), "{percentiles:?}");
}

#[test]
fn what_is_written_is_what_is_counted() {
    let fleet = Fleet::of(&promise(three_nines(), START));
    let environment = Environment::production();
    let (api, web) = (ServiceName::parse("api").unwrap(), ServiceName::parse("web").unwrap());
    let probe = |at, outcome| Observation {
        check: CheckFacts {
            name: "health",
            role: "health",
        },
        at,
        duration_us: 1,
        outcome,
    };
    let counted = [
        (&api, probe(START - 1, Outcome::Good)),
        (&api, probe(START, Outcome::Good)),
        (&api, probe(START + 299 * SECOND, Outcome::NoAnswer)),
        (&api, probe(START + 300 * SECOND, Outcome::Good)),
        (&web, probe(START, Outcome::Good)),
    ]
    .map(|(service, probe)| Counted {
        environment: &environment,
        service,
        probe,
    });
    let rows = fleet.ledger.rows(counted.into_iter());
    let counts: Vec<_> = rows
        .buckets
        .iter()
        .map(|row| ((row.at - START) / SECOND, row.total, row.bad))
        .collect();
    assert_eq!(
        counts,
        [(0, 2, 1), (300, 1, 0)],
        "what ended before the series began and other services do not count"
    );
    assert!(rows.latency.is_empty());
}

#[test]
fn a_thousand_slos_are_decided_well_within_a_tick() {
    let ledger = Ledger::new(HOLD, START);
    let heard = Heard::default();
    let promises: Vec<_> = (0..1_000_u128)
        .map(|index| {
            let base = promise(three_nines(), START - 40 * 86_400 * SECOND);
            Arc::new(Promise {
                id: SloId::from_uuid(Uuid::from_u128(index)),
                series: SeriesId::from_uuid(Uuid::from_u128(index)),
                ..(*base).clone()
            })
        })
        .collect();
    ledger.keep(&promises, START, &heard);
    ledger.loaded(Micros::MIN);
    for account in ledger.accounts() {
        let mut book = account.book();
        for bucket in 0..8_640_u32 {
            // A bad event now and then, so that nothing is skipped.
            let at = START - i64::from(bucket) * 300 * SECOND;
            book.load_bucket(at, 20, u32::from(bucket % 1_000 == 0));
        }
    }
    ledger.tick(START, &heard);
    let begun = std::time::Instant::now();
    ledger.tick(START + SECOND, &heard);
    let took = begun.elapsed();
    // Fifty milliseconds optimised; an unoptimised build is given ten times as long.
    let most = if cfg!(debug_assertions) { 500 } else { 50 };
    println!("one tick over 1,000 SLOs took {took:?}");
    assert!(took.as_millis() < most, "{took:?}");
}
