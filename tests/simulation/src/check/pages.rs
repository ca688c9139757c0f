//! Pages against outages: who was told of what, how often, and when it was over.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

use super::{Calm, Findings, Invariant};
use crate::{
    record::Inner,
    truth::{MAINTAINED, Manner, Outage, SERVICES, Truth},
};

/// Whatever lasts so long in calm is seen: a probe comes within a minute, its second and third attempt take up to two seconds
/// and as much between them, another replica reads them within a look, an alert is held for half a minute for news of what
/// its service needs, and is tried again for a minute and a half when the receiver refuses.
const SEEN: Duration = Duration::from_mins(4);
/// How much later, in calm time, something may still be told: all of that, and the fourth attempt at a delivery.
const LATE: Duration = Duration::from_mins(12);
/// The longest window over which a budget's burn is judged.
const BURN: Duration = Duration::from_hours(73);

/// One or several outages of a service with so little calm between them that they may be taken for one.
#[derive(Debug)]
struct Episode {
    outages: Vec<Outage>,
    from: Instant,
    to: Instant,
    /// Whether somebody must be told.
    telling: bool,
}

/// An alert as the receiver knows it.
#[derive(Debug, Default)]
struct Told {
    service: String,
    opened: Option<Instant>,
    resolved: Option<Instant>,
}

pub fn check(record: &Inner, truth: &Truth, began: Instant, calm: &Calm, findings: &mut Findings) {
    one_id(record, findings);
    let alerts = told(record);
    for (service, _) in SERVICES {
        let episodes = episodes(service, truth, began, calm);
        let mut alerts_of: BTreeMap<usize, Vec<(&str, &Told)>> = BTreeMap::new();
        for (id, alert) in alerts.iter().filter(|(_, alert)| alert.service == service) {
            let Some(opened) = alert.opened else {
                findings.add(
                    Invariant::Paged,
                    format!("alert {id} of {service} was resolved and never opened"),
                );
                continue;
            };
            let number = episodes.partition_point(|episode| episode.from <= opened);
            let during = number
                .checked_sub(1)
                .filter(|number| calm.between(episodes[*number].to, opened) <= LATE);
            match during {
                Some(number) => alerts_of.entry(number).or_default().push((id, alert)),
                None => findings.add(
                    Invariant::NoFalsePage,
                    format!(
                        "alert {id} of {service} arrived at {} s, and nothing was down",
                        seconds(began, opened)
                    ),
                ),
            }
        }
        for (number, episode) in episodes.iter().enumerate() {
            let alerts = alerts_of.remove(&number).unwrap_or_default();
            judge(service, episode, &alerts, (truth, began, calm), findings);
        }
    }
    burns(record, truth, began, findings);
}

fn judge(
    service: &str,
    episode: &Episode,
    alerts: &[(&str, &Told)],
    (truth, began, calm): (&Truth, Instant, &Calm),
    findings: &mut Findings,
) {
    let outages: Vec<String> = episode.outages.iter().map(ToString::to_string).collect();
    let outages = format!("{service}, which was {}", outages.join(" and "));
    if episode.telling && alerts.is_empty() {
        findings.add(Invariant::Paged, format!("nobody was paged about {outages}"));
    }
    let steady = !episode
        .outages
        .iter()
        .any(|outage| matches!(outage.manner, Manner::Flaps(_)));
    if steady && alerts.len() > episode.outages.len() {
        let ids: Vec<&str> = alerts.iter().map(|(id, _)| *id).collect();
        findings.add(Invariant::PagedOnce, format!("the alerts {ids:?} left about {outages}"));
    }
    let now = Instant::now();
    for (id, alert) in alerts {
        let due = calm.between(episode.to, alert.resolved.unwrap_or(now)) > LATE;
        if due {
            findings.add(
                Invariant::Resolved,
                format!("alert {id} was not resolved in time, about {outages}"),
            );
        }
        let one = match episode.outages.as_slice() {
            [one] if steady => one,
            _ => continue,
        };
        let maintained = service == MAINTAINED && one.from < truth.maintenance.1 && truth.maintenance.0 < one.to;
        if !maintained && alert.resolved.is_some_and(|at| at < began + one.to) {
            findings.add(
                Invariant::Resolved,
                format!("alert {id} was resolved too early, about {outages}"),
            );
        }
    }
}

fn episodes(service: &str, truth: &Truth, began: Instant, calm: &Calm) -> Vec<Episode> {
    let mut episodes: Vec<Episode> = Vec::new();
    for outage in &truth.outages[service] {
        let (from, to) = (began + outage.from, began + outage.to);
        let telling = tells(service, outage, truth, began, calm);
        match episodes.last_mut() {
            Some(last) if calm.between(last.to, from) <= LATE => {
                last.outages.push(*outage);
                last.to = to;
                last.telling |= telling;
            }
            _ => episodes.push(Episode {
                outages: vec![*outage],
                from,
                to,
                telling,
            }),
        }
    }
    episodes
}

/// Whether an outage lasts long enough to be seen and somebody is to be told: not during maintenance, and not while what the
/// service needs is down as well, because then that is told.
fn tells(service: &str, outage: &Outage, truth: &Truth, began: Instant, calm: &Calm) -> bool {
    let meets = |from: Duration, to: Duration| outage.from < to + LATE && from < outage.to + LATE;
    let maintained = service == MAINTAINED && meets(truth.maintenance.0, truth.maintenance.1);
    let folded = below(service)
        .iter()
        .flat_map(|need| &truth.outages[need])
        .any(|other| meets(other.from, other.to));
    let lasts = calm.longest(began + outage.from, began + outage.to) >= SEEN;
    lasts && !maintained && !folded && !matches!(outage.manner, Manner::Flaps(_))
}

/// Everything a service needs, directly or not.
fn below(service: &str) -> BTreeSet<&'static str> {
    let needs = SERVICES
        .iter()
        .find(|(name, _)| *name == service)
        .map_or(&[][..], |(_, needs)| needs);
    let mut all = BTreeSet::new();
    for need in needs {
        all.insert(*need);
        all.extend(below(need));
    }
    all
}

fn told(record: &Inner) -> BTreeMap<&str, Told> {
    let mut alerts: BTreeMap<&str, Told> = BTreeMap::new();
    for page in record
        .pages
        .iter()
        .filter(|page| page.accepted && page.kind == "service-down")
    {
        let alert = alerts.entry(&page.alert).or_default();
        alert.service.clone_from(&page.service);
        let at = match page.event.as_str() {
            "alert.opened" => &mut alert.opened,
            "alert.resolved" => &mut alert.resolved,
            _ => continue,
        };
        at.get_or_insert(page.at);
    }
    alerts
}

fn one_id(record: &Inner, findings: &mut Findings) {
    let mut ids: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for page in &record.pages {
        ids.entry((&page.alert, &page.event))
            .or_default()
            .insert(&page.webhook_id);
    }
    for ((alert, event), ids) in ids {
        // An alert may become more urgent more than once.
        if ids.len() > 1 && event != "alert.escalated" {
            findings.add(
                Invariant::OneId,
                format!("{event} of alert {alert} arrived under {ids:?}"),
            );
        }
    }
}

/// What is said about a budget must have a reason, too.
fn burns(record: &Inner, truth: &Truth, began: Instant, findings: &mut Findings) {
    let opened = record
        .pages
        .iter()
        .filter(|page| page.event == "alert.opened" && page.kind != "service-down");
    for page in opened {
        let at = page.at.duration_since(began);
        let outages = truth.outages.get(page.service.as_str());
        let reason = outages
            .into_iter()
            .flatten()
            .any(|outage| outage.from <= at && at <= outage.to + BURN);
        // A budget that is spent stays so for as long as its window.
        if !reason && page.kind == "burn-rate" {
            findings.add(
                Invariant::NoFalsePage,
                format!(
                    "a burn of {} was told at {} s, and nothing was down",
                    page.service,
                    at.as_secs()
                ),
            );
        }
    }
}

fn seconds(began: Instant, at: Instant) -> u64 {
    at.duration_since(began).as_secs()
}
