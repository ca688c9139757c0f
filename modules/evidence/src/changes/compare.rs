//! Comparing two versions of the same settings. The order of keys and how they are written do not matter.

use super::{
    facts::SettingChange,
    settings::{Setting, Settings},
};
use crate::quote::Quote;

/// Certainty that a value differs: both versions were read to the end.
const BOTH_READ: f64 = 0.99;
/// The same where a version had more values than are kept, so that a path may be missing for that reason.
const CUT: f64 = 0.6;

/// What differs.
pub(super) fn compare(baseline: &Settings, subject: &Settings) -> Vec<SettingChange> {
    let cut = baseline.dropped > 0 || subject.dropped > 0;
    let mut changes = Vec::new();
    for (path, before) in &baseline.entries {
        match subject.entries.get(path) {
            Some(after) if same(before, after) => {}
            after => changes.push(change(path, Some(before), after, cut && after.is_none())),
        }
    }
    let new = subject
        .entries
        .iter()
        .filter(|(path, _)| !baseline.entries.contains_key(*path));
    changes.extend(new.map(|(path, after)| change(path, None, Some(after), cut)));
    changes
}

/// Equal texts, or equal numbers: `1.0` is `1`, and `"5"` is `5` to whoever reads them.
fn same(before: &Setting, after: &Setting) -> bool {
    let (before, after) = (before.value.text().trim(), after.value.text().trim());
    before == after
        || plain(before)
            .zip(plain(after))
            .is_some_and(|(before, after)| before.to_bits() == after.to_bits())
}

/// A number that says nothing but its amount: a version or a code has leading zeros or two points.
fn plain(text: &str) -> Option<f64> {
    let is_code = text.len() > 15 || text.starts_with('0') && !text.starts_with("0.") && text != "0";
    if is_code || !text.starts_with(|character: char| character.is_ascii_digit() || character == '-') {
        return None;
    }
    text.parse().ok()
}

fn change(path: &str, before: Option<&Setting>, after: Option<&Setting>, cut: bool) -> SettingChange {
    let one = after.or(before);
    let quotes: Vec<Quote> = [before, after]
        .into_iter()
        .flatten()
        .filter_map(|setting| setting.quote.clone())
        .collect();
    SettingChange::new(
        one.map(|setting| setting.component.clone()).unwrap_or_default(),
        path.to_owned(),
        before.map(|setting| setting.value.clone()),
        after.map(|setting| setting.value.clone()),
        None,
        if cut { CUT } else { BOTH_READ },
        quotes,
    )
}
