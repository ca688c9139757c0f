//! Schedules: each time comes once, with its job or because the last one still goes.

use std::collections::BTreeMap;

use mainstay_testkit::simulation::Written;

use super::{Findings, Invariant, images, number, text};

#[derive(Debug, Default)]
pub struct Schedules {
    next: BTreeMap<String, i64>,
}

impl Schedules {
    pub fn hear(&mut self, commit: &[Written], findings: &mut Findings) {
        for schedule in images(commit, "work_schedule") {
            let (name, next) = (text(schedule, "name").to_owned(), number(schedule, "next_at"));
            let before = self.next.insert(name.clone(), next);
            if before.is_some_and(|before| next < before) {
                findings.add(
                    Invariant::Schedules,
                    format!("schedule {name} went back from {before:?} to {next}"),
                );
            }
            let added = text(schedule, "last_job");
            let came = before.is_some_and(|before| next > before);
            let is_here = images(commit, "work_job").any(|job| text(job, "id") == added);
            if !came && is_here {
                findings.add(
                    Invariant::Schedules,
                    format!("schedule {name} added job {added} and its time stayed at {next}"),
                );
            }
        }
        for job in images(commit, "work_job") {
            let scheduled = text(job, "unique_key").strip_prefix("schedule:");
            let is_new =
                text(job, "state") == "waiting" && number(job, "attempt") == 0 && !job.contains_key("last_error");
            if let Some(name) = scheduled.filter(|_| is_new) {
                let by_schedule = images(commit, "work_schedule").any(|schedule| text(schedule, "name") == name);
                if !by_schedule {
                    findings.add(
                        Invariant::Schedules,
                        format!("job {} of schedule {name} was added without its time", text(job, "id")),
                    );
                }
            }
        }
    }
}
