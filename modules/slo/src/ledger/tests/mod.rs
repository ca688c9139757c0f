//! From probes to signals, without a database.

mod counting;
mod signals;

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
