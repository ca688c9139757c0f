//! The job `backup.take`: saves everything the database holds to a file of the configured folder, reads that file again, gives
//! it its name only when it can be restored, and forgets the oldest.
//!
//! **Invariant:** what has the name of a backup is one. Nothing old is deleted unless the new one is there.

mod files;

use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use mainstay_kernel::World;
use mainstay_runtime::Latest;
use mainstay_store::{
    DatabaseConfig, Migration, StoreError,
    backup::{BackupOptions, BackupProgress, BackupSummary, CheckedBackup, Watcher, back_up},
};
use mainstay_work::{Job, JobContext, JobError, Jobs, Leases, Pattern};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::files::{Folder, Unverified};
use super::name_of;

/// Tables whose rows are not saved: who is at work at the moment says nothing about the data, and is wrong by the time of a
/// restore.
pub const LEFT_OUT: &[&str] = &["work_replica"];
/// The name of the schedule.
const SCHEDULE: &str = "backup";
/// Backups take turns.
const QUEUE: &str = "backup";
/// Progress counts to this: one half is saving, the other checking.
const WHOLE: u64 = 100;

/// Which backups are taken by themselves.
#[derive(Debug, Clone)]
pub struct BackupPlan {
    /// Where the files are kept; made when it is absent.
    pub folder: PathBuf,
    /// When one is taken.
    pub pattern: Pattern,
    /// How many files are kept.
    pub keep: usize,
}

/// What is saved, and by whom.
#[derive(Debug, Clone)]
pub struct Source {
    /// The database.
    pub database: DatabaseConfig,
    /// Every migration of this version.
    pub migrations: Arc<[Migration]>,
}

/// Nothing is said in the payload: the replica that takes the backup knows its own disk.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Take {}

impl Job for Take {
    const KIND: &'static str = "backup.take";
    const QUEUE: &'static str = QUEUE;
    const TIMEOUT: Duration = Duration::from_hours(12);
}

/// Says how the job is run, and when it comes if that is configured.
pub(super) fn register(
    jobs: &Jobs,
    leases: &Leases,
    source: Source,
    plan: Option<BackupPlan>,
) -> Result<(), StoreError> {
    jobs.set_concurrency(QUEUE, 1);
    if let Some(plan) = &plan {
        jobs.schedule(SCHEDULE, plan.pattern.clone(), &Take {})?;
    }
    let leases = leases.clone();
    jobs.register(move |_: Take, context: JobContext| {
        // The file is on this replica's disk.
        let replica = leases.me().and_then(|me| name_of(&leases, me));
        let (source, plan) = (source.clone(), plan.clone());
        async move {
            let Some(plan) = plan else {
                return Err(JobError::Fail(
                    "this replica is not told where to keep backups: set `folder` in [backup] of its configuration".to_owned(),
                ));
            };
            let taken = tokio::select! {
                taken = take(&source, &plan, replica, &context) => taken,
                () = context.cancelled() => return Err(JobError::Retry("stopped before the end; nothing was written".to_owned())),
            };
            match taken {
                Ok(result) => Ok(context.done(result)),
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::warn!(backup.folder = %plan.folder.display(), error, "a backup could not be taken");
                    Err(JobError::Retry(error))
                }
            }
        }
    });
    Ok(())
}

async fn take(
    source: &Source,
    plan: &BackupPlan,
    replica: Option<String>,
    context: &JobContext,
) -> anyhow::Result<serde_json::Value> {
    let folder = Folder::make(&plan.folder)?;
    folder.remove_unfinished(context.world().now());
    // A backup holds the job that took it, as one that runs. After a restore, or a kill before the job's end was written, it
    // comes again, and must not push out what was restored.
    if context.attempt() > 1
        && let Some(file) = folder.taken_since(context.made_at())?
    {
        return Ok(json!({ "file": file, "replica": replica, "taken_before": true }));
    }
    let progress = Latest::<Step>::default();
    let shown = progress.clone();
    let watcher = Watcher::new(move |step| shown.set(Step::from(step)));
    let work = async {
        let unverified = folder.unverified(context.world().now());
        let summary = save_and_verify(source, context.world(), &unverified, &watcher).await?;
        let file = unverified.publish()?;
        let removed = folder.keep_newest(plan.keep)?;
        anyhow::Ok((summary, file, removed))
    };
    let (summary, file, removed) = Box::pin(showing(&progress, context, work)).await?;
    tracing::info!(
        backup.file = %file.display(),
        backup.bytes = summary.bytes,
        backup.removed = removed.len(),
        "a backup was taken"
    );
    context.progress(WHOLE, WHOLE, "taken").await;
    Ok(json!({
        "file": file,
        "replica": replica,
        "bytes": summary.bytes,
        "rows": summary.rows(),
        "sha256": summary.sha256,
        "removed": removed,
    }))
}

/// Does the work, and shows how far it has come meanwhile.
async fn showing<T>(progress: &Latest<Step>, context: &JobContext, work: impl Future<Output = T>) -> T {
    let mut steps = progress.follow();
    tokio::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = steps.changed() => {}
        }
        let Step { done, text } = steps.get();
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = context.progress(done, WHOLE, &text) => {}
        }
    }
}

/// Saves to a name that nobody takes for a backup, and reads every byte and row of it again.
async fn save_and_verify(
    source: &Source,
    world: &World,
    unverified: &Unverified,
    watcher: &Watcher,
) -> anyhow::Result<BackupSummary> {
    let options = BackupOptions {
        migrations: &source.migrations,
        left_out: LEFT_OUT,
        overwrite: false,
    };
    let written = back_up(&source.database, world, options, unverified.path(), watcher)
        .await
        .with_context(|| format!("cannot back up to {}", unverified.folder().display()))?;
    let checked = CheckedBackup::read(unverified.path(), watcher)
        .await
        .context("the backup that was just written cannot be read")?;
    anyhow::ensure!(
        checked.summary().sha256 == written.sha256,
        "the backup that was just written is not what was written; look at the disk"
    );
    checked
        .restorable(&source.migrations)
        .await
        .context("the backup that was just written cannot be restored")?;
    Ok(written)
}

/// How far it has come.
#[derive(Debug, Clone, Default)]
struct Step {
    done: u64,
    text: String,
}

impl From<BackupProgress> for Step {
    fn from(progress: BackupProgress) -> Self {
        let half = |part: u64, of: u64| part.min(of) * (WHOLE / 2) / of.max(1);
        match progress {
            BackupProgress::Saved { rows, about } => Self {
                done: half(rows, about),
                text: format!("saving, {rows} rows so far"),
            },
            BackupProgress::Checked { bytes, of } => Self {
                done: WHOLE / 2 + half(bytes, of),
                text: format!("reading it again, {bytes} of {of} bytes"),
            },
            // Of a restore, which this is not.
            BackupProgress::Filled { .. } | BackupProgress::Examining => Self::default(),
        }
    }
}
