//! Whether everything has come to rest: done, read, held, and known to everybody who lives.

use mainstay_store::sql;

use crate::fleet::Fleet;

/// What is still to be done; `None` when nothing is.
pub fn settled(fleet: &Fleet) -> Option<String> {
    let count = |text: &'static str| -> i64 {
        let rows = fleet.server.look(&sql(text));
        rows.first().and_then(|row| row.get("number").ok()).unwrap_or_default()
    };
    let jobs =
        count("SELECT COUNT(*) AS number FROM work_job WHERE state IN ('waiting', 'running') AND kind <> 'sim.tick'");
    if jobs > 0 {
        return Some(format!("{jobs} jobs wait or run"));
    }
    let behind = count(
        "SELECT COUNT(*) AS number FROM work_cursor WHERE position < (SELECT last_position FROM work_stream WHERE name = 'events')",
    );
    if behind > 0 {
        return Some(format!("{behind} handlers have not read all events"));
    }
    let parked = count("SELECT COUNT(*) AS number FROM work_parked_event");
    if parked > 0 {
        return Some(format!("{parked} events are put aside"));
    }
    let replicas = fleet.replicas();
    if replicas.len() < fleet.cluster.machines() {
        return Some(format!(
            "{} of {} machines run",
            replicas.len(),
            fleet.cluster.machines()
        ));
    }
    let members = count("SELECT COUNT(*) AS number FROM work_replica");
    if usize::try_from(members).unwrap_or_default() != replicas.len() {
        return Some(format!("{members} replicas are known, {} run", replicas.len()));
    }
    let rows = fleet
        .server
        .look(&sql("SELECT name, holder, token FROM work_lease ORDER BY name"));
    for row in rows {
        let (Ok(name), Ok(token)) = (row.get::<String>("name"), row.get::<i64>("token")) else {
            return Some("a lease cannot be read".to_owned());
        };
        let holders: Vec<i64> = replicas
            .iter()
            .filter_map(|replica| replica.leases.lease(&name).map(|lease| lease.token))
            .collect();
        if holders != [token] {
            return Some(format!("{name} is held under {holders:?}, and its token is {token}"));
        }
    }
    None
}
