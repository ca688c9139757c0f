//! The checker: it hears of every commit, reads the observer's record, and says which promises were not kept.

mod events;
mod failover;
mod jobs;
mod leases;
mod outside;
mod rest;
mod schedules;
mod writes;

use mainstay_testkit::simulation::{Image, Written, promises};

use self::{events::Events, jobs::Jobs, leases::Leases, schedules::Schedules, writes::Writes};
use crate::fleet::Fleet;

pub use self::rest::settled;

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// What was acknowledged is there at the end.
    NothingLost,
    /// A write happens as a whole, with the event that announces it, or not at all.
    AllOrNothing,
    /// Events become visible in the order of their positions.
    OrderOfCommits,
    /// Every handler sees every event of its topics.
    SeenByAll,
    /// A handler's effect of an event happens once.
    SeenOnce,
    /// A handler sees the events of one key in their order.
    OrderOfKeys,
    /// A job's effect happens once, and together with its end.
    EffectOnce,
    /// A job goes from state to state as it may, and of one unique key at most one waits or runs.
    StatesOfJobs,
    /// Every job comes to the right end.
    JobsEnd,
    /// Two replicas do not run one job for longer than it takes to notice.
    RunByOne,
    /// What leaves for the outside about one thing carries one id, however often.
    OneId,
    /// Every alert leaves.
    Paged,
    /// A lease is believed to be held by one replica at a time.
    HeldByOne,
    /// What a lease allows is written under its newest token alone.
    Fenced,
    /// Another replica takes over within ten seconds.
    FailOver,
    /// A schedule comes once for each of its times.
    Schedules,
    /// Once everything works again, everything is done and everything is held by somebody who lives.
    Settled,
}

/// A promise that was not kept.
pub type Violation = promises::Violation<Invariant>;
/// Where violations are gathered.
pub type Findings = promises::Findings<Invariant>;

/// Everything it has heard of so far.
#[derive(Debug, Default)]
pub struct Checker {
    findings: Findings,
    writes: Writes,
    events: Events,
    jobs: Jobs,
    leases: Leases,
    schedules: Schedules,
}

impl Checker {
    /// Hears of commits, in their order.
    pub fn hear(&mut self, written: &[Written]) {
        for commit in written.chunk_by(|one, next| one.tx == next.tx) {
            let findings = &mut self.findings;
            self.writes.hear(commit, findings);
            self.events.hear(commit, findings);
            self.jobs.hear(commit, findings);
            self.leases.hear(commit, findings);
            self.schedules.hear(commit, findings);
        }
    }

    /// The end: answers every promise that was not kept.
    pub fn finish(mut self, fleet: &Fleet) -> Vec<Violation> {
        let findings = &mut self.findings;
        let record = fleet.record.inner();
        self.writes.finish(fleet, &record, findings);
        self.events.finish(findings);
        self.jobs.finish(&record, findings);
        leases::held_by_one(&record, findings);
        outside::check(&record, self.events.alerts(), findings);
        if fleet.cluster.machines() > 1 {
            failover::check(&record, &fleet.cluster.passed(), findings);
        }
        self.findings.all()
    }

    /// Something did not come to rest.
    pub fn unsettled(&mut self, what: String) {
        self.findings.add(Invariant::Settled, what);
    }
}

/// The rows of one table among those of a commit, each with its key.
fn rows<'w>(commit: &'w [Written], table: &'w str) -> impl Iterator<Item = (&'w str, Option<&'w Image>)> {
    let of_table = commit.iter().filter(move |written| written.table == table);
    of_table.map(|written| (written.key.as_str(), written.image.as_ref()))
}

/// The rows of one table that a commit wrote and did not delete.
fn images<'w>(commit: &'w [Written], table: &'w str) -> impl Iterator<Item = &'w Image> {
    rows(commit, table).filter_map(|(_, image)| image)
}

fn text<'i>(image: &'i Image, column: &str) -> &'i str {
    image.get(column).map_or("", String::as_str)
}

fn number(image: &Image, column: &str) -> i64 {
    text(image, column).parse().unwrap_or_default()
}
