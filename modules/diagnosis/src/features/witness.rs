//! What a score was computed from, so that it can be said and cited.

use serde::Serialize;

use super::Rate;

/// What a score was computed from: the sentence that can be said, and the ids to cite.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Witness {
    /// A series left its normal range.
    Series {
        /// That of the series.
        witness: u32,
        /// The middle of the judged samples, in the series' unit.
        value: f64,
        /// Its normal range: from the lowest to the highest, the minutes before included.
        normal: (f64, f64),
    },
    /// An event of an operation's visits became frequent or rare.
    Event {
        /// Place of the operation.
        operation: u32,
        /// Place of the event.
        event: u32,
        /// Visits with it among all normal ones.
        before: Rate,
        /// The same among the judged ones.
        after: Rate,
        /// That of the first judged visit with the event; for one that is gone, of the first without it.
        example: Option<u32>,
    },
    /// Visits of an operation take longer by themselves.
    Slow {
        /// Place of the operation.
        operation: u32,
        /// Seconds above which a visit is slow.
        limit: f64,
        /// Slow visits among all normal ones.
        before: Rate,
        /// The same among the judged ones.
        after: Rate,
        /// That of the slowest judged visit.
        example: Option<u32>,
    },
    /// Calls take longer between caller and callee.
    Wire {
        /// Place of the caller's operation.
        caller: u32,
        /// Place of the callee's operation.
        callee: u32,
        /// Seconds above which a call is slow.
        limit: f64,
        /// Slow calls among all normal ones.
        before: Rate,
        /// The same among the judged ones.
        after: Rate,
        /// That of the slowest judged call.
        example: Option<u32>,
    },
    /// The two sides of calls tell times that cannot both be right.
    Clock {
        /// Whose clock.
        component: u32,
        /// Whose other clock it contradicts.
        other: u32,
        /// Seconds by which it is ahead of the other; behind where it is negative.
        ahead: f64,
        /// Such calls among all normal ones.
        before: Rate,
        /// The same among the judged ones.
        after: Rate,
        /// That of the first such judged visit.
        example: Option<u32>,
    },
    /// Calls are no longer answered.
    Unanswered {
        /// Who calls.
        caller: u32,
        /// Who is called.
        callee: u32,
        /// Whether most of these calls were answered with the word that they are wrong.
        refused: bool,
        /// Unanswered calls among all normal ones.
        before: Rate,
        /// The same among the judged ones.
        after: Rate,
        /// That of the first judged call without an answer.
        example: Option<u32>,
    },
    /// A change before the onset.
    Change {
        /// That of the change.
        witness: u32,
        /// Seconds from it to the onset.
        before: f64,
    },
    /// Lines of one template came more often.
    Log {
        /// That of the template.
        witness: u32,
        /// Lines in normal time, and its seconds.
        before: (u32, f64),
        /// Judged lines, and their seconds.
        after: (u32, f64),
    },
}
