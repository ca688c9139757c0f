//! Who probed what when: no check is left alone, and none is probed by somebody whose turn is long over.

use std::{collections::BTreeMap, time::Duration};

use mainstay_kernel::{TypedId, uuid::Uuid};
use mainstay_store::sql;
use mainstay_testkit::simulation::{Fault, Image, Passed, Server};
use tokio::time::Instant;

use super::{Findings, Invariant, text};
use crate::{
    pace::{FAIL_OVER, INTERVAL},
    record::Inner,
    truth::{HEALTH, READINESS},
};

/// As many as checks are spread over.
const SHARDS: u128 = 32;

/// A check as it is stored.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    pub id: Uuid,
    pub key: i64,
}

/// Checks by service and port.
pub type Checks = BTreeMap<(String, u16), Check>;

/// Every check there is.
pub fn checks(server: &Server) -> Checks {
    let rows = server.look(&sql(
        "SELECT id, service, name, check_key FROM watch_check WHERE retired_at IS NULL",
    ));
    let checks = rows.iter().filter_map(|row| {
        let name: String = row.get("name").ok()?;
        let port = if name == "readiness" { READINESS } else { HEALTH };
        let check = Check {
            id: row.get("id").ok()?,
            key: row.get("check_key").ok()?,
        };
        Some(((row.get("service").ok()?, port), check))
    });
    checks.collect()
}

/// Whether a fault keeps a machine from doing its part.
fn hinders(fault: Fault, machine: usize) -> bool {
    match fault {
        Fault::Crash { machine: of, .. }
        | Fault::PowerLoss { machine: of, .. }
        | Fault::Stop { machine: of, .. }
        | Fault::Cut { machine: of, .. }
        | Fault::HalfCut { machine: of, .. }
        | Fault::SlowWire { machine: of, .. } => of == machine,
        Fault::SlowDisk { .. }
        | Fault::LostAcknowledgements { .. }
        | Fault::Restart { .. }
        | Fault::DatabasePowerLoss { .. } => true,
        Fault::ClockJump { .. } => false,
    }
}

/// The longest time between two others in which one machine was well without a break.
fn well(record: &Inner, faults: &[Passed], from: Instant, to: Instant) -> Duration {
    let lives = record.lives.values().map(|life| {
        let (begins, ends) = (life.from.max(from), life.to.unwrap_or(to).min(to));
        let mut at = begins;
        let mut longest = Duration::ZERO;
        let mut hindered: Vec<_> = faults
            .iter()
            .filter(|passed| hinders(passed.fault, life.machine) && passed.to > begins && passed.from < ends)
            .collect();
        hindered.sort_unstable_by_key(|passed| passed.from);
        for passed in hindered {
            longest = longest.max(passed.from.saturating_duration_since(at));
            at = at.max(passed.to);
        }
        longest.max(ends.saturating_duration_since(at))
    });
    lives.max().unwrap_or_default()
}

/// No check is left alone while somebody is well.
pub fn gaps(record: &Inner, checks: &Checks, faults: &[Passed], findings: &mut Findings) {
    let limit = INTERVAL + FAIL_OVER;
    let mut times: BTreeMap<(&str, u16), Vec<Instant>> = BTreeMap::new();
    for probe in &record.probes {
        times.entry((probe.service, probe.port)).or_default().push(probe.at);
    }
    for (service, port) in checks.keys() {
        let mut times = times.remove(&(service.as_str(), *port)).unwrap_or_default();
        if times.is_empty() {
            findings.add(Invariant::Probed, format!("port {port} of {service} was never probed"));
        }
        times.push(Instant::now());
        let began = times[0];
        for pair in times.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            if to.duration_since(from) > limit && well(record, faults, from, to) > limit {
                findings.add(
                    Invariant::Probed,
                    format!(
                        "port {port} of {service} was not probed for {:?} from {} s after its first probe on",
                        to.duration_since(from),
                        from.duration_since(began).as_secs()
                    ),
                );
            }
        }
    }
}

/// Who held which lease from when on, as it was committed.
#[derive(Debug, Default)]
pub struct Holders(BTreeMap<String, Vec<(Instant, String)>>);

impl Holders {
    pub fn hear(&mut self, at: Instant, lease: &Image) {
        let (name, holder) = (text(lease, "name"), text(lease, "holder"));
        if !name.starts_with("watch/") {
            return;
        }
        let history = self.0.entry(name.to_owned()).or_default();
        if history.last().is_none_or(|(_, before)| before != holder) {
            history.push((at, holder.to_owned()));
        }
    }

    /// Nobody goes on for longer than an interval with what another holds.
    pub fn check(&self, record: &Inner, checks: &Checks, findings: &mut Findings) {
        for probe in &record.probes {
            let Some(check) = checks.get(&(probe.service.to_owned(), probe.port)) else {
                continue;
            };
            let lease = format!("watch/{:02}", check.id.as_u128() % SHARDS);
            let history = self.0.get(&lease).map_or(&[][..], Vec::as_slice);
            let Some(replica) = probe.replica else { continue };
            let replica = replica.as_uuid().simple().to_string();
            let so_far = &history[..history.partition_point(|(at, _)| *at <= probe.at)];
            let held = so_far.iter().rposition(|(_, holder)| *holder == replica);
            let lost = held.map(|held| so_far.get(held + 1).map(|(at, _)| *at));
            let too_late = match lost {
                None => true,
                Some(None) => false,
                Some(Some(lost)) => probe.at.duration_since(lost) > INTERVAL,
            };
            if too_late {
                findings.add(
                    Invariant::ProbedByOne,
                    format!(
                        "{} probed port {} of {} although it {} {lease}",
                        probe.process,
                        probe.port,
                        probe.service,
                        if lost.is_none() { "never held" } else { "had long lost" }
                    ),
                );
                return;
            }
        }
    }
}
