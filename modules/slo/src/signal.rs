//! Signals: what the objectives say about now, for the alert engine to turn into alerts.
//!
//! A signal is a **level**, not an edge: it states whether a condition holds. It owns no lifecycle, folding, silence or
//! delivery, and must not know of them.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;
use serde::{Deserialize, Serialize};

use crate::model::SloId;

/// How urgent a condition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(as = AlertSeverity)]
pub enum Severity {
    /// Somebody is woken.
    Page,
    /// Somebody looks at it on the next working day.
    Ticket,
}

impl Severity {
    /// The word used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What kind of condition holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AlertKind {
    /// The service's own checks fail. The alert engine learns this from the watch itself, not by a [`Signal`].
    ServiceDown,
    /// An error budget is spent faster than the rule of this severity allows.
    BurnRate {
        /// The severity of the rule; page and ticket are two conditions.
        severity: Severity,
    },
    /// A given share of an error budget (80 % unless the objective says otherwise) is spent.
    BudgetSpent,
}

impl AlertKind {
    /// The word used in the API and in the database: `service-down`, `burn-rate` or `budget-spent`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceDown => "service-down",
            Self::BurnRate { .. } => "burn-rate",
            Self::BudgetSpent => "budget-spent",
        }
    }
}

/// Identifies one condition: at most one alert is open for a key at any time.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AlertKey {
    /// What kind of condition.
    pub kind: AlertKind,
    /// Where the service runs.
    pub environment: Environment,
    /// The service the condition is about.
    pub service: ServiceName,
    /// The objective, unless the condition is about the service itself.
    pub slo_id: Option<SloId>,
}

/// One condition, and whether it holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Which condition.
    pub key: AlertKey,
    /// How urgent it is.
    pub severity: Severity,
    /// Whether the condition holds at `at`.
    pub firing: bool,
    /// When it began to hold, or ceased to: the completion of the deciding probe, or the time of the tick that decided.
    pub at: Timestamp,
    /// A few words, such as "api burns its availability budget 14.6 times too fast".
    pub title: String,
    /// One plain sentence with numbers and units; for a signal that ceased, why it ceased.
    pub summary: String,
    /// The numbers of the sentence by name (`burn_long`, `long_bad`, `remaining_ratio`, ...), for programs.
    pub values: BTreeMap<String, serde_json::Value>,
}

/// Receives signals; the alert engine implements it.
///
/// **Contract:** `signal` is called while the objective's state is locked, in the order of its decisions, so it must not
/// block, must not await and must not call back into the objectives; it hands the work on. The same level may be sent
/// again: after a restart every key is stated once as soon as its counts are loaded, also those that do not fire, so that
/// an alert left open by the previous run is resolved.
pub trait SignalSink: Send + Sync {
    /// Takes one signal.
    fn signal(&self, signal: Signal);
}
