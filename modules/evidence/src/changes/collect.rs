//! Collecting: files are read, versions of a file are put side by side, and the facts are told as of an onset.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use serde::Serialize;

use super::{
    compare::compare,
    diff, events,
    events::DeployEvent,
    facts::{ChangeFacts, DatedEvent, SettingChange, SourceNote, UNDATED, nearness},
    read::{self, Form, ReadFailure},
    risk::{self, POSSIBLE, Risk, RiskFact, RiskKind},
    settings::Settings,
};
use crate::{logs::time::TimeContext, source::Origin};

/// Bounds of collecting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeLimits {
    /// Bytes of one file. Settings are read as a whole.
    pub file: usize,
    /// Values of all files of a side.
    pub settings: usize,
    /// Changes that are told.
    pub changes: usize,
    /// Events that are kept, the latest.
    pub events: usize,
    /// Notes of files that were not read.
    pub notes: usize,
}

impl Default for ChangeLimits {
    fn default() -> Self {
        Self {
            file: 8 << 20,
            settings: 200_000,
            changes: 10_000,
            events: 50_000,
            notes: 1_000,
        }
    }
}

/// Which version a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// As it was when all was well.
    Baseline,
    /// As it is.
    Subject,
}

/// Collects files of settings, differences and events.
#[derive(Debug)]
pub struct Changes {
    limits: ChangeLimits,
    context: TimeContext,
    baseline: BTreeMap<String, (Form, Settings)>,
    subject: BTreeMap<String, (Form, Settings)>,
    told: Vec<SettingChange>,
    events: Vec<DeployEvent>,
    notes: Vec<SourceNote>,
    dropped: u64,
}

impl Changes {
    /// Nothing is read yet. The context is for times that do not say their year or zone.
    pub fn new(context: TimeContext, limits: ChangeLimits) -> Self {
        Self {
            limits,
            context,
            baseline: BTreeMap::new(),
            subject: BTreeMap::new(),
            told: Vec::new(),
            events: Vec::new(),
            notes: Vec::new(),
            dropped: 0,
        }
    }

    /// Reads a file as a whole. Versions of a file are matched by `relative`. What could not be read is in the facts, too.
    pub fn read(
        &mut self,
        side: Side,
        origin: &Origin,
        relative: &str,
        form: Form,
        stream: impl Read,
    ) -> Result<(), ReadFailure> {
        let result = self.read_one(side, origin, relative, form, stream);
        if let Err(failure) = &result {
            self.note(origin, format!("not read: {failure}"));
        }
        result
    }

    fn read_one(
        &mut self,
        side: Side,
        origin: &Origin,
        relative: &str,
        form: Form,
        stream: impl Read,
    ) -> Result<(), ReadFailure> {
        let mut bytes = Vec::new();
        let most = self.limits.file;
        stream
            .take(most as u64 + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| ReadFailure::Invalid {
                line: 1,
                said: format!("reading stopped: {error}"),
            })?;
        if bytes.len() > most {
            return Err(ReadFailure::TooLarge(most));
        }
        let content =
            String::from_utf8(bytes).map_err(|error| ReadFailure::NoText(error.utf8_error().valid_up_to()))?;
        match form {
            Form::Diff => {
                let found = diff::read(origin, &content, &self.context);
                self.dropped += found.dropped;
                let room = self.limits.changes.saturating_sub(self.told.len());
                self.dropped += found.changes.len().saturating_sub(room) as u64;
                self.told.extend(found.changes.into_iter().take(room));
            }
            Form::Events => {
                let found = events::read(origin, &content, &self.context);
                if found.events.is_empty() {
                    self.note(
                        origin,
                        format!(
                            "no event with a time, a component and a version in {} objects or rows",
                            found.passed
                        ),
                    );
                }
                self.dropped += found.dropped;
                self.events.extend(found.events);
                self.events.sort_by_key(|event| event.at);
                let over = self.events.len().saturating_sub(self.limits.events);
                self.dropped += over as u64;
                self.events.drain(..over);
            }
            Form::Yaml | Form::Toml | Form::Pairs | Form::Dockerfile => {
                let settings = read::settings(origin, relative, form, &content)?;
                let files = match side {
                    Side::Baseline => &mut self.baseline,
                    Side::Subject => &mut self.subject,
                };
                let held: usize = files.values().map(|(_, settings)| settings.entries.len()).sum();
                if held + settings.entries.len() > self.limits.settings {
                    self.dropped += settings.entries.len() as u64;
                    self.note(
                        origin,
                        format!("left out: more than {} settings in all", self.limits.settings),
                    );
                } else if files.contains_key(relative) {
                    // Under a name of its own its settings are in force, but no other version is its own.
                    files.insert(format!("{relative} of {}", origin.file), (form, settings));
                    self.note(
                        origin,
                        format!("a second file of the path {relative}: it is not compared"),
                    );
                } else {
                    files.insert(relative.to_owned(), (form, settings));
                }
            }
        }
        Ok(())
    }

    fn note(&mut self, origin: &Origin, note: String) {
        if self.notes.len() >= self.limits.notes {
            self.dropped += 1;
            return;
        }
        self.notes.push(SourceNote {
            origin: origin.clone(),
            note,
        });
    }

    /// The settings of a side, by the path of their file.
    pub fn settings(&self, side: Side) -> impl Iterator<Item = (&str, &Settings)> {
        let files = match side {
            Side::Baseline => &self.baseline,
            Side::Subject => &self.subject,
        };
        files
            .iter()
            .map(|(relative, (_, settings))| (relative.as_str(), settings))
    }

    /// What changed before the onset, in microseconds since 1970; without one, all.
    pub fn facts(&self, before: Option<i64>) -> ChangeFacts {
        let mut notes = self.notes.clone();
        let mut changes: Vec<SettingChange> = self
            .pairs(&mut notes)
            .into_iter()
            .flat_map(|(old, new)| compare(old, new))
            .collect();
        changes.extend(self.told.iter().cloned());
        let total = changes.len() as u64;
        changes.retain(|change| change.at.zip(before).is_none_or(|(at, onset)| at <= onset));
        let mut later = total - changes.len() as u64;
        for change in &mut changes {
            change.nearness = change.at.zip(before).map_or(UNDATED, |(at, onset)| nearness(at, onset));
        }
        changes.sort_by(|left, right| {
            right
                .weight()
                .total_cmp(&left.weight())
                .then_with(|| left.path.cmp(&right.path))
        });
        let over = changes.len().saturating_sub(self.limits.changes) as u64;
        changes.truncate(self.limits.changes);
        let events = self
            .events
            .iter()
            .filter(|event| before.is_none_or(|onset| event.at <= onset));
        let events: Vec<DatedEvent> = events
            .map(|event| DatedEvent {
                event: event.clone(),
                nearness: before.map_or(UNDATED, |onset| nearness(event.at, onset)),
            })
            .collect();
        later += (self.events.len() - events.len()) as u64;
        let cut: u64 = self
            .baseline
            .values()
            .chain(self.subject.values())
            .map(|(_, settings)| settings.dropped)
            .sum();
        ChangeFacts {
            changes,
            risks: self.risks(),
            events,
            later,
            dropped: self.dropped + over + cut,
            notes,
        }
    }

    /// Versions of the same file. One file of a side that is left alone belongs to the one of the other side that is left alone.
    fn pairs(&self, notes: &mut Vec<SourceNote>) -> Vec<(&Settings, &Settings)> {
        if self.baseline.is_empty() || self.subject.is_empty() {
            return Vec::new();
        }
        let both = self
            .baseline
            .iter()
            .filter_map(|(relative, (_, old))| Some((old, &self.subject.get(relative)?.1)));
        let mut pairs: Vec<_> = both.collect();
        let alone =
            |one: &BTreeMap<String, (Form, Settings)>, other: &BTreeMap<String, (Form, Settings)>| -> Vec<String> {
                one.keys()
                    .filter(|relative| !other.contains_key(*relative))
                    .cloned()
                    .collect()
            };
        let (gone, new) = (
            alone(&self.baseline, &self.subject),
            alone(&self.subject, &self.baseline),
        );
        if let ([gone], [new]) = (gone.as_slice(), new.as_slice())
            && let (Some((old_form, old)), Some((new_form, new))) = (self.baseline.get(gone), self.subject.get(new))
            && old_form == new_form
        {
            pairs.push((old, new));
            return pairs;
        }
        let mut tell = |settings: &Settings, note: &str| {
            let origin = settings.origin.clone();
            notes.push(SourceNote {
                origin,
                note: note.to_owned(),
            });
        };
        for (_, settings) in gone.iter().filter_map(|relative| self.baseline.get(relative)) {
            tell(settings, "in the baseline only: its settings are not compared");
        }
        for (_, settings) in new.iter().filter_map(|relative| self.subject.get(relative)) {
            tell(settings, "new since the baseline: its settings are not compared");
        }
        pairs
    }

    /// Risky values that stand in the subject.
    fn risks(&self) -> Vec<RiskFact> {
        let mut facts = Vec::new();
        for (_, settings) in self.subject.values() {
            for path in settings.entries.keys() {
                let value = settings.entries.get(path).map(|setting| &setting.value);
                facts.extend(
                    risk::judge(path, None, value)
                        .into_iter()
                        .filter_map(|risk| fact(settings, path, risk)),
                );
            }
        }
        facts.extend(self.short_timeouts());
        facts.sort_by(|left, right| right.risk.certainty.total_cmp(&left.risk.certainty));
        facts.truncate(self.limits.changes);
        facts
    }

    /// Timeouts beside the address of another component that waits longer itself. The longest timeout of the callee is taken,
    /// because which of its timeouts belongs to the call is not known: hence no more than possible.
    fn short_timeouts(&self) -> Vec<RiskFact> {
        let mut longest: BTreeMap<&str, f64> = BTreeMap::new();
        for (_, settings) in self.subject.values() {
            for (path, setting) in &settings.entries {
                if let Some(seconds) = risk::timeout(path, setting.value.text()) {
                    let most = longest.entry(&setting.component).or_default();
                    *most = most.max(seconds);
                }
            }
        }
        let mut facts = Vec::new();
        for (_, settings) in self.subject.values() {
            let mut callees: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for (path, setting) in &settings.entries {
                let host = risk::host(path, setting.value.text());
                let callee = host.as_deref().and_then(|host| host.split('.').next());
                if let Some(callee) =
                    callee.filter(|callee| *callee != setting.component && longest.contains_key(callee))
                {
                    callees.entry(parent(path)).or_default().insert(callee.to_owned());
                }
            }
            for (path, setting) in &settings.entries {
                let Some(own) = risk::timeout(path, setting.value.text()).filter(|own| *own > 0.0) else {
                    continue;
                };
                for callee in callees.get(parent(path)).into_iter().flatten() {
                    let theirs = longest.get(callee.as_str()).copied().unwrap_or_default();
                    if own < theirs {
                        let risk = Risk {
                            kind: RiskKind::TimeoutShorterThanCallee,
                            reason: format!(
                                "it waits {own} s for {callee}, which itself waits up to {theirs} s: {callee} then works for nobody"
                            ),
                            certainty: POSSIBLE,
                        };
                        facts.extend(fact(settings, path, risk));
                    }
                }
            }
        }
        facts
    }
}

/// What a path is below: settings beside one another are about the same thing.
fn parent(path: &str) -> &str {
    path.rfind(['.', ':']).map_or("", |at| &path[..at])
}

fn fact(settings: &Settings, path: &str, risk: Risk) -> Option<RiskFact> {
    let setting = settings.entries.get(path)?;
    Some(RiskFact {
        component: setting.component.clone(),
        file: settings.origin.file.clone(),
        path: path.to_owned(),
        value: setting.value.clone(),
        risk,
        place: setting.place.clone(),
        quote: setting.quote.clone(),
    })
}
