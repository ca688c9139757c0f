//! The checker: it hears of every commit, reads the observer's record and the seed's truth, and says which promises were not
//! kept.
//!
//! Some of what is promised takes its time, and takes longer while things go wrong. So deadlines are counted in calm time,
//! which stands still from the beginning of a fault until a while after its end.

mod bounds;
mod calm;
mod history;
mod hours;
mod pages;
mod probing;

use mainstay_testkit::simulation::{Cluster, Image, Server, Simulation, Written, promises};

use self::{calm::Calm, history::History, hours::Hours, probing::Holders};
use crate::replica::{Common, Replica};

/// Tables whose every commit the checker hears of.
pub const OBSERVED: &[&str] = &["watch_probe", "work_lease", "sim_hour"];

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Somebody is paged about every outage that lasts long enough to be seen.
    Paged,
    /// Of one outage one alert leaves.
    PagedOnce,
    /// Nobody is paged without an outage, nor during maintenance.
    NoFalsePage,
    /// An alert is resolved soon after its outage, and not before its end.
    Resolved,
    /// However often a page arrives, it carries one id.
    OneId,
    /// No check is left alone for longer than an interval and a fail-over while a replica is well.
    Probed,
    /// Nobody probes for longer than an interval what another has taken over.
    ProbedByOne,
    /// What was probed is stored, unless its process ended before it could be.
    NothingLost,
    /// No probe is stored twice.
    StoredOnce,
    /// The history by minutes, five minutes and hours is the sum of the stored probes.
    Rollups,
    /// What is counted for a promise is what its service's stored probes come to.
    Budgets,
    /// Nothing grows without bound.
    Bounded,
    /// A schedule comes once for each of its times.
    Schedules,
    /// Once everything works again, everything comes to rest.
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
    history: History,
    holders: Holders,
    hours: Hours,
}

impl Checker {
    /// Hears of commits, in their order.
    pub fn hear(&mut self, written: &[Written]) {
        for row in written {
            let Some(image) = &row.image else { continue };
            match row.table.as_str() {
                "watch_probe" => self.history.hear(image),
                "work_lease" => self.holders.hear(row.at, image),
                "sim_hour" => self.hours.hear(row.at),
                _ => {}
            }
        }
    }

    /// Looks how much there is.
    pub fn measure(&mut self, server: &Server, machines: usize, raw: std::time::Duration) {
        bounds::measure(server, machines, raw, &mut self.findings);
    }

    /// The end: answers every promise that was not kept.
    pub fn finish(mut self, simulation: &Simulation, cluster: &Cluster<Replica>, common: &Common) -> Vec<Violation> {
        let findings = &mut self.findings;
        let passed = cluster.passed();
        let calm = Calm::of(&passed);
        let record = common.record.inner();
        pages::check(&record, &common.truth, common.began, &calm, findings);
        let checks = probing::checks(&simulation.server);
        probing::gaps(&record, &checks, &passed, findings);
        self.holders.check(&record, &checks, findings);
        self.history
            .check(&record, &checks, &calm, &simulation.server, findings);
        self.hours.check(simulation, &calm, findings);
        bounds::settled(&simulation.server, cluster, findings);
        self.findings.all()
    }
}

fn text<'i>(image: &'i Image, column: &str) -> &'i str {
    image.get(column).map_or("", String::as_str)
}

fn number(image: &Image, column: &str) -> i64 {
    text(image, column).parse().unwrap_or_default()
}
