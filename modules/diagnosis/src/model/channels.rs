//! Scores become evidence: one channel for each mechanism, whatever modality carries it, and what a component's callees show as
//! well is told apart from what is its own.

use serde::Serialize;

use crate::{
    features::{Feature, Features},
    graph::Graph,
};

/// A mechanism. `…Explained` is what a component's callees show as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Channel {
    /// Use of the processor.
    Cpu,
    /// Use of memory.
    Memory,
    /// Slow by itself.
    Latency,
    /// Slow because of callees, or because busier.
    LatencyExplained,
    /// Slow on the way between caller and callee, or cut off from it.
    Wire,
    /// Failing by itself.
    Error,
    /// Failing because of callees.
    ErrorExplained,
    /// Does other things than before, by itself.
    Events,
    /// The same because of callees.
    EventsExplained,
    /// Fewer requests.
    Traffic,
    /// Out of the symptom's reach.
    Unreachable,
    /// Slow while the symptom is one of availability.
    LatencyOfAvailability,
    /// A road rather than a component.
    Address,
    /// Changed shortly before.
    Change,
    /// New or bursting errors in logs, its own.
    LogErrors,
    /// The same because of callees.
    LogErrorsExplained,
    /// A limited resource is used up.
    Saturation,
    /// None of those who call it gets an answer.
    Unanswered,
    /// Its clock contradicts those of its neighbours.
    Clock,
}

/// How many channels there are.
pub const CHANNELS: usize = 19;
/// The first of them are trained on data; the weights of the others are judgement until there is data for them.
pub const TRAINED: usize = 13;

impl Channel {
    /// All of them, in the order of the weights.
    pub const ALL: [Self; CHANNELS] = [
        Self::Cpu,
        Self::Memory,
        Self::Latency,
        Self::LatencyExplained,
        Self::Wire,
        Self::Error,
        Self::ErrorExplained,
        Self::Events,
        Self::EventsExplained,
        Self::Traffic,
        Self::Unreachable,
        Self::LatencyOfAvailability,
        Self::Address,
        Self::Change,
        Self::LogErrors,
        Self::LogErrorsExplained,
        Self::Saturation,
        Self::Unanswered,
        Self::Clock,
    ];

    /// Whether its weight is negative: it speaks against a component. All others are positive.
    pub const fn speaks_against(self) -> bool {
        matches!(self, Self::Unreachable | Self::LatencyOfAvailability | Self::Address)
    }

    /// The features it is made of.
    pub const fn features(self) -> &'static [Feature] {
        match self {
            Self::Cpu => &[Feature::Cpu],
            Self::Memory => &[Feature::Memory],
            Self::Latency | Self::LatencyExplained | Self::LatencyOfAvailability => &[Feature::Latency, Feature::Slow],
            Self::Wire => &[Feature::Edge, Feature::Wire, Feature::CutOff],
            Self::Error | Self::ErrorExplained => &[Feature::Error],
            Self::Events | Self::EventsExplained => &[Feature::Events],
            Self::Traffic => &[Feature::TrafficDown],
            Self::Unreachable => &[Feature::Unreachable],
            Self::Address => &[Feature::Address],
            Self::Change => &[Feature::Change],
            Self::LogErrors | Self::LogErrorsExplained => &[Feature::LogErrors],
            Self::Saturation => &[Feature::Saturation],
            Self::Unanswered => &[Feature::Unanswered],
            Self::Clock => &[Feature::Clock],
        }
    }

    /// For what is a component's own, the channel of what its callees explain.
    pub const fn explained(self) -> Option<Self> {
        match self {
            Self::Latency => Some(Self::LatencyExplained),
            Self::Error => Some(Self::ErrorExplained),
            Self::Events => Some(Self::EventsExplained),
            Self::LogErrors => Some(Self::LogErrorsExplained),
            _ => None,
        }
    }

    /// Whether it can be looked at, rather than follow from where a component stands or from another channel.
    pub const fn is_observation(self) -> bool {
        matches!(
            self,
            Self::Cpu
                | Self::Memory
                | Self::Latency
                | Self::Wire
                | Self::Error
                | Self::Events
                | Self::Traffic
                | Self::Change
                | Self::LogErrors
                | Self::Saturation
                | Self::Unanswered
                | Self::Clock
        )
    }
}

/// How much more a callee explains than it shows (S; 1 to 2 make no difference).
pub(crate) const EXPLAINS: f64 = 1.5;
/// A certain change of an event's rate that counts in full (S).
const EVENTS_IN_FULL: f64 = 0.5;

/// What one onset shows: for each component its evidence in each channel, from 0 to 1.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// One row for each component, in the order of `Channel::ALL`.
    pub rows: Vec<[f64; CHANNELS]>,
}

/// Makes evidence of scores.
pub fn evidence(features: &Features, graph: &Graph) -> Evidence {
    let count = features.len();
    let all = |of: &dyn Fn(usize) -> f64| (0..count).map(of).collect::<Vec<f64>>();
    let score = |at: usize, feature| features.score(at, feature);

    let unanswered = all(&|at| score(at, Feature::Unanswered));
    let clock = all(&|at| score(at, Feature::Clock));
    // Calls of either come to nothing, whatever the caller does.
    let lost = all(&|at| unanswered[at].max(clock[at]));
    let wire = all(&|at| {
        let traced = score(at, Feature::Wire).max(score(at, Feature::CutOff));
        score(at, Feature::Edge).max(traced)
    });
    // Who waits for one that does not answer is slow because of it.
    let beyond: Vec<f64> = wire.iter().zip(&lost).map(|(wire, lost)| wire.max(*lost)).collect();
    let latency = all(&|at| score(at, Feature::Latency).max(score(at, Feature::Slow).min(1.0)));
    // Of two that call each other, who answers the other as fast as before is no reason for it to be slow.
    let is_reason =
        |caller: u32, callee: u32| !(graph.calls(callee, caller) && features.answers_as_fast_as_before(callee, caller));
    let (latency, latency_explained) = split_by(&latency, graph, &beyond, is_reason);
    let in_full = |at, feature| (score(at, feature) / EVENTS_IN_FULL).min(1.0);
    let events = all(&|at| in_full(at, Feature::Events));
    // Who calls one that fails, or that gives no answer, fails.
    let failing = all(&|at| events[at].max(lost[at]));
    let (error, error_explained) = split(&all(&|at| score(at, Feature::Error)), graph, &failing);
    // Who gets no answer does other things, and says so.
    let (_, event_explained) = split(&events, graph, &lost);
    // What deviates in the same traces explains all of it, however often it does.
    let event_explained = all(&|at| event_explained[at].max(in_full(at, Feature::EventsBelow)));
    // Who refuses one with a wrong clock, or is refused by it, does other things as well.
    let wrong = |of: u32| clock.get(of as usize).copied().unwrap_or(0.0);
    let beside = all(&|at| EXPLAINS * graph.neighbours(at).map(wrong).fold(0.0, f64::max));
    let event_explained = all(&|at| event_explained[at].max(beside[at].min(events[at])));
    let logs = all(&|at| score(at, Feature::LogErrors));
    let (log, log_explained) = split(&logs, graph, &lost);

    let rows = (0..count).map(|at| {
        // Slower because busier.
        let busier = latency[at].min(score(at, Feature::TrafficUp));
        let (own, explained) = (latency[at] - busier, latency_explained[at] + busier);
        let mut row = [0.0; CHANNELS];
        for (channel, value) in [
            (Channel::Cpu, score(at, Feature::Cpu)),
            (Channel::Memory, score(at, Feature::Memory)),
            (Channel::Latency, own),
            (Channel::LatencyExplained, explained),
            (Channel::Wire, wire[at]),
            (Channel::Error, error[at]),
            (Channel::ErrorExplained, error_explained[at]),
            (Channel::Events, (events[at] - event_explained[at]).max(0.0)),
            (Channel::EventsExplained, event_explained[at]),
            (Channel::Traffic, score(at, Feature::TrafficDown)),
            (Channel::Unreachable, score(at, Feature::Unreachable)),
            (
                Channel::LatencyOfAvailability,
                (own + explained) * score(at, Feature::AvailabilityTold),
            ),
            (Channel::Address, score(at, Feature::Address)),
            (Channel::Change, score(at, Feature::Change)),
            (Channel::LogErrors, log[at]),
            (Channel::LogErrorsExplained, log_explained[at]),
            (Channel::Saturation, score(at, Feature::Saturation)),
            (Channel::Unanswered, unanswered[at]),
            (Channel::Clock, clock[at]),
        ] {
            row[channel as usize] = value;
        }
        row
    });
    Evidence { rows: rows.collect() }
}

/// The own part, and the part that the callees explain by the same or by something else that they show.
fn split(evidence: &[f64], graph: &Graph, also: &[f64]) -> (Vec<f64>, Vec<f64>) {
    split_by(evidence, graph, also, |_, _| true)
}

/// The same, by those callees that may be a reason for their caller.
fn split_by(
    evidence: &[f64],
    graph: &Graph,
    also: &[f64],
    is_reason: impl Fn(u32, u32) -> bool,
) -> (Vec<f64>, Vec<f64>) {
    let shows = |at: &u32| {
        let at = *at as usize;
        evidence
            .get(at)
            .copied()
            .unwrap_or(0.0)
            .max(also.get(at).copied().unwrap_or(0.0))
    };
    evidence
        .iter()
        .enumerate()
        .map(|(at, shown)| {
            let reasons = graph.explaining(at).iter();
            let reasons = reasons.filter(|callee| is_reason(crate::bounds::count(at), **callee));
            let below = reasons.map(shows).fold(0.0, f64::max);
            let explained = shown.min(EXPLAINS * below);
            (shown - explained, explained)
        })
        .unzip()
}
