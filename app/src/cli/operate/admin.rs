//! `mainstay admin`: work on a Mainstay that is stopped. `admin job run KIND --inline` opens its data folder and runs one job.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::DatabaseUrl;
use mainstay_work::{Inline, JobState, JobView, Jobs};
use serde_json::Value;

use super::words::{facts, text};
use crate::{
    cli::{
        NO, OK, Output,
        auth::{self, ResetLinkArgs, VerifyLogArgs},
    },
    config::{Config, Overrides, load},
    operate::as_answered,
    wiring,
};

/// From one look at the job's progress to the next.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long what was opened may take to close.
const PATIENCE: Duration = Duration::from_secs(10);

/// What can be done while Mainstay is stopped.
#[derive(Debug, Subcommand)]
pub enum AdminVerb {
    /// Work with jobs
    #[command(subcommand)]
    Job(AdminJobVerb),
    /// Print a one-time link that sets an account's password, for whoever can sign in no more
    ResetLink(ResetLinkArgs),
    /// Say whether the change log is what was written
    VerifyLog(VerifyLogArgs),
}

#[derive(Debug, Subcommand)]
pub enum AdminJobVerb {
    /// Run a job of a certain kind here and now, without a server
    Run(RunArgs),
}

/// Flags of `admin job run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the job ended well; 1 it failed, was cancelled, or is tried again later; 2 could not run.\n\
                  For example, when a disk is filling up: mainstay admin job run work.forget --payload '{\"keep_days\": 1}' --inline"
)]
pub struct RunArgs {
    /// Which kind, for example work.forget
    #[arg(value_name = "KIND")]
    kind: String,
    /// What the job is given, as JSON
    #[arg(long, value_name = "JSON", default_value = "{}", value_parser = json)]
    payload: Value,
    /// Run it in this process, which opens the data folder itself; refused while a server holds that
    #[arg(long, required = true)]
    inline: bool,
    /// Configuration file [default: mainstay.toml in the current folder, else in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder that everything is kept in [default: mainstay-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("it is not JSON: {error}"))
}

/// Works on a Mainstay that is stopped.
pub async fn run(verb: AdminVerb) -> anyhow::Result<u8> {
    match verb {
        AdminVerb::Job(AdminJobVerb::Run(args)) => run_job(args).await,
        AdminVerb::ResetLink(args) => auth::reset_link(args).await,
        AdminVerb::VerifyLog(args) => auth::verify_log(args).await,
    }
}

async fn run_job(args: RunArgs) -> anyhow::Result<u8> {
    let loaded = load(&Overrides {
        file: args.config.clone(),
        data_dir: args.data.clone(),
        // A role without leases: beside servers on PostgreSQL, no share of the work must move here for a moment.
        roles: Some(vec!["api".to_owned()]),
        ..Overrides::default()
    })?;
    must_exist(&loaded.config)?;
    let world = World::system();
    let tasks = Tasks::new(world.clone());
    let mainstay = wiring::build(&loaded.config, world.clone(), tasks.clone()).await?;
    let opened = mainstay.open_for_jobs().await?;
    let began = world.now();
    let ran = match opened.jobs.begin_inline(&args.kind, &args.payload).await {
        Ok(inline) => watched(&opened.jobs, inline)
            .await
            .context("the job's end is not known"),
        Err(error) => Err(error.into()),
    };
    tasks.stop_and_wait(PATIENCE).await;
    opened.database.close().await;
    let job = ran?;
    let took = world.now().duration_since(began);
    args.output
        .print(&as_answered(&job), |answer| said(answer, &job, took))?;
    Ok(if job.state == JobState::Done { OK } else { NO })
}

/// Nothing is made that is not there: a job for an empty database is a mistyped folder.
pub fn must_exist(config: &Config) -> anyhow::Result<()> {
    if let DatabaseUrl::Sqlite(path) = config.database()?.url
        && !path.exists()
    {
        bail!(
            "there is no Mainstay in {}: {} does not exist. Name its folder with --data",
            config.data_dir.display(),
            path.display()
        );
    }
    Ok(())
}

/// Runs the job, with its progress on standard error; Ctrl-C cancels it.
async fn watched(jobs: &Jobs, inline: Inline) -> anyhow::Result<JobView> {
    let id = inline.id();
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template("{spinner} {elapsed} {msg}")?);
    let work = inline.run_until(interrupted());
    let look = async {
        loop {
            if let Ok(Some(job)) = jobs.get(id).await {
                show(&bar, &job);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let ended = tokio::select! {
        ended = work => ended,
        never = look => never,
    };
    bar.finish_and_clear();
    Ok(ended?)
}

fn show(bar: &ProgressBar, job: &JobView) {
    let whole = |count: i64| u64::try_from(count).unwrap_or_default();
    if let (Some(done), Some(total)) = (job.progress_done, job.progress_total)
        && total > 0
    {
        if bar.length() != Some(whole(total)) {
            bar.set_length(whole(total));
            // The template is fixed, so it is a good one.
            if let Ok(style) = ProgressStyle::with_template("{elapsed} [{bar:30}] {pos}/{len} {msg}") {
                bar.set_style(style.progress_chars("=> "));
            }
        }
        bar.set_position(whole(done));
    }
    bar.set_message(job.progress_text.clone().unwrap_or_else(|| job.kind.clone()));
    bar.tick();
}

/// Resolves at Ctrl-C; never when signals cannot be heard.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
    anstream::eprintln!("cancelling; what the job has committed by now stays");
}

fn said(answer: &Value, job: &JobView, took: jiff::SignedDuration) -> String {
    let (kind, id) = (&job.kind, job.id);
    let seconds = took.as_secs_f64();
    let error = text(answer, "last_error");
    match job.state {
        JobState::Done => {
            let answered = facts(&[("answered", text(answer, "result"))]);
            format!("{kind} ended well after {seconds:.1} s.\n{answered}")
        }
        JobState::Failed => format!("{kind} failed after {seconds:.1} s: {error}"),
        JobState::Cancelled => format!("{kind} was cancelled after {seconds:.1} s."),
        JobState::Waiting | JobState::Running => format!(
            "{kind} did not succeed: {error}\nIt is tried again when Mainstay runs. See it with `mainstay jobs show {id}`, or give \
             it up with `mainstay jobs cancel {id}`."
        ),
    }
}
