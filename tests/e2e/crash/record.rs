//! What is known of a day with kills: what was seen from outside, and what was read back afterwards. Plain data, so that the
//! check of it is a pure function.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use mainstay_kernel::Micros;
use serde_json::Value;

/// One run of one replica, from its start to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Run {
    pub replica: usize,
    pub start: usize,
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.replica, self.start)
    }
}

impl Run {
    /// The run whose name this is.
    pub fn parse(text: &str) -> Option<Self> {
        let (replica, start) = text.split_once('-')?;
        Some(Self {
            replica: replica.parse().ok()?,
            start: start.parse().ok()?,
        })
    }
}

/// A probe as its target saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub check: usize,
    pub at: Micros,
    pub by: Run,
    /// What the target answered.
    pub well: bool,
}

/// A delivery as it arrived, accepted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    pub at: Micros,
    pub id: String,
    pub alert: String,
    pub event: String,
    pub accepted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    pub at: Micros,
    pub run: Run,
}

/// A time in which a run stood still and knew nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    pub run: Run,
    pub from: Micros,
    pub to: Micros,
}

/// A lease as somebody who looked into the database found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseSeen {
    pub at: Micros,
    pub name: String,
    /// The holder's id and, while it takes part, its name.
    pub holder: Option<(String, Option<String>)>,
    pub token: i64,
}

/// Seen from outside while it went on.
#[derive(Debug, Clone, Default)]
pub struct Happened {
    pub replicas: usize,
    pub began: Micros,
    pub ended: Micros,
    /// What each path must answer after the last acknowledged write: these fields, or nothing at all.
    pub writes: BTreeMap<String, Option<Value>>,
    /// Reasons of silences, each of which was asked for once, under one key, until it was acknowledged.
    pub reasons: BTreeSet<String>,
    pub hits: Vec<Hit>,
    pub arrivals: Vec<Arrival>,
    /// Stored probes that were shown: check and time.
    pub shown: BTreeSet<(usize, Micros)>,
    pub kills: Vec<Kill>,
    pub freezes: Vec<Freeze>,
    /// How often the service of each check was made to fail.
    pub outages: BTreeMap<usize, usize>,
    /// Alerts whose acknowledgement was answered with success.
    pub acknowledged: BTreeSet<String>,
    /// Jobs that were committed.
    pub jobs: BTreeSet<String>,
    pub leases: Vec<LeaseSeen>,
    /// When somebody began to pause each check.
    pub paused: BTreeMap<usize, Micros>,
}

impl Happened {
    /// How long a run was awake between two moments.
    pub fn awake(&self, run: Run, from: Micros, to: Micros) -> Micros {
        let frozen = self.freezes.iter().filter(|freeze| freeze.run == run);
        let still: Micros = frozen
            .map(|freeze| (freeze.to.min(to) - freeze.from.max(from)).max(0))
            .sum();
        to - from - still
    }
}

/// A stored probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeKept {
    pub check: usize,
    pub at: Micros,
    pub flush: Micros,
    pub ok: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertKept {
    pub id: String,
    pub check: Option<usize>,
    pub kind: String,
    pub service: String,
    pub opened_at: Micros,
    pub resolved_at: Option<Micros>,
    pub acknowledged_by: Option<String>,
    pub told: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryKept {
    pub id: String,
    pub alert: String,
    pub event: String,
    pub status: String,
    pub attempts: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobKept {
    pub id: String,
    pub state: String,
    pub attempt: i64,
    pub last_error: Option<String>,
}

/// Events counted for a promise: all of them and the bad ones.
pub type Counted = (i64, i64);

/// Read back when it was over.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// What each path of [`Happened::writes`] answers.
    pub objects: BTreeMap<String, Option<Value>>,
    /// How many silences there are of each reason.
    pub reasons: BTreeMap<String, usize>,
    pub probes: Vec<ProbeKept>,
    /// The stored counts of each check's promise.
    pub counts: BTreeMap<usize, Counted>,
    /// What each replica says of the same.
    pub budgets: Vec<BTreeMap<usize, Counted>>,
    /// Probes in the stored minutes of each check, and raw rows they should include.
    pub minutes: BTreeMap<usize, (i64, i64)>,
    pub alerts: Vec<AlertKept>,
    pub deliveries: Vec<DeliveryKept>,
    pub jobs: Vec<JobKept>,
    /// Positions of events with the alert and the change each is about.
    pub events: Vec<(i64, String, String)>,
    pub last_position: i64,
    /// Handlers behind the last event, and events put aside.
    pub behind: Vec<String>,
    /// What SQLite says of its file.
    pub integrity: Option<String>,
    /// Runs that did not end in order when they were asked to at the end.
    pub disorderly: Vec<String>,
}

#[derive(Debug, Clone, Default)]
pub struct Record {
    pub happened: Happened,
    pub kept: Kept,
}
