//! The facts of changes as they are given out.

use serde::Serialize;

use super::{
    events::DeployEvent,
    risk::{self, Risk, RiskFact},
    secret::Value,
};
use crate::{quote::Quote, source::Origin};

/// A change counts half as much for each half hour that passed until the onset. Judgement: a bad release shows within minutes
/// of its roll-out, a leak or a full disk takes hours.
const HALF_LIFE: f64 = 1_800.0 * 1e6;
/// What is left of a change's weight after any time: some faults wait for a restart or a date.
const NEVER_LESS: f64 = 0.1;
/// Weight of a change without a time: somebody held the two versions against each other, so that it happened in between.
pub(super) const UNDATED: f64 = 0.6;

/// One setting that is set differently.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SettingChange {
    /// Whose.
    pub component: String,
    /// Path of the setting.
    pub path: String,
    /// As it was; none if it is new.
    pub before: Option<Value>,
    /// As it is; none if it is gone.
    pub after: Option<Value>,
    /// When, in microseconds since 1970, where that is known.
    pub at: Option<i64>,
    /// How sure it is that it changed so.
    pub certainty: f64,
    /// How much it counts for the onset by its time, from 0 to 1: halved for each half hour in between.
    pub nearness: f64,
    /// What is risky about it.
    pub risks: Vec<Risk>,
    /// Whether a secret was masked in it, so that a quote may be missing.
    pub masked: bool,
    /// The lines, before and after.
    pub quotes: Vec<Quote>,
}

impl SettingChange {
    pub(super) fn new(
        component: String,
        path: String,
        before: Option<Value>,
        after: Option<Value>,
        at: Option<i64>,
        certainty: f64,
        quotes: Vec<Quote>,
    ) -> Self {
        let masked = [&before, &after].into_iter().flatten().any(Value::is_masked);
        Self {
            risks: risk::judge(&path, before.as_ref(), after.as_ref()),
            component,
            path,
            before,
            after,
            at,
            certainty,
            nearness: UNDATED,
            masked,
            quotes,
        }
    }

    /// What comes first: risk and nearness together.
    pub(super) fn weight(&self) -> f64 {
        let risk = self.risks.iter().map(|risk| risk.certainty).fold(0.1, f64::max);
        risk * self.nearness * self.certainty
    }
}

/// An event on the time line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatedEvent {
    /// What happened.
    #[serde(flatten)]
    pub event: DeployEvent,
    /// How much it counts for the onset by its time, from 0 to 1.
    pub nearness: f64,
}

/// A file that was not read, or that has no counterpart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceNote {
    /// The file.
    pub origin: Origin,
    /// What is to be said of it.
    pub note: String,
}

/// All facts of changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeFacts {
    /// Riskiest and nearest first.
    pub changes: Vec<SettingChange>,
    /// Risky values that are in force, changed or not; surest first.
    pub risks: Vec<RiskFact>,
    /// Events up to the onset, in the order of time.
    pub events: Vec<DatedEvent>,
    /// Events and changes after the onset, which cannot have caused it.
    pub later: u64,
    /// Changes, values and events that there was no room for.
    pub dropped: u64,
    /// Files with something to be said of them.
    pub notes: Vec<SourceNote>,
}

/// One at the onset, halved for each half hour before it.
pub(super) fn nearness(at: i64, onset: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of some years")]
    let gap = onset.saturating_sub(at).max(0) as f64;
    (-gap / HALF_LIFE).exp2().max(NEVER_LESS)
}
