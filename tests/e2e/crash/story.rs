//! What happened, in words, told from what was read back: who held what from when to when, how long checks lay still after
//! each kill, which alerts were told how, and what became of the jobs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use mainstay_kernel::{Micros, from_micros};

use super::{
    gaps::{gaps, overlaps, percentile},
    record::{Happened, Kept, LeaseSeen, Record},
};

/// A time of day, UTC.
fn clock(at: Micros) -> String {
    from_micros(at).strftime("%H:%M:%S%.3f").to_string()
}

fn seconds(lasted: Micros) -> String {
    format!("{}.{:03} s", lasted / 1_000_000, lasted % 1_000_000 / 1000)
}

/// The numbers of a day as one JSON object.
pub fn numbers(record: &Record, interval: Micros) -> serde_json::Value {
    let (happened, kept) = (&record.happened, &record.kept);
    let mut lasted: Vec<Micros> = gaps(happened).iter().map(|gap| gap.lasted).collect();
    lasted.sort_unstable();
    let longest_overlap = overlaps(&happened.hits, interval)
        .iter()
        .map(|overlap| overlap.lasted)
        .max();
    let ids: BTreeSet<&str> = happened.arrivals.iter().map(|arrival| arrival.id.as_str()).collect();
    serde_json::json!({
        "kills": happened.kills.len(),
        "seconds": (happened.ended - happened.began) / 1_000_000,
        "writes": happened.writes.len() + happened.reasons.len(),
        "probes_asked": happened.hits.len(),
        "probes_stored": kept.probes.len(),
        "alerts": kept.alerts.len(),
        "acknowledged": happened.acknowledged.len(),
        "deliveries": kept.deliveries.len(),
        "deliveries_arrived": happened.arrivals.len(),
        "delivery_ids": ids.len(),
        "jobs": kept.jobs.len(),
        "jobs_repeated": kept.jobs.iter().filter(|job| job.attempt > 1).count(),
        "lease_changes": happened.leases.len(),
        "gaps": lasted.len(),
        "gap_p50_ms": percentile(&lasted, 50) / 1000,
        "gap_p99_ms": percentile(&lasted, 99) / 1000,
        "gap_max_ms": lasted.last().copied().unwrap_or_default() / 1000,
        "overlap_max_ms": longest_overlap.unwrap_or_default() / 1000,
    })
}

/// The whole story.
pub fn told(record: &Record) -> String {
    let mut text = String::new();
    kills(&mut text, &record.happened);
    leases(&mut text, &record.happened);
    alerts(&mut text, record);
    jobs(&mut text, &record.kept);
    text
}

fn kills(text: &mut String, happened: &Happened) {
    let _ = writeln!(text, "Kills, and how long the checks of the victim lay still:");
    let gaps = gaps(happened);
    for kill in &happened.kills {
        let lasted: Vec<Micros> = gaps
            .iter()
            .filter(|gap| gap.run == kill.run)
            .map(|gap| gap.lasted)
            .collect();
        let longest = lasted
            .iter()
            .max()
            .map_or_else(|| "none were its".to_owned(), |most| seconds(*most));
        let _ = writeln!(
            text,
            "  {}  replica {} (start {})  {} checks, at most {longest}",
            clock(kill.at),
            kill.run.replica,
            kill.run.start,
            lasted.len()
        );
    }
}

fn leases(text: &mut String, happened: &Happened) {
    let mut by_name: BTreeMap<&str, Vec<&LeaseSeen>> = BTreeMap::new();
    for seen in &happened.leases {
        by_name.entry(&seen.name).or_default().push(seen);
    }
    let _ = writeln!(text, "Leases, by who held them under which token:");
    for (name, seen) in by_name {
        let _ = writeln!(text, "  {name}");
        for (index, lease) in seen.iter().enumerate() {
            let until = seen.get(index + 1).map_or(happened.ended, |next| next.at);
            let holder = match &lease.holder {
                None => "nobody".to_owned(),
                Some((id, name)) => name.clone().unwrap_or_else(|| format!("{id}, which had gone")),
            };
            let _ = writeln!(
                text,
                "    {} to {}  token {:>3}  {holder}",
                clock(lease.at),
                clock(until),
                lease.token
            );
        }
    }
}

fn alerts(text: &mut String, Record { happened, kept }: &Record) {
    let _ = writeln!(text, "Alerts, and what was told of each:");
    for alert in &kept.alerts {
        let resolved = alert.resolved_at.map_or_else(|| "open".to_owned(), clock);
        let taken = alert
            .acknowledged_by
            .as_ref()
            .map(|by| format!(", acknowledged by {by}"));
        let _ = writeln!(
            text,
            "  {} to {resolved}  {} of {}{}",
            clock(alert.opened_at),
            alert.kind,
            alert.service,
            taken.unwrap_or_default()
        );
        for delivery in kept.deliveries.iter().filter(|delivery| delivery.alert == alert.id) {
            let tries: Vec<String> = happened
                .arrivals
                .iter()
                .filter(|arrival| arrival.id == delivery.id)
                .map(|arrival| {
                    format!(
                        "{}{}",
                        clock(arrival.at),
                        if arrival.accepted { "" } else { " refused" }
                    )
                })
                .collect();
            let _ = writeln!(
                text,
                "    {:<18} {:<9} {}  {}",
                delivery.event,
                delivery.status,
                delivery.id,
                tries.join(", ")
            );
        }
    }
}

fn jobs(text: &mut String, kept: &Kept) {
    let mut states: BTreeMap<(&str, i64), usize> = BTreeMap::new();
    for job in &kept.jobs {
        *states.entry((&job.state, job.attempt)).or_default() += 1;
    }
    let _ = writeln!(text, "Jobs:");
    for ((state, attempt), count) in states {
        let _ = writeln!(text, "  {count:>5} {state} at attempt {attempt}");
    }
}
