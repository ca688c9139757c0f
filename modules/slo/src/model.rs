//! The domain of promises, pure: objectives, windows, counts, budgets and burn-rate rules. No I/O, no clock, and nothing
//! of how probes are made or alerts delivered.

mod budget;
mod chunk;
mod definition;
mod draft;
mod histogram;
mod objective;
mod recent;
mod rule;
mod rule_state;
mod sli;
mod window;
mod window_counts;
mod words;

pub use budget::{Budget, BudgetState, BurnDownPoint, burn_down};
pub use definition::Definition;
pub use draft::{Draft, DraftWindow, Limits, Validated, validate};
pub use histogram::{Histogram, Percentiles};
pub use objective::{InvalidObjective, Objective, Ppm};
pub(crate) use recent::ENOUGH_EVENTS;
pub use recent::Recent;
pub use rule::{BurnRule, LongWindow, RuleName, burn_rate};
pub use rule_state::{Exceeding, RuleState};
pub use sli::{CheckFacts, CheckSelection, Observation, Outcome, Sli, SliKind};
pub use window::{CalendarUnit, Period, Window};
pub use window_counts::{Counts, WindowCounts};
pub(crate) use words::milliseconds_in_words;
pub use words::{duration_in_words, number_in_words, percent_in_words};

mainstay_kernel::typed_id!(
    /// Identifies one SLO.
    SloId
);

mainstay_kernel::typed_id!(
    /// Identifies one series of event counts. An SLO whose indicator changes begins a new series, because events counted
    /// under one definition of "bad" say nothing about another.
    SeriesId
);

/// Microseconds in a second, the resolution of every stored time.
pub(crate) const SECOND: i64 = 1_000_000;
