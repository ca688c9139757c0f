//! `/api/v1/admin/jobs` and `/api/v1/admin/queues`: what is to be done, what is being done, and what became of it.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiQuery, ApiResult, Caller, PageQuery, Paged, ProblemBody};
use mainstay_kernel::{Cursor, Page, Problem, ProblemKind};
use mainstay_work::{JobFilter, JobId, JobState, JobView, ReplicaId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Operate,
    redact::{redact, redact_text},
    replicas::{HolderBody, whole},
};

pub(super) fn routes() -> OpenApiRouter<Operate> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(get_job))
        .routes(routes!(cancel_job))
        .routes(routes!(run_job_again))
        .routes(routes!(list_queues))
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
#[schema(rename_all = "kebab-case")]
pub(super) enum JobStateBody {
    /// Its time has not come, or nobody is free.
    Waiting,
    /// A replica is at it.
    Running,
    /// It ended well.
    Done,
    /// It ended badly, and nobody tries again by itself.
    Failed,
    /// Somebody cancelled it.
    Cancelled,
}

impl From<JobState> for JobStateBody {
    fn from(state: JobState) -> Self {
        match state {
            JobState::Waiting => Self::Waiting,
            JobState::Running => Self::Running,
            JobState::Done => Self::Done,
            JobState::Failed => Self::Failed,
            JobState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<JobStateBody> for JobState {
    fn from(state: JobStateBody) -> Self {
        match state {
            JobStateBody::Waiting => Self::Waiting,
            JobStateBody::Running => Self::Running,
            JobStateBody::Done => Self::Done,
            JobStateBody::Failed => Self::Failed,
            JobStateBody::Cancelled => Self::Cancelled,
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobQuery {
    /// Only jobs in this state.
    #[param(inline)]
    state: Option<JobStateBody>,
    /// Only jobs of this queue.
    queue: Option<String>,
    /// Only jobs of this kind.
    kind: Option<String>,
}

/// How far a job has come.
#[derive(Debug, Serialize, ToSchema)]
struct JobProgress {
    /// Steps done.
    done: i64,
    /// Steps in all.
    total: i64,
    /// What it is doing.
    text: Option<String>,
}

/// A job.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobBody {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    pub id: JobId,
    /// What kind of job it is.
    #[schema(example = "work.forget")]
    pub kind: String,
    /// Its queue.
    queue: String,
    /// Where it stands.
    pub state: JobStateBody,
    /// Attempts begun.
    attempt: i64,
    /// Attempts before it counts as failed.
    max_attempts: i64,
    /// When it is due, or was.
    #[schema(value_type = String, format = DateTime)]
    run_at: Timestamp,
    /// When it was written.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its last attempt began.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub finished_at: Option<Timestamp>,
    /// The replica that runs it.
    replica: Option<HolderBody>,
    /// Whether somebody wants it to stop.
    cancel_requested: bool,
    /// How far it has come; null when it does not say.
    progress: Option<JobProgress>,
    /// Why the last attempt did not succeed.
    pub last_error: Option<String>,
}

/// A job with what it was given and what it answered. What looks secret in them is masked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobDetail {
    #[serde(flatten)]
    job: JobBody,
    /// As long as a job with this key waits or runs, there is no second one.
    unique_key: Option<String>,
    /// When the replica that runs it last said so.
    #[schema(value_type = Option<String>, format = DateTime)]
    heartbeat_at: Option<Timestamp>,
    /// What it was given.
    payload: serde_json::Value,
    /// What it answered.
    result: Option<serde_json::Value>,
}

/// How one queue stands.
#[derive(Debug, Serialize, ToSchema)]
struct QueueBody {
    /// Its name.
    queue: String,
    /// How many of its jobs are in each state; ended ones are kept for a week.
    jobs: JobCounts,
    /// When its oldest waiting job was due; null when none waits. A time to come is when the next one is due.
    #[schema(value_type = Option<String>, format = DateTime)]
    oldest_waiting_at: Option<Timestamp>,
}

/// Jobs by state.
#[derive(Debug, Default, Serialize, ToSchema)]
struct JobCounts {
    /// Waiting for their time or for somebody free.
    waiting: i64,
    /// Running.
    running: i64,
    /// Ended well.
    done: i64,
    /// Ended badly.
    failed: i64,
    /// Cancelled.
    cancelled: i64,
}

impl From<BTreeMap<JobState, i64>> for JobCounts {
    fn from(jobs: BTreeMap<JobState, i64>) -> Self {
        let of = |state| jobs.get(&state).copied().unwrap_or_default();
        Self {
            waiting: of(JobState::Waiting),
            running: of(JobState::Running),
            done: of(JobState::Done),
            failed: of(JobState::Failed),
            cancelled: of(JobState::Cancelled),
        }
    }
}

impl JobBody {
    fn new(job: &JobView, name_of: impl FnOnce(ReplicaId) -> Option<String>) -> Self {
        Self {
            id: job.id,
            kind: job.kind.clone(),
            queue: job.queue.clone(),
            state: job.state.into(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            run_at: job.run_at,
            created_at: job.created_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
            replica: job.holder.map(|id| HolderBody { id, name: name_of(id) }),
            cancel_requested: job.cancel_requested,
            progress: job
                .progress_done
                .zip(job.progress_total)
                .map(|(done, total)| JobProgress {
                    done,
                    total,
                    text: job.progress_text.clone().map(redact_text),
                }),
            last_error: job.last_error.clone().map(redact_text),
        }
    }
}

impl JobDetail {
    fn new(job: &JobView, name_of: impl FnOnce(ReplicaId) -> Option<String>) -> Self {
        Self {
            job: JobBody::new(job, name_of),
            unique_key: job.unique_key.clone(),
            heartbeat_at: job.heartbeat_at,
            payload: redact(job.payload.clone()),
            result: job.result.clone().map(redact),
        }
    }
}

/// A job as the API answers it, for the command line that runs one without a server.
pub fn as_answered(job: &JobView) -> serde_json::Value {
    // Texts, numbers and times can always be written as JSON.
    serde_json::to_value(JobDetail::new(job, |_| None)).unwrap_or_default()
}

impl Operate {
    /// A job that must exist, in full.
    pub(super) async fn existing_job(&self, id: JobId) -> ApiResult<JobDetail> {
        let job = self.jobs.get(id).await?.ok_or_else(|| no_job(id))?;
        Ok(JobDetail::new(&job, |holder| self.name_of(holder)))
    }
}

fn no_job(id: JobId) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "not-found",
        format!("There is no job {id}. Jobs are forgotten a week after they ended."),
    )
}

/// List jobs
///
/// Newest first, without what they were given and what they answered.
#[utoipa::path(
    get, path = "/api/v1/admin/jobs", operation_id = "list_jobs", tag = "mainstay",
    params(PageQuery, JobQuery),
    responses(
        (status = 200, description = "A page of jobs", body = Paged<JobBody>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_jobs(
    State(operate): State<Operate>,
    PageQuery(page): PageQuery,
    ApiQuery(query): ApiQuery<JobQuery>,
) -> ApiResult<Paged<JobBody>> {
    let filter = JobFilter {
        organization: None,
        state: query.state.map(JobState::from),
        queue: query.queue,
        kind: query.kind,
    };
    let before = page.cursor.as_ref().map(|cursor| cursor.part(0)).transpose()?;
    let jobs = operate.jobs.list(&filter, before, page.overfetch()).await?;
    let page = Page::from_overfetch(jobs, page.limit, |job| Cursor::of(&job.id));
    Ok(page
        .map(|job| JobBody::new(&job, |holder| operate.name_of(holder)))
        .into())
}

/// Read a job
///
/// With what it was given and what it answered.
#[utoipa::path(
    get, path = "/api/v1/admin/jobs/{id}", operation_id = "get_job", tag = "mainstay",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "The job", body = JobDetail),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn get_job(State(operate): State<Operate>, ApiPath(id): ApiPath<JobId>) -> ApiResult<Json<JobDetail>> {
    Ok(Json(operate.existing_job(id).await?))
}

/// Cancel a job
///
/// One that waits is cancelled at once. One that runs is asked to stop, which takes a few seconds; what it has committed by
/// then stays.
#[utoipa::path(
    post, path = "/api/v1/admin/jobs/{id}/cancel", operation_id = "cancel_job", tag = "mainstay",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "The job, cancelled or asked to stop", body = JobDetail),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It has ended", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn cancel_job(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(id): ApiPath<JobId>,
) -> ApiResult<Json<JobDetail>> {
    let cancelled = operate.jobs.cancel(id).await?;
    let job = operate.existing_job(id).await?;
    if !cancelled {
        let ended = JobState::from(job.job.state).name();
        return Err(Problem::conflict(
            "job-ended",
            format!("The job {id} has ended already: it is {ended}. There is nothing to cancel."),
        )
        .into());
    }
    tracing::info!(job.id = %id, job.kind = job.job.kind, by = caller.label(), "a job was cancelled");
    Ok(Json(job))
}

/// Run a job again
///
/// One that failed or was cancelled, now and with its attempts begun anew.
#[utoipa::path(
    post, path = "/api/v1/admin/jobs/{id}/run-again", operation_id = "run_job_again", tag = "mainstay",
    params(("id" = String, Path, description = "The job's id")),
    responses(
        (status = 200, description = "The job, waiting to be run", body = JobDetail),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It waits, runs or ended well, or another with its key waits or runs", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn run_job_again(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(id): ApiPath<JobId>,
) -> ApiResult<Json<JobDetail>> {
    let again = match operate.jobs.again(id).await {
        Err(error) if error.is_conflict() => {
            return Err(Problem::conflict(
                "job-key-taken",
                format!(
                    "The job {id} was not run again: another of its kind and key waits or runs, and there is never a second \
                     beside it. Wait until that one has ended, or cancel it."
                ),
            )
            .into());
        }
        again => again?,
    };
    let job = operate.existing_job(id).await?;
    if !again {
        let (code, why) = match JobState::from(job.job.state) {
            JobState::Done => ("job-done", "it ended well, and doing it twice is not asked for"),
            _ => (
                "job-not-ended",
                "it has not ended yet. Wait for its end, or cancel it first",
            ),
        };
        return Err(Problem::conflict(code, format!("The job {id} was not run again: {why}.")).into());
    }
    tracing::info!(job.id = %id, job.kind = job.job.kind, by = caller.label(), "a job is run again");
    Ok(Json(job))
}

/// List the queues
///
/// With how many of their jobs are in which state.
#[utoipa::path(
    get, path = "/api/v1/admin/queues", operation_id = "list_queues", tag = "mainstay",
    responses((status = 200, description = "Every queue by name", body = Paged<QueueBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_queues(State(operate): State<Operate>) -> ApiResult<Paged<QueueBody>> {
    let queues = operate.jobs.queues().await?;
    Ok(whole(
        queues
            .into_iter()
            .map(|queue| QueueBody {
                queue: queue.queue,
                jobs: queue.jobs.into(),
                oldest_waiting_at: queue.oldest_waiting_at,
            })
            .collect(),
    ))
}
