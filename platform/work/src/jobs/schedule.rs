//! Schedules: jobs that come again at times a clock on the wall shows, in a zone that people live in.
//!
//! A time that the change to summer time skips is made up for right after; one that the change back repeats comes once.

use std::{convert::Infallible, str::FromStr};

use croner::Cron;
use jiff::{Timestamp, tz::TimeZone};
use mainstay_kernel::World;
use mainstay_runtime::TaskContext;
use mainstay_store::{Dialect, StoreError, Wakes};

use super::{
    Inner, Jobs, bell,
    job::{EnqueueOptions, Job},
    store::{self, NewJob, schedules},
};

/// When a schedule comes: five fields of cron (minute, hour, day of month, month, day of week) and a time zone.
#[derive(Debug, Clone)]
pub struct Pattern {
    cron: Cron,
    zone: TimeZone,
    text: String,
    zone_name: String,
}

/// A pattern that cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPattern {
    /// Not five fields that mean something.
    #[error("`{0}` is not a cron pattern such as `30 3 * * 1-5` (minute, hour, day of month, month, day of week): {1}")]
    Cron(String, String),
    /// No such zone.
    #[error("`{0}` is not a time zone such as `Europe/Berlin` or `UTC`")]
    Zone(String),
}

impl Pattern {
    /// Parses a pattern.
    ///
    /// # Errors
    /// When the pattern or the zone is not one.
    pub fn new(cron: &str, zone: &str) -> Result<Self, InvalidPattern> {
        Ok(Self {
            cron: Cron::from_str(cron).map_err(|error| InvalidPattern::Cron(cron.to_owned(), error.to_string()))?,
            zone: TimeZone::get(zone).map_err(|_| InvalidPattern::Zone(zone.to_owned()))?,
            text: cron.to_owned(),
            zone_name: zone.to_owned(),
        })
    }

    /// The first time after `after`; `None` when there is none, as on 30 February.
    pub fn next_after(&self, after: Timestamp) -> Option<Timestamp> {
        let after = after.to_zoned(self.zone.clone());
        let next = self.cron.find_next_occurrence(&after, false).ok()?;
        Some(next.timestamp())
    }
}

/// A schedule as a module declared it.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    name: String,
    pattern: Pattern,
    job: NewJob,
}

/// A schedule as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleView {
    /// Its unique name.
    pub name: String,
    /// Its pattern.
    pub cron: String,
    /// The zone of that pattern.
    pub zone: String,
    /// The kind of job it adds.
    pub kind: String,
    /// Whether it is held back.
    pub paused: bool,
    /// When it comes next.
    pub next_at: Option<Timestamp>,
    /// When it last came.
    pub last_at: Option<Timestamp>,
    /// The job it added then.
    pub last_job: Option<super::job::JobId>,
}

/// What became of a schedule that was told to come now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleRun {
    /// It added this job.
    Added(super::job::JobId),
    /// Its last job still waits or runs, and there is never a second beside it.
    StillGoing,
    /// This process does not declare it; another version of Mainstay does.
    NotHere,
    /// There is no such schedule.
    Unknown,
}

impl Jobs {
    /// Declares that a job comes again and again; before [`Jobs::start`].
    ///
    /// # Errors
    /// When the job cannot be written as JSON.
    pub fn schedule<J: Job>(&self, name: &str, pattern: Pattern, job: &J) -> Result<(), StoreError> {
        let job = self.inner.new_job(job, EnqueueOptions::default())?;
        self.inner
            .schedules
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(Declared {
                name: name.to_owned(),
                pattern,
                job,
            });
        Ok(())
    }

    /// Every schedule.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn schedules(&self) -> Result<Vec<ScheduleView>, StoreError> {
        schedules::all(&self.inner.database).await
    }

    /// Holds a schedule back, or lets it come again from now on; answers whether there is such a schedule.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn pause_schedule(&self, name: &str, paused: bool) -> Result<bool, StoreError> {
        let now = self.inner.world.now();
        let declared = self.inner.declared().into_iter().find(|declared| declared.name == name);
        let next = declared
            .filter(|_| !paused)
            .and_then(|declared| declared.pattern.next_after(now));
        schedules::pause(&self.inner.database, name, paused, next, now).await
    }

    /// Has a schedule come now, paused or not; when it comes next stays as it was.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn run_schedule(&self, name: &str) -> Result<ScheduleRun, StoreError> {
        let inner = &self.inner;
        let Some(declared) = inner.declared().into_iter().find(|declared| declared.name == name) else {
            let known = self.schedules().await?.iter().any(|schedule| schedule.name == name);
            return Ok(if known {
                ScheduleRun::NotHere
            } else {
                ScheduleRun::Unknown
            });
        };
        let now = inner.world.now();
        let job = due_job(&declared, &inner.world, now);
        let mut tx = inner.database.begin().await?;
        if !schedules::asked(&mut tx, name, now, job.id).await? {
            return Ok(ScheduleRun::Unknown);
        }
        if !store::insert_in(&mut tx, &inner.world, &job).await? {
            tx.rollback().await?;
            return Ok(ScheduleRun::StillGoing);
        }
        Wakes::ring_on_commit(&mut tx, &bell(job.queue)).await?;
        tx.commit().await?;
        inner.wakes.ring(&bell(job.queue));
        Ok(ScheduleRun::Added(job.id))
    }
}

impl Inner {
    fn declared(&self) -> Vec<Declared> {
        self.schedules
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// Writes what was declared. A changed pattern counts from now.
    pub(super) async fn declare_schedules(&self) -> Result<(), StoreError> {
        let declared = self.declared();
        let mut tx = self.database.begin().await?;
        for schedule in &declared {
            let next = schedule.pattern.next_after(self.world.now());
            let declaration = schedules::Declaration {
                name: &schedule.name,
                organization: schedule.job.organization,
                cron: &schedule.pattern.text,
                zone: &schedule.pattern.zone_name,
                kind: schedule.job.kind,
                payload: &schedule.job.payload,
                next_at: next,
            };
            schedules::declare(&mut tx, declaration, self.world.now()).await?;
        }
        let names: Vec<&str> = declared.iter().map(|schedule| schedule.name.as_str()).collect();
        schedules::keep_only(&mut tx, &names).await?;
        tx.commit().await
    }

    /// Adds the jobs of schedules whose time has come. Several replicas may look: the row's lock lets one act.
    pub(super) async fn follow_schedules(&self, context: &TaskContext) -> Result<(), Infallible> {
        loop {
            match self.add_due().await {
                Ok(added) => context.ran(format!("{} schedules, {added} due just now", self.declared().len())),
                Err(error) => context.failed(error),
            }
            if !context.sleep(self.leases.look_every()).await {
                return Ok(());
            }
        }
    }

    pub(super) async fn add_due(&self) -> Result<usize, StoreError> {
        let now = self.world.now();
        if !schedules::any_due(&self.database, now).await? {
            return Ok(0);
        }
        let mut added = Vec::new();
        let mut tx = self.database.begin().await?;
        let shared = self.database.dialect() == Dialect::Postgres;
        for due in schedules::lock_due(&mut tx, shared, now).await? {
            let Some(declared) = self.declared().into_iter().find(|declared| declared.name == due.name) else {
                // Declared by another version; its replicas add the job.
                continue;
            };
            let job = due_job(&declared, &self.world, now);
            // One run makes up for all that were missed. A clock set back must not bring the same time again.
            let next = declared
                .pattern
                .next_after(due.last_at.map_or(now, |last| last.max(now)));
            let is_new = store::insert_in(&mut tx, &self.world, &job).await?;
            schedules::came(&mut tx, &due.name, now, next, is_new.then_some(job.id)).await?;
            Wakes::ring_on_commit(&mut tx, &bell(job.queue)).await?;
            added.push(job.queue);
        }
        tx.commit().await?;
        for queue in &added {
            self.wakes.ring(&bell(queue));
        }
        Ok(added.len())
    }
}

/// The job of a schedule; a run that is still going keeps the next from beginning beside it.
fn due_job(declared: &Declared, world: &World, now: Timestamp) -> NewJob {
    NewJob {
        id: world.id(),
        run_at: now,
        unique_key: Some(format!("schedule:{}", declared.name)),
        ..declared.job.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let pattern = Pattern::new(cron, zone).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        (0..count)
            .map(|_| {
                at = pattern.next_after(at).unwrap();
                at.to_string()
            })
            .collect()
    }

    #[test]
    fn three_in_the_morning_stays_three_in_the_morning() {
        // Summer time begins on 2026-03-29 in Berlin: 03:00 is 02:00 UTC before and 01:00 UTC after.
        assert_eq!(
            times("0 3 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
            ["2026-03-28T02:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z"]
        );
    }

    #[test]
    fn a_time_that_summer_time_skips_comes_right_after() {
        // 02:30 does not exist on that day.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
        );
    }

    #[test]
    fn a_time_that_comes_twice_is_taken_once() {
        // On 2026-10-25 the hour from 02:00 to 03:00 comes twice.
        let times = times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2);
        assert_eq!(times, ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]);
    }

    #[test]
    fn what_is_no_pattern_is_said() {
        let error = Pattern::new("every day", "UTC").unwrap_err().to_string();
        assert!(error.contains("`every day` is not a cron pattern"), "{error}");
        let error = Pattern::new("0 3 * * *", "Berlin").unwrap_err().to_string();
        assert!(error.contains("`Berlin` is not a time zone"), "{error}");
    }
}
