//! What is known of a system: its components and what was measured of them. It must not know where the numbers were read.
//!
//! Components, operations, events and visits are named by their place in the lists here. Times are microseconds since
//! 1970, UTC; durations are seconds. A place that is not in its list is passed over wherever it is used.

use std::sync::Arc;

/// The facts about one system.
#[derive(Debug, Clone, Default)]
pub struct System {
    /// Everything that can be a cause.
    pub components: Vec<Component>,
    /// Who calls whom, as (caller, callee). Edges of visits and of series are added to it.
    pub calls: Vec<(u32, u32)>,
    /// What was sampled.
    pub series: Vec<Series>,
    /// Entry points of components.
    pub operations: Vec<Operation>,
    /// Handled calls, in any order.
    pub visits: Vec<Visit>,
    /// What may happen in a visit.
    pub events: Vec<Event>,
    /// Which event happened in which visit. One that is there twice counts once.
    pub visit_events: Vec<VisitEvent>,
    /// Calls as their callers saw them.
    pub attempts: Vec<Attempt>,
    /// Kinds of lines that tell of errors and belong to no visit.
    pub log_templates: Vec<LogTemplate>,
    /// Deploys and changes of configuration. None: nobody looked for any.
    pub changes: Option<Vec<Change>>,
}

/// A service or node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Component {
    /// Shown to people, and the order of components that are equally likely. Nothing else is read from it.
    pub name: String,
    /// Whether it is a road to other components, such as a load balancer or a host name, rather than one itself.
    pub is_address: bool,
}

/// Samples of one quantity.
#[derive(Debug, Clone)]
pub struct Series {
    /// Whose it is.
    pub subject: Subject,
    /// What it tells.
    pub role: Role,
    /// The samples of the time in question, and of all time before and after that is not normal by declaration.
    pub samples: Samples,
    /// Samples of a time that was declared normal; empty when there is none.
    pub baseline: Samples,
    /// Given back with every statement about this series.
    pub witness: u32,
}

/// Whose a series is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One component's.
    Component(u32),
    /// That of the calls from one component to another.
    Edge {
        /// Who calls.
        caller: u32,
        /// Who is called.
        callee: u32,
        /// At which end it was measured.
        seen_by: Side,
    },
}

/// The end of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Where the call starts.
    Caller,
    /// Where it is handled.
    Callee,
}

/// What a series tells of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Use of the processor, any unit.
    Cpu,
    /// Use of memory, any unit.
    Memory,
    /// Duration of a call in seconds.
    Latency,
    /// Share of what succeeds, in per cent.
    Availability,
    /// Failures, as a rate or a count.
    Error,
    /// Requests, as a rate or a count.
    Traffic,
    /// Share of a limited resource in use, from 0 to 1: a pool, a queue, a disk.
    Saturation,
}

/// Words of a series' name and what they tell; the first that is found decides (ADR 13, facts). `None`: not used.
const ROLE_WORDS: [(&[&str], Option<Role>); 7] = [
    (&["cpu"], Some(Role::Cpu)),
    (&["mem"], Some(Role::Memory)),
    (&["latency", "duration"], Some(Role::Latency)),
    (&["availab", "success"], Some(Role::Availability)),
    (&["error", "fail"], Some(Role::Error)),
    (&["request", "workload", "ops"], Some(Role::Traffic)),
    (&["saturation", "utilization", "utilisation"], Some(Role::Saturation)),
];

impl Role {
    /// What a series tells, by its name. None: nothing that is used here.
    ///
    /// Series of a host are shared by all that runs on it, and a latency as clients see it grows when idle: neither is evidence.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        if name.starts_with("node") {
            return None;
        }
        let (_, role) = ROLE_WORDS
            .iter()
            .find(|(words, _)| words.iter().any(|word| name.contains(word)))?;
        role.filter(|role| *role != Self::Latency || !name.contains("client"))
    }
}

/// Values at times, in ascending order of time. A value that is not finite is a gap.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    times: Arc<[i64]>,
    values: Vec<f64>,
    step: Option<i64>,
}

/// Distances between samples from which the step is taken.
const DISTANCES: usize = 1_000;

impl Samples {
    /// Pairs times with values; what one has more than the other is left off. The times may be shared between series.
    pub fn new(times: Arc<[i64]>, mut values: Vec<f64>) -> Self {
        let count = times.len().min(values.len());
        values.truncate(count);
        if count == times.len() && times.is_sorted() {
            let step = step(&times);
            return Self { times, values, step };
        }
        let mut pairs: Vec<(i64, f64)> = times.iter().copied().zip(values).collect();
        pairs.sort_by_key(|(time, _)| *time);
        let (times, values): (Vec<i64>, Vec<f64>) = pairs.into_iter().unzip();
        Self {
            step: step(&times),
            times: times.into(),
            values,
        }
    }

    /// How far apart samples are, in microseconds. None for fewer than two.
    ///
    /// It is one of the shortest distances, not the middle one: where there was nothing to measure, samples may be missing. The very
    /// shortest may be an accident.
    pub fn step(&self) -> Option<i64> {
        self.step
    }

    /// How many, gaps included.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// When, ascending.
    pub fn times(&self) -> &[i64] {
        &self.times
    }

    /// What, in the same order.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

fn step(times: &[i64]) -> Option<i64> {
    let mut distances: Vec<i64> = times
        .windows(2)
        .take(DISTANCES)
        .map(|pair| pair[1].saturating_sub(pair[0]))
        .filter(|distance| *distance > 0)
        .collect();
    let place = distances.len() / 50;
    (!distances.is_empty()).then(|| *distances.select_nth_unstable(place).1)
}

/// An entry point of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Whose.
    pub component: u32,
    /// As spans name it.
    pub name: String,
    /// Whether it stands for those of its visits that were answered with the word that the request is wrong. They are kept apart,
    /// because what a component does in them is what it should do.
    pub refused: bool,
}

/// One component's handling of one incoming call.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub struct Visit {
    /// What was called.
    pub operation: u32,
    /// When handling began, by a clock that is in step.
    pub start: i64,
    /// Seconds of the entry span less the union of the calls to other components below it.
    pub self_time: f64,
    /// Seconds of the calling span less those of the entry span; 0 without a caller.
    pub wire_time: f64,
    /// Seconds of the entry span.
    pub duration: f64,
    /// Seconds by which its component's clock is ahead of the caller's, where the two cannot both be right; 0 where they can.
    pub ahead: f64,
    /// Whether the caller went away before it was done.
    pub is_abandoned: bool,
    /// The visit that made the call.
    pub caller: Option<u32>,
    /// Whether lines of logs could have been seen in it: without them a missing line tells nothing.
    pub has_logs: bool,
    /// Whether it lies in a time that was declared normal.
    pub is_baseline: bool,
    /// Given back with a statement that this visit is an example of.
    pub witness: u32,
}

/// Something that may happen in a visit: a statement that is logged, an inner span, a call, or that it fails.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Event {
    /// What: a line's template or place in the code, a span's name, a callee with its operation.
    pub name: String,
    /// Whether it is known from logs.
    pub is_log: bool,
    /// Whether it was said to be an error by its level.
    pub is_error: bool,
    /// Whether it is that the visit itself failed.
    pub is_failure: bool,
}

impl Event {
    /// Whether it tells of an error, by its level or by its words.
    pub fn tells_of_error(&self) -> bool {
        let name = self.name.to_ascii_lowercase();
        self.is_error || name.contains("error") || name.contains("exception")
    }
}

/// An event of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VisitEvent {
    /// In which.
    pub visit: u32,
    /// What.
    pub event: u32,
}

/// What came of a call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The callee handled it; of one that leaves no visits at all: it went well.
    #[default]
    Given,
    /// The callee says that the request is wrong.
    Refused,
    /// Nothing came of it.
    None,
}

/// A call as its caller saw it, in any order. One that has stopped leaves no visits, but those who call it know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attempt {
    /// Who called.
    pub caller: u32,
    /// Who was called.
    pub callee: u32,
    /// When.
    pub start: i64,
    /// What came of it.
    pub answer: Answer,
    /// Seconds until the caller knew.
    pub duration: f64,
    /// Whether it lies in a time that was declared normal.
    pub is_baseline: bool,
    /// Given back with a statement that this attempt is an example of.
    pub witness: u32,
}

/// A kind of line that tells of errors, of a component whose lines belong to no visit. A log without such lines is told by one
/// template without counts: then it was looked at.
#[derive(Debug, Clone, Default)]
pub struct LogTemplate {
    /// Who says it.
    pub component: u32,
    /// How often, as (time, lines); the time is that of the line, or the middle of what was counted together.
    pub counts: Vec<(i64, u32)>,
    /// From when to when this component's log is there.
    pub covered: (i64, i64),
    /// Given back with every statement about it.
    pub witness: u32,
}

/// A deploy or a change of configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// What was changed.
    pub component: u32,
    /// When it took effect.
    pub time: i64,
    /// How much it could break, from 0 to 1: 1 for a new version, less for what is known to be harmless.
    pub risk: f64,
    /// Given back with every statement about it.
    pub witness: u32,
}

/// Last labels of names that are host names rather than names of services (ADR 13, channels).
const HOST_LABELS: [&str; 6] = ["com", "net", "org", "io", "local", "internal"];

/// Whether a component's name is a URL, an IP address or a host name.
pub fn is_address(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("http://") || name.starts_with("https://") || starts_with_ip(&name) || has_host_name(&name)
}

fn starts_with_ip(name: &str) -> bool {
    let mut parts = name.splitn(4, '.');
    let whole =
        |part: Option<&str>| part.is_some_and(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    whole(parts.next())
        && whole(parts.next())
        && whole(parts.next())
        && parts
            .next()
            .is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether a label, a dot and one of the last labels stand in it, and no letter after.
fn has_host_name(name: &str) -> bool {
    let is_label = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    name.match_indices('.').any(|(dot, _)| {
        name.as_bytes()[..dot].last().copied().is_some_and(is_label)
            && HOST_LABELS.iter().any(|label| {
                name[dot + 1..]
                    .strip_prefix(label)
                    .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_series_tells_its_role() {
        for (name, role) in [
            ("CpuUsageRate(%)", Some(Role::Cpu)),
            ("container_memory_working_set_bytes", Some(Role::Memory)),
            ("PodServerLatencyP95(s)", Some(Role::Latency)),
            ("PodClientLatencyP95(s)", None),
            ("node_cpu_seconds", None),
            ("Availability", Some(Role::Availability)),
            ("error_rate", Some(Role::Error)),
            ("PodWorkload(Ops)", Some(Role::Traffic)),
            ("pool_saturation", Some(Role::Saturation)),
            ("temperature", None),
        ] {
            assert_eq!(Role::of_name(name), role, "{name}");
        }
    }

    #[test]
    fn host_names_urls_and_addresses_are_roads() {
        for (name, expected) in [
            ("https://sqs.example", true),
            ("10.0.0.7:80", true),
            ("db-1.region.rds.amazonaws.com_Database", true),
            ("example.com", true),
            ("cart.commerce", false),
            ("PetSearch_AWS::ECS::Fargate", false),
            ("cartservice", false),
            ("1.2.x", false),
        ] {
            assert_eq!(is_address(name), expected, "{name}");
        }
    }

    #[test]
    fn samples_are_put_in_order() {
        let samples = Samples::new([3, 1, 2].into(), vec![30.0, 10.0, 20.0, 40.0]);
        assert_eq!(
            (samples.times(), samples.values()),
            (&[1, 2, 3][..], &[10.0, 20.0, 30.0][..])
        );
    }
}
