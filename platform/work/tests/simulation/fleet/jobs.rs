//! What is to be done: errands whose effect commits with their end, pages that leave for the outside, and jobs that fail.

use std::time::Duration;

use mainstay_store::{StoreError, sql};
use mainstay_work::{Done, Job, JobContext, JobError, JobId, Jobs};
use serde::{Deserialize, Serialize};

use super::record::Record;

/// Attempts of jobs that must succeed in the end, however often a replica dies under them.
const PATIENT: u32 = 60;

/// Writes an effect in the transaction that ends it, after some failures.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Errand {
    pub operation: i64,
    /// So many attempts fail first.
    pub failures: i64,
    /// How long an attempt takes.
    pub millis: u64,
}

impl Job for Errand {
    const KIND: &'static str = "sim.errand";
    const ATTEMPTS: u32 = PATIENT;
}

/// The same, of which at most one for each place waits or runs.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tidy {
    pub place: u64,
}

impl Job for Tidy {
    const KIND: &'static str = "sim.tidy";
    const QUEUE: &'static str = "tidy";
    const ATTEMPTS: u32 = PATIENT;
}

/// The same, added by a schedule.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tick {}

impl Job for Tick {
    const KIND: &'static str = "sim.tick";
    const ATTEMPTS: u32 = PATIENT;
}

/// Tells somebody outside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page {
    pub operation: i64,
}

impl Job for Page {
    const KIND: &'static str = "sim.page";
    const QUEUE: &'static str = "page";
    const ATTEMPTS: u32 = PATIENT;
}

/// Never succeeds, and takes too long at first.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hopeless {
    pub operation: i64,
}

impl Job for Hopeless {
    const KIND: &'static str = "sim.hopeless";
    const QUEUE: &'static str = "tidy";
    const ATTEMPTS: u32 = PATIENT;
    const TIMEOUT: Duration = Duration::from_secs(4);
}

/// The end of an attempt is written down however it comes.
struct Running {
    record: Record,
    process: String,
    job: JobId,
    attempt: i64,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.record.run_ends(&self.process, self.job, self.attempt);
    }
}

/// Says how each kind is run.
pub fn register(jobs: &Jobs, process: &str, record: &Record) {
    let run_of = {
        let (record, process) = (record.clone(), process.to_owned());
        move |context: &JobContext| {
            record.run_begins(&process, context.id(), context.attempt());
            Running {
                record: record.clone(),
                process: process.clone(),
                job: context.id(),
                attempt: context.attempt(),
            }
        }
    };
    let begun = run_of.clone();
    jobs.register(move |errand: Errand, context| {
        let run = begun(&context);
        async move {
            let _run = run;
            work(&context, errand.millis).await?;
            if context.attempt() <= errand.failures {
                return Err(JobError::Retry("not yet".to_owned()));
            }
            Ok(effect(&context).await?)
        }
    });
    let begun = run_of.clone();
    jobs.register(move |_: Tidy, context| {
        let run = begun(&context);
        async move {
            let _run = run;
            work(&context, 300).await?;
            Ok(effect(&context).await?)
        }
    });
    let begun = run_of.clone();
    jobs.register(move |_: Tick, context| {
        let run = begun(&context);
        async move {
            let _run = run;
            Ok(effect(&context).await?)
        }
    });
    let (begun, outside) = (run_of.clone(), record.clone());
    jobs.register(move |page: Page, context| {
        let (run, outside) = (begun(&context), outside.clone());
        async move {
            let _run = run;
            // The receiver may have it although the sender does not hear so.
            work(&context, context.world().random() % 400).await?;
            outside.deliver(format!("alert {}", page.operation), context.id().to_string());
            work(&context, context.world().random() % 400).await?;
            Ok(context.done(None))
        }
    });
    jobs.register(move |_: Hopeless, context| {
        let run = run_of(&context);
        async move {
            let _run = run;
            if context.attempt() == 1 {
                // Deaf as well: it does not hear that it should stop.
                tokio::time::sleep(Duration::from_mins(1)).await;
            }
            Err::<Done, _>(JobError::Fail("it is hopeless".to_owned()))
        }
    });
}

/// Takes a while, unless it is told to stop.
async fn work(context: &JobContext, millis: u64) -> Result<(), JobError> {
    tokio::select! {
        biased;
        () = context.cancelled() => Err(JobError::Retry("it was told to stop".to_owned())),
        () = tokio::time::sleep(Duration::from_millis(millis)) => Ok(()),
    }
}

/// Commits an effect and the end of the job together.
async fn effect(context: &JobContext) -> Result<Done, StoreError> {
    let mut tx = context.database().begin().await?;
    let id = mainstay_store::Value::id(context.id());
    tx.execute(
        sql("INSERT INTO sim_effect (id, job) VALUES ($1, $2)")
            .bind(context.world().uuid())
            .bind(id),
    )
    .await?;
    context.commit(tx, None).await
}
