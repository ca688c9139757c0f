//! What weights are, and where they stand before anything is learned. The trained ones are in the table.

use super::CHANNELS;

/// Weights of the channels and of "none".
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// In the order of `Channel::ALL`.
    pub channels: [f64; CHANNELS],
    /// The weight of "none" (b). It may be fitted to a system's own quiet time by `fit_none`.
    pub none: f64,
}

/// Where weights come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// Rises with every change of a weight, a feature or a channel.
    pub version: u32,
    /// When it was run.
    pub date: &'static str,
    /// Windows with a known cause, and quiet ones.
    pub windows: (u32, u32),
    /// How many systems they are of; ADR 13 names them.
    pub systems: u32,
}

/// How often a mechanism shows itself, as the share of components with evidence of at least .1 where it was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Of those that are the cause.
    pub by_cause: f64,
    /// Of all others.
    pub by_others: f64,
}

/// Centre of the weights before training (J); the last six channels have no training data and keep it.
///
/// * Change: in running systems about 70 % of outages are due to changes (Beyer et al., Site Reliability Engineering, 2016,
///   chapter 1), but most changes break nothing. A change alone must not make a cause: 2.2 is below b.
/// * Errors in logs: as far as errors in metrics are believed; explained ones as little.
/// * Unanswered: more than all that those who wait for it can show because of it (explained latency and events together).
/// * Clock: the same, because who has a wrong clock is refused by all its neighbours, or refuses them.
/// * Saturation: between memory, which may be normal, and processor.
pub const PRIOR: Weights = Weights {
    channels: [
        6.0, 3.0, 6.0, 1.0, 6.0, 6.0, 1.0, 8.0, 1.0, 1.0, -3.0, -2.0, -1.0, 2.2, 6.0, 1.0, 5.0, 14.0, 14.0,
    ],
    none: 2.0,
};

/// How often a mechanism shows itself that no window was seen with (J): as often as the better of those that were.
pub(super) const JUDGED: Shown = Shown {
    by_cause: 0.4,
    by_others: 0.02,
};

/// The same of what is rare (J): the clocks of most machines are kept in step.
pub(super) const RARE: Shown = Shown {
    by_cause: 0.02,
    by_others: 0.001,
};
