//! Changes: deploys and settings that are different, each with how much it could break.

use mainstay_diagnosis::{Change, System};
use mainstay_evidence::changes::{DeployEvent, SettingChange};

use super::Names;
use crate::reading::Evidence;

/// How much a change could break of which nothing risky is known. Judgement: most changes are harmless.
const HARMLESS: f64 = 0.2;
/// How much another version could break.
const VERSION: f64 = 0.9;
/// What is left of that for a change whose time is not known.
const UNDATED: f64 = 0.6;
/// A change whose time is not known is put so long before the symptom, in microseconds.
const BEFORE: i64 = 60_000_000;

/// What was changed.
#[derive(Debug)]
pub enum Changed {
    /// A setting.
    Setting(SettingChange),
    /// A version, or what else a deploy says.
    Event(DeployEvent),
}

/// Adds changes of components that are known by other evidence; answers what their witnesses stand for.
pub fn join(evidence: &Evidence, at: Option<i64>, names: &Names, system: &mut System) -> Vec<Changed> {
    let mut witnessed = Vec::new();
    if !evidence.looked_for_changes {
        return witnessed;
    }
    let facts = evidence.changes.facts(None);
    let latest = at
        .or(evidence.covered.map(|(_, last)| last))
        .unwrap_or(0)
        .saturating_sub(BEFORE);
    let mut changes = Vec::new();
    let mut add = |component: Option<u32>, time: Option<i64>, risk: f64, what: Changed| {
        if let Some(component) = component {
            changes.push(Change {
                component,
                time: time.unwrap_or(latest),
                risk: if time.is_some() { risk } else { risk * UNDATED },
                witness: u32::try_from(witnessed.len()).unwrap_or(u32::MAX),
            });
            witnessed.push(what);
        }
    };
    for change in facts.changes {
        let risk = change.risks.iter().map(|risk| risk.certainty).fold(HARMLESS, f64::max);
        add(
            names.find(&change.component),
            change.at,
            risk * change.certainty,
            Changed::Setting(change),
        );
    }
    for dated in facts.events {
        let event = dated.event;
        let risk = if event.version.is_some() { VERSION } else { HARMLESS };
        add(
            names.find(&event.component),
            Some(event.at),
            risk * event.certainty,
            Changed::Event(event),
        );
    }
    system.changes = Some(changes);
    witnessed
}
