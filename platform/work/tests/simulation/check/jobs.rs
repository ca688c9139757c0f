//! Jobs: how they go from state to state, that each has one effect at most, and that they come to the right end.

use std::collections::{BTreeMap, BTreeSet};

use mainstay_kernel::TypedId;
use mainstay_testkit::simulation::Written;
use mainstay_work::{Job, JobId};
use tokio::time::{Duration, Instant};

use super::{Findings, Invariant, images, number, rows, text};
use crate::fleet::{
    jobs::{Errand, Hopeless, Tick, Tidy},
    record::{Acknowledged, Inner, Run},
};

/// How long two replicas may run one job: a replica stops its attempts by itself four seconds after its last beat, and where
/// the server says that its process is gone, others wait for less.
const TO_NOTICE: Duration = Duration::from_secs(4);
/// An attempt that does not listen is dropped five seconds after it was told to stop.
const DEAF: Duration = Duration::from_secs(9);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    kind: String,
    unique: Option<(String, String)>,
    state: String,
    attempt: i64,
    holder: String,
    cancel_requested: bool,
}

#[derive(Debug, Default)]
pub struct Jobs {
    known: BTreeMap<String, Known>,
    live: BTreeMap<(String, String), String>,
    effects: BTreeSet<String>,
    forgotten: BTreeSet<String>,
}

impl Jobs {
    pub fn hear(&mut self, commit: &[Written], findings: &mut Findings) {
        let mut ended_well: BTreeSet<String> = BTreeSet::new();
        // Ends first: they make room for others of their unique key.
        let changed = rows(commit, "work_job");
        let mut changed: Vec<_> = changed.collect();
        changed.sort_by_key(|(_, image)| image.is_some_and(|image| is_live(text(image, "state"))));
        for (key, image) in changed {
            let Some(image) = image else {
                self.deleted(key, findings);
                continue;
            };
            let id = text(image, "id").to_owned();
            let now = Known {
                kind: text(image, "kind").to_owned(),
                unique: image
                    .get("unique_key")
                    .map(|unique| (text(image, "kind").to_owned(), unique.clone())),
                state: text(image, "state").to_owned(),
                attempt: number(image, "attempt"),
                holder: text(image, "holder").to_owned(),
                cancel_requested: number(image, "cancel_requested") != 0,
            };
            let before = self.known.get(&id);
            if !may_follow(before, &now) {
                findings.add(
                    Invariant::StatesOfJobs,
                    format!("job {id} went from {before:?} to {now:?}"),
                );
            }
            if now.state == "done" && before.is_none_or(|before| before.state != "done") {
                ended_well.insert(id.clone());
            }
            self.keep_unique(&id, &now, findings);
            self.known.insert(id, now);
        }
        let mut effects: BTreeSet<String> = BTreeSet::new();
        for effect in images(commit, "sim_effect") {
            let job = text(effect, "job").to_owned();
            if !self.effects.insert(job.clone()) {
                findings.add(
                    Invariant::EffectOnce,
                    format!("the effect of job {job} happened more than once"),
                );
            }
            if !ended_well.contains(&job) {
                findings.add(
                    Invariant::EffectOnce,
                    format!("the effect of job {job} was committed without its end"),
                );
            }
            effects.insert(job);
        }
        for job in ended_well.difference(&effects) {
            if self.known.get(job).is_some_and(|known| has_effect(&known.kind)) {
                findings.add(Invariant::EffectOnce, format!("job {job} is done without its effect"));
            }
        }
    }

    fn deleted(&mut self, key: &str, findings: &mut Findings) {
        let id = key.trim_start_matches('X').trim_matches('\'').to_lowercase();
        if let Some(known) = self.known.remove(&id)
            && is_live(&known.state)
        {
            findings.add(
                Invariant::NothingLost,
                format!("job {id} was forgotten while {known:?}"),
            );
        }
        self.forgotten.insert(id);
    }

    fn keep_unique(&mut self, id: &str, now: &Known, findings: &mut Findings) {
        let Some(unique) = &now.unique else { return };
        let holder = self.live.get(unique);
        if is_live(&now.state) {
            if let Some(other) = holder.filter(|other| *other != id) {
                findings.add(
                    Invariant::StatesOfJobs,
                    format!("jobs {other} and {id} wait or run with the same unique key {unique:?}"),
                );
            }
            self.live.insert(unique.clone(), id.to_owned());
        } else if holder.is_some_and(|holder| holder == id) {
            self.live.remove(unique);
        }
    }

    pub fn finish(&self, record: &Inner, findings: &mut Findings) {
        let mut cancelled = BTreeSet::new();
        for what in &record.acknowledged {
            match what {
                Acknowledged::Job(id) => {
                    let id = simple(*id);
                    if !self.known.contains_key(&id) && !self.forgotten.contains(&id) {
                        findings.add(
                            Invariant::NothingLost,
                            format!("job {id} was acknowledged and is not there"),
                        );
                    }
                }
                Acknowledged::Cancelled(id) => drop(cancelled.insert(simple(*id))),
                Acknowledged::Operation { .. } => {}
            }
        }
        for (id, known) in &self.known {
            let right = match known.state.as_str() {
                "done" => known.kind != Hopeless::KIND,
                "failed" => known.kind == Hopeless::KIND,
                "cancelled" => known.cancel_requested,
                // The schedule comes while the others end.
                _ => known.kind == Tick::KIND,
            };
            if !right {
                findings.add(Invariant::JobsEnd, format!("job {id} came to no right end: {known:?}"));
            }
        }
        for id in &cancelled {
            if let Some(known) = self.known.get(id)
                && !known.cancel_requested
            {
                findings.add(
                    Invariant::NothingLost,
                    format!("the end of job {id} that somebody wanted was acknowledged and forgotten: {known:?}"),
                );
            }
        }
        self.run_by_one(&record.runs, findings);
    }

    fn run_by_one(&self, runs: &[Run], findings: &mut Findings) {
        let mut by_job: BTreeMap<JobId, Vec<&Run>> = BTreeMap::new();
        for run in runs {
            by_job.entry(run.job).or_default().push(run);
        }
        for (job, runs) in by_job {
            let kind = self.known.get(&simple(job)).map(|known| known.kind.as_str());
            let limit = if kind == Some(Hopeless::KIND) { DEAF } else { TO_NOTICE };
            for (index, one) in runs.iter().enumerate() {
                for other in &runs[index + 1..] {
                    let from = one.from.max(other.from);
                    let to = [one.to, other.to]
                        .into_iter()
                        .flatten()
                        .min()
                        .unwrap_or_else(Instant::now);
                    if to.saturating_duration_since(from) > limit {
                        findings.add(
                            Invariant::RunByOne,
                            format!(
                                "{} and {} both ran job {job} for {:?}",
                                one.process,
                                other.process,
                                to.saturating_duration_since(from)
                            ),
                        );
                    }
                }
            }
        }
    }
}

fn simple(id: JobId) -> String {
    id.as_uuid().simple().to_string()
}

fn is_live(state: &str) -> bool {
    state == "waiting" || state == "running"
}

fn has_effect(kind: &str) -> bool {
    [Errand::KIND, Tidy::KIND, Tick::KIND].contains(&kind)
}

/// Whether a job may go from one state to the next within one transaction.
fn may_follow(before: Option<&Known>, now: &Known) -> bool {
    let Some(before) = before else {
        return now.state == "waiting" && now.attempt == 0;
    };
    match (before.state.as_str(), now.state.as_str()) {
        ("waiting", "running") => now.attempt == before.attempt + 1 && !now.holder.is_empty(),
        ("running", "running") => now.attempt == before.attempt && now.holder == before.holder,
        ("running", "waiting") => {
            (now.attempt == before.attempt || now.attempt == before.attempt - 1) && now.holder.is_empty()
        }
        ("waiting", "cancelled") | ("running", "done" | "failed" | "cancelled") => now.attempt == before.attempt,
        _ => false,
    }
}
