//! Changes before the onset, the riskiest and nearest first.

use mainstay_evidence::changes::{DeployEvent, SettingChange, Value};

use super::words::{duration, moment};
use crate::{reading::Evidence, report::Change};

/// Changes that are shown.
const MOST: usize = 20;

/// What was deployed or set differently before the onset.
pub fn changes(evidence: &Evidence, onset: i64) -> Vec<Change> {
    if !evidence.looked_for_changes {
        return Vec::new();
    }
    let facts = evidence.changes.facts(Some(onset));
    let mut changes: Vec<(f64, Change)> = facts
        .changes
        .iter()
        .map(|change| (weight(change), of_setting(change)))
        .collect();
    changes.extend(facts.events.iter().map(|dated| {
        let event = &dated.event;
        let change = Change {
            component: Some(event.component.clone()),
            at: Some(event.at),
            what: said_of_event(event, onset),
            risk: event.version.as_ref().map(|_| "Another version runs.".to_owned()),
            certainty: event.certainty * dated.nearness,
            quotes: event.quote.clone().into_iter().collect(),
        };
        (change.certainty, change)
    }));
    changes.sort_by(|left, right| right.0.total_cmp(&left.0));
    changes.into_iter().take(MOST).map(|(_, change)| change).collect()
}

fn weight(change: &SettingChange) -> f64 {
    let risk = change.risks.iter().map(|risk| risk.certainty).fold(0.1, f64::max);
    risk * change.nearness * change.certainty
}

fn of_setting(change: &SettingChange) -> Change {
    Change {
        component: Some(change.component.clone()).filter(|name| !name.is_empty()),
        at: change.at,
        what: said_of_setting(change),
        risk: change.risks.first().map(|risk| risk.reason.clone()),
        certainty: weight(change),
        quotes: change.quotes.clone(),
    }
}

/// What was set differently, without whose it is and without a full stop: the list of changes names the component beside it.
pub fn said_of_setting(change: &SettingChange) -> String {
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("`{}` was {}, and is {}", change.path, shown(before), shown(after)),
        (None, Some(after)) => format!("`{}` is new: {}", change.path, shown(after)),
        (Some(before), None) => format!("`{}` is gone; it was {}", change.path, shown(before)),
        (None, None) => format!("`{}` changed", change.path),
    }
}

/// What was deployed, likewise.
pub fn said_of_event(event: &DeployEvent, onset: i64) -> String {
    let version =
        |word: &str, version: Option<&String>| version.map_or_else(String::new, |version| format!(" {word} {version}"));
    format!(
        "was changed{}{} at {}, {}",
        version("from", event.previous.as_ref()),
        version("to", event.version.as_ref()),
        moment(event.at, false),
        distance(event.at, onset)
    )
}

/// How long before the onset. Clocks differ, so that the cause of something may be stamped a little later.
pub fn distance(at: i64, onset: i64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "microseconds between two events")]
    let before = onset.saturating_sub(at) as f64 / 1e6;
    let side = if before < 0.0 { "after" } else { "before" };
    format!("{} {side}", duration(before))
}

fn shown(value: &Value) -> String {
    if value.is_masked() {
        "a secret".to_owned()
    } else {
        format!("`{}`", value.shown())
    }
}

#[cfg(test)]
mod tests;
