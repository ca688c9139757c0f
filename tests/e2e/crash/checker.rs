//! The promises of `docs/durability.md`, each held against a record. A pure function: the same record, the same verdict.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mainstay_kernel::Micros;

use super::{
    gaps::{Gap, gaps, overlaps, silences},
    probes,
    record::{AlertKept, Happened, JobKept, Kept, Record},
};

pub const SECOND: Micros = 1_000_000;
/// What is noted of a job whose replica was killed.
const KILLED_UNDER_IT: &str = "the replica that ran it ended before it did";

/// What the check needs to know beside the record.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long a killed replica's checks may lie still where others take over.
    pub fail_over: Micros,
    /// From one probe of a check to the next.
    pub interval: Micros,
}

/// A broken promise. The name is what tests of the check look at, the words are for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    pub promise: &'static str,
    pub words: String,
}

pub fn broken(promise: &'static str, words: impl Into<String>) -> Violation {
    Violation {
        promise,
        words: words.into(),
    }
}

/// Every promise the record breaks.
pub fn violations(record: &Record, limits: Limits) -> Vec<Violation> {
    let (happened, kept) = (&record.happened, &record.kept);
    let mut found = Vec::new();
    found.extend(writes(happened, kept));
    found.extend(probes::stored(happened, kept, limits));
    found.extend(counts(kept));
    found.extend(alerts(happened, kept));
    found.extend(deliveries(happened, kept));
    found.extend(work(happened, kept));
    found.extend(sharing(happened, limits));
    found.extend(leases(happened));
    let sound = kept.integrity.iter().filter(|said| *said != "ok");
    found.extend(sound.map(|said| broken("sound-file", format!("integrity_check says {said}"))));
    found.extend(kept.disorderly.iter().map(|words| broken("orderly-end", words)));
    found
}

/// Whether `found` has every field of `expected` with its value.
fn includes(found: &serde_json::Value, expected: &serde_json::Value) -> bool {
    match expected.as_object() {
        Some(fields) => fields.iter().all(|(name, value)| includes(&found[name], value)),
        None => found == expected,
    }
}

fn writes(happened: &Happened, kept: &Kept) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, expected) in &happened.writes {
        let answer = kept.objects.get(path).and_then(Option::as_ref);
        match (expected, answer) {
            (Some(expected), None) => {
                found.push(broken(
                    "acknowledged-write",
                    format!("{path} is missing; it was {expected}"),
                ));
            }
            (Some(expected), Some(answer)) if !includes(answer, expected) => {
                found.push(broken(
                    "acknowledged-write",
                    format!("{path} was written as {expected} and is {answer}"),
                ));
            }
            (None, Some(answer)) => {
                found.push(broken(
                    "acknowledged-write",
                    format!("{path} was deleted and is {answer}"),
                ));
            }
            _ => {}
        }
    }
    for reason in &happened.reasons {
        match kept.reasons.get(reason) {
            None => found.push(broken(
                "acknowledged-write",
                format!("the silence `{reason}` is missing"),
            )),
            Some(1) => {}
            Some(times) => found.push(broken(
                "effects-once",
                format!("the silence `{reason}` was made {times} times"),
            )),
        }
    }
    found
}

fn counts(kept: &Kept) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut rows: BTreeMap<usize, (i64, i64)> = BTreeMap::new();
    for row in &kept.probes {
        let (total, bad) = rows.entry(row.check).or_default();
        *total += 1;
        *bad += i64::from(!row.ok);
    }
    for (check, counted) in &kept.counts {
        let stored = rows.get(check).copied().unwrap_or_default();
        if *counted != stored {
            let words = format!("the promise of check {check} counts {counted:?} events, {stored:?} are stored");
            found.push(broken("counts-equal-rows", words));
        }
    }
    for (replica, budgets) in kept.budgets.iter().enumerate() {
        for (check, budget) in budgets {
            let stored = rows.get(check).copied().unwrap_or_default();
            if *budget != stored {
                let words = format!("replica {replica} says {budget:?} of check {check}, {stored:?} are stored");
                found.push(broken("counts-equal-rows", words));
            }
        }
    }
    for (check, (minutes, rows)) in &kept.minutes {
        if minutes != rows {
            let words = format!("the minutes of check {check} hold {minutes} probes, and should hold {rows}");
            found.push(broken("minutes-equal-rows", words));
        }
    }
    found
}

fn alerts(happened: &Happened, kept: &Kept) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut downs: BTreeMap<&str, Vec<&AlertKept>> = BTreeMap::new();
    for alert in kept.alerts.iter().filter(|alert| alert.kind == "service-down") {
        downs.entry(&alert.service).or_default().push(alert);
    }
    for (service, mut alerts) in downs {
        alerts.sort_by_key(|alert| alert.opened_at);
        for pair in alerts.windows(2) {
            if pair[0].resolved_at.is_none_or(|at| at > pair[1].opened_at) {
                let words = format!("{} and {} of {service} were open at once", pair[0].id, pair[1].id);
                found.push(broken("one-alert", words));
            }
        }
        let Some(check) = alerts[0].check else { continue };
        // Beside the outages, probes may have failed that the target answered well or never saw.
        let refused = happened
            .hits
            .iter()
            .filter(|hit| hit.check == check && !hit.well)
            .count();
        let failed = kept.probes.iter().filter(|row| row.check == check && !row.ok).count();
        let allowed = happened.outages.get(&check).copied().unwrap_or_default() + failed.saturating_sub(refused);
        if alerts.len() > allowed {
            let words = format!("{service} failed {allowed} times and had {} alerts", alerts.len());
            found.push(broken("one-alert", words));
        }
    }
    for id in &happened.acknowledged {
        let alert = kept.alerts.iter().find(|alert| alert.id == *id);
        if alert.and_then(|alert| alert.acknowledged_by.as_deref()) != Some("ada") {
            found.push(broken(
                "acknowledged-write",
                format!("the acknowledgement of alert {id} is gone: {alert:?}"),
            ));
        }
    }
    found.extend(alerts_end(kept));
    found
}

fn alerts_end(kept: &Kept) -> Vec<Violation> {
    let open = kept.alerts.iter().filter(|alert| alert.resolved_at.is_none());
    open.map(|alert| {
        broken(
            "alerts-end",
            format!("alert {} of {} is still open", alert.id, alert.service),
        )
    })
    .collect()
}

fn deliveries(happened: &Happened, kept: &Kept) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut ids: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    let mut accepted: BTreeSet<(&str, &str)> = BTreeSet::new();
    for arrival in &happened.arrivals {
        let subject = (arrival.alert.as_str(), arrival.event.as_str());
        ids.entry(subject).or_default().insert(&arrival.id);
        if arrival.accepted {
            accepted.insert(subject);
        }
        if !kept.alerts.iter().any(|alert| alert.id == arrival.alert) {
            let words = format!(
                "{} of alert {} was told, and there is no such alert",
                arrival.event, arrival.alert
            );
            found.push(broken("told-is-kept", words));
        }
    }
    for ((alert, event), ids) in &ids {
        // Whoever takes an alert on twice is named twice.
        if ids.len() > 1 && *event != "alert.acknowledged" {
            let words = format!("{event} of alert {alert} was told under several ids: {ids:?}");
            found.push(broken("one-page", words));
        }
    }
    for alert in kept
        .alerts
        .iter()
        .filter(|alert| alert.told || alert.kind == "service-down")
    {
        let mut events = vec!["alert.opened"];
        events.extend(alert.resolved_at.map(|_| "alert.resolved"));
        for event in events {
            if !accepted.contains(&(alert.id.as_str(), event)) {
                let words = format!("{event} of alert {} of {} was never accepted", alert.id, alert.service);
                found.push(broken("told-at-least-once", words));
            }
        }
    }
    for delivery in &kept.deliveries {
        if delivery.status != "delivered" {
            let words = format!("{} of alert {} is {}", delivery.event, delivery.alert, delivery.status);
            found.push(broken("told-at-least-once", words));
        }
        let arrived = happened
            .arrivals
            .iter()
            .filter(|arrival| arrival.id == delivery.id)
            .count();
        if delivery.attempts > i64::try_from(arrived).unwrap_or(i64::MAX) {
            let words = format!(
                "{} of alert {} counts {} attempts, {arrived} arrived",
                delivery.event, delivery.alert, delivery.attempts
            );
            found.push(broken("attempts-are-real", words));
        }
    }
    found
}

fn work(happened: &Happened, kept: &Kept) -> Vec<Violation> {
    let mut found = Vec::new();
    for id in &happened.jobs {
        if !kept.jobs.iter().any(|job| job.id == *id) {
            found.push(broken("jobs-end", format!("job {id} was committed and is gone")));
        }
    }
    for job in &kept.jobs {
        // One whose every attempt was killed has ended, too: it might be what kills its replicas.
        let used_up = job.state == "failed" && job.last_error.as_deref() == Some(KILLED_UNDER_IT);
        if job.state == "done" || used_up && usize::try_from(job.attempt).is_ok_and(|most| most <= happened.kills.len())
        {
            continue;
        }
        let JobKept { id, state, attempt, .. } = job;
        let words = format!("job {id} is {state} after {attempt} attempts: {:?}", job.last_error);
        found.push(broken("jobs-end", words));
    }
    found.extend(kept.behind.iter().map(|words| broken("events-seen", words)));
    let positions: BTreeSet<i64> = kept.events.iter().map(|(position, ..)| *position).collect();
    for missing in (1..=kept.last_position).filter(|position| !positions.contains(position)) {
        found.push(broken(
            "events-kept",
            format!("there is no event at position {missing}"),
        ));
    }
    for alert in &kept.alerts {
        for (change, happened) in [("opened", true), ("resolved", alert.resolved_at.is_some())] {
            let events = kept
                .events
                .iter()
                .filter(|(_, id, what)| *id == alert.id && what == change);
            match (events.count(), happened) {
                (0, false) | (1, true) => {}
                (times, _) => {
                    let words = format!("alert {} was announced as {change} {times} times", alert.id);
                    found.push(broken("events-once", words));
                }
            }
        }
    }
    found
}

fn sharing(happened: &Happened, limits: Limits) -> Vec<Violation> {
    let mut found = Vec::new();
    for overlap in overlaps(&happened.hits, limits.interval) {
        // Half an interval more, because a probe arrives some time after it was begun.
        if overlap.lasted > limits.interval * 3 / 2 {
            let words = format!(
                "check {} was probed by {} and {} at once for {} ms",
                overlap.check,
                overlap.one,
                overlap.other,
                overlap.lasted / 1000
            );
            found.push(broken("one-prober", words));
        }
    }
    if happened.replicas < 2 {
        return found;
    }
    for Gap { check, run, at, lasted } in gaps(happened) {
        if lasted > limits.fail_over {
            let words = format!(
                "check {check} lay still for {} ms after {run} was killed at {at}",
                lasted / 1000
            );
            found.push(broken("fail-over", words));
        }
    }
    for (check, at, lasted) in silences(happened) {
        if lasted > limits.fail_over {
            let words = format!(
                "check {check} lay still for {} ms at {at} although nobody was killed",
                lasted / 1000
            );
            found.push(broken("fail-over", words));
        }
    }
    found
}

fn leases(happened: &Happened) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut before: HashMap<&str, (Option<&str>, i64)> = HashMap::new();
    for seen in &happened.leases {
        let holder = seen.holder.as_ref().map(|(id, _)| id.as_str());
        if let Some((held, token)) = before.insert(&seen.name, (holder, seen.token))
            && (seen.token < token || seen.token == token && holder != held)
        {
            let words = format!(
                "`{}` went from {held:?} under {token} to {holder:?} under {}",
                seen.name, seen.token
            );
            found.push(broken("tokens-grow", words));
        }
    }
    found
}
