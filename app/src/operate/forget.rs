//! The job `work.forget`: forgets old jobs and events at once, for a disk that is filling up. By itself that happens every hour.

use jiff::{SignedDuration, Timestamp};
use mainstay_work::{Job, JobContext, JobError, Jobs, Outbox};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What is forgotten.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    /// Whatever ended or was handled by everybody in the last days is kept.
    #[serde(default = "a_week")]
    keep_days: u32,
}

fn a_week() -> u32 {
    7
}

impl Job for Forget {
    const KIND: &'static str = "work.forget";
    const ATTEMPTS: u32 = 3;
}

/// Says how the job is run.
pub(super) fn register(jobs: &Jobs, outbox: &Outbox) {
    let (forgetting, outbox) = (jobs.clone(), outbox.clone());
    jobs.register(move |job: Forget, context: JobContext| {
        let (jobs, outbox) = (forgetting.clone(), outbox.clone());
        async move {
            let kept = SignedDuration::from_hours(i64::from(job.keep_days) * 24);
            let before = context.world().now().checked_sub(kept).unwrap_or(Timestamp::MIN);
            context.progress(0, 2, "forgetting jobs that have ended").await;
            let forgotten_jobs = jobs.forget_before(before).await?;
            if context.is_cancelled() {
                return Err(JobError::Retry("stopped before the events".to_owned()));
            }
            context
                .progress(1, 2, "forgetting events that everybody has handled")
                .await;
            let forgotten_events = outbox.forget_before(before).await?;
            context.progress(2, 2, "forgotten").await;
            Ok(context.done(json!({ "jobs": forgotten_jobs, "events": forgotten_events })))
        }
    });
}
