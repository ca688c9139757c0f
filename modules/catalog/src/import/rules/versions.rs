//! Versions of one registry that contradict each other.

use std::collections::BTreeMap;

use crate::{
    import::{
        codes::Code,
        landscape::{File, Landscape},
        report::Finding,
    },
    model::compare_versions,
};

pub(super) fn check(landscape: &Landscape<'_>, findings: &mut Vec<Finding>) {
    let mut histories: BTreeMap<usize, Vec<&File>> = BTreeMap::new();
    for file in landscape.files {
        if let Some(registry) = file.registry {
            histories.entry(registry).or_default().push(file);
        }
    }
    for mut history in histories.into_values() {
        history.sort_by(|a, b| compare_versions(a.version(), b.version()).then_with(|| a.path.cmp(&b.path)));
        reused(&history, findings);
        dates(&history, findings);
    }
}

/// Equal copies were set aside before, so files of one version differ.
fn reused(history: &[&File], findings: &mut Vec<Finding>) {
    let mut first: Option<&File> = None;
    for file in history {
        let Some(known) = first.filter(|known| compare_versions(known.version(), file.version()).is_eq()) else {
            first = Some(file);
            continue;
        };
        let (Some(version), Some(other)) = (&file.content.version, &known.content.version) else {
            continue;
        };
        let message = format!(
            "Version {} is also the version of {}, with other content. Give one of them a new version.",
            version.value,
            known.spot(other.line),
        );
        findings.push(
            Finding::new(Code::ReusedVersion, file.place(version.line), message)
                .with("version", version.value.clone())
                .with("also", known.spot(other.line))
                .also(known.place(other.line)),
        );
    }
}

fn dates(history: &[&File], findings: &mut Vec<Finding>) {
    for (index, file) in history.iter().enumerate() {
        let (Some(version), Some(updated)) = (&file.content.version, &file.content.updated) else {
            continue;
        };
        let older = history.iter().take(index).rev().find(|older| {
            let lower = compare_versions(older.version(), file.version()).is_lt();
            // ISO 8601 dates of one form sort as text.
            lower
                && older
                    .content
                    .updated
                    .as_ref()
                    .is_some_and(|date| date.value > updated.value)
        });
        let Some((older, older_updated)) = older.and_then(|older| Some((older, older.content.updated.as_ref()?)))
        else {
            continue;
        };
        let older_version = older.version().unwrap_or_default();
        let message = format!(
            "Version {} is dated {}, earlier than version {older_version} ({}). Correct the date or the version.",
            version.value, updated.value, older_updated.value,
        );
        findings.push(
            Finding::new(Code::VersionDate, file.place(updated.line), message)
                .with("version", version.value.clone())
                .with("updated", updated.value.clone())
                .with("older_version", older_version)
                .with("older_updated", older_updated.value.clone())
                .also(older.place(older_updated.line)),
        );
    }
}
