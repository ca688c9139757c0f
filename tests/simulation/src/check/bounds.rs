//! How much there is: tables that are pruned, and what is left to do at the end.

use std::time::Duration;

use mainstay_store::{Statement, sql, sql_owned};
use mainstay_testkit::simulation::{Cluster, Server};

use super::{Findings, Invariant};
use crate::{pace::INTERVAL, replica::Replica};

/// As many checks as there are.
const CHECKS: u64 = 8;
/// Upkeep comes now and then, and not while things go wrong.
const UPKEEP: Duration = Duration::from_hours(3);

pub fn measure(server: &Server, machines: usize, raw: Duration, findings: &mut Findings) {
    let machines = machines as u64;
    // Failing checks are probed again a few times for each time they change.
    let probes = CHECKS * ((raw + UPKEEP).as_secs() / INTERVAL.as_secs()) * 11 / 10 + 500;
    // What happened to alerts, over the week that it is kept.
    let events = 2_000;
    let hours = (7 * 24) + 10;
    for (table, most) in [
        ("watch_probe", probes),
        ("work_replica", 2 * machines),
        ("work_job", hours),
        ("work_event", events),
        ("work_parked_event", 0),
        ("slo_alert_command", 0),
        ("slo_delivery", 2_000),
        ("watch_check_state", CHECKS),
        ("watch_service_state", CHECKS),
    ] {
        let there = count(server, &sql_owned(format!("SELECT COUNT(*) AS number FROM {table}")));
        if there > most {
            findings.add(
                Invariant::Bounded,
                format!("{table} has {there} rows, and {most} are enough"),
            );
        }
    }
}

/// Everything that was to be told is told, everything that was to be done is done, and everybody takes part.
pub fn settled(server: &Server, cluster: &Cluster<Replica>, findings: &mut Findings) {
    for (what, statement) in [
        (
            "alerts about services are open",
            sql("SELECT COUNT(*) AS number FROM slo_alert WHERE state = 'open' AND kind = 'service-down'"),
        ),
        (
            "deliveries wait",
            sql("SELECT COUNT(*) AS number FROM slo_delivery WHERE status IN ('pending', 'dead')"),
        ),
        (
            "services are down",
            sql("SELECT COUNT(*) AS number FROM watch_service_state WHERE state <> 'up'"),
        ),
        (
            "jobs wait or run",
            sql("SELECT COUNT(*) AS number FROM work_job WHERE state <> 'done' AND state <> 'waiting'"),
        ),
    ] {
        let there = count(server, &statement);
        if there > 0 {
            findings.add(Invariant::Settled, format!("{there} {what}"));
        }
    }
    let (runs, machines) = (cluster.nodes().len(), cluster.machines());
    let known = count(server, &sql("SELECT COUNT(*) AS number FROM work_replica"));
    if runs != machines || known != machines as u64 {
        findings.add(
            Invariant::Settled,
            format!("{runs} of {machines} machines run, and {known} take part"),
        );
    }
}

fn count(server: &Server, statement: &Statement) -> u64 {
    let rows = server.look(statement);
    let number: i64 = rows.first().and_then(|row| row.get("number").ok()).unwrap_or_default();
    u64::try_from(number).unwrap_or_default()
}
