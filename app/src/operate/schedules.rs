//! `/api/v1/admin/schedules`: jobs that come again and again, and a hand to hold them back or have them come now.

use axum::{Json, extract::State};
use jiff::Timestamp;
use mainstay_http::{ApiPath, ApiResult, Caller, Created, Paged, ProblemBody};
use mainstay_kernel::{Problem, ProblemKind};
use mainstay_work::{JobId, ScheduleRun, ScheduleView};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Operate,
    jobs::{JobDetail, JobStateBody},
    redact::redact_text,
    replicas::whole,
};

pub(super) fn routes() -> OpenApiRouter<Operate> {
    OpenApiRouter::new()
        .routes(routes!(list_schedules))
        .routes(routes!(pause_schedule))
        .routes(routes!(resume_schedule))
        .routes(routes!(run_schedule))
}

/// A job that comes again and again.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleBody {
    /// Its unique name.
    name: String,
    /// The kind of job it adds.
    kind: String,
    /// When it comes: minute, hour, day of month, month, day of week.
    #[schema(example = "30 3 * * *")]
    cron: String,
    /// The time zone of that pattern.
    #[schema(example = "Europe/Berlin")]
    zone: String,
    /// Whether it is held back.
    paused: bool,
    /// When it comes next; null while it is held back, and when it never does.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    /// When it last came.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_at: Option<Timestamp>,
    /// The job it added then.
    last_job: Option<LastJob>,
}

/// What became of the last job of a schedule.
#[derive(Debug, Serialize, ToSchema)]
struct LastJob {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    id: JobId,
    /// Where it stands; null when it was forgotten.
    state: Option<JobStateBody>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// Why its last attempt did not succeed.
    last_error: Option<String>,
}

impl Operate {
    async fn schedule(&self, schedule: ScheduleView) -> ApiResult<ScheduleBody> {
        let last_job = match schedule.last_job {
            Some(id) => {
                let job = self.jobs.get(id).await?;
                Some(LastJob {
                    id,
                    state: job.as_ref().map(|job| job.state.into()),
                    finished_at: job.as_ref().and_then(|job| job.finished_at),
                    last_error: job.and_then(|job| job.last_error).map(redact_text),
                })
            }
            None => None,
        };
        Ok(ScheduleBody {
            next_at: schedule.next_at.filter(|_| !schedule.paused),
            name: schedule.name,
            kind: schedule.kind,
            cron: schedule.cron,
            zone: schedule.zone,
            paused: schedule.paused,
            last_at: schedule.last_at,
            last_job,
        })
    }

    async fn set_paused(&self, name: &str, paused: bool, by: &str) -> ApiResult<Json<ScheduleBody>> {
        if !self.jobs.pause_schedule(name, paused).await? {
            return Err(no_schedule(name).into());
        }
        let schedules = self.jobs.schedules().await?;
        let schedule = schedules.into_iter().find(|schedule| schedule.name == name);
        tracing::info!(schedule = name, paused, by, "a schedule was held back or let go on");
        Ok(Json(self.schedule(schedule.ok_or_else(|| no_schedule(name))?).await?))
    }
}

fn no_schedule(name: &str) -> Problem {
    Problem::new(
        ProblemKind::NotFound,
        "not-found",
        format!(
            "There is no schedule `{name}`. `mainstay schedules` and the page Jobs and replicas list those there are."
        ),
    )
}

/// List the schedules
///
/// By name.
#[utoipa::path(
    get, path = "/api/v1/admin/schedules", operation_id = "list_schedules", tag = "mainstay",
    responses((status = 200, description = "Every schedule", body = Paged<ScheduleBody>)),
    extensions(("x-permission" = json!("admin:read")))
)]
async fn list_schedules(State(operate): State<Operate>) -> ApiResult<Paged<ScheduleBody>> {
    let mut schedules = Vec::new();
    for schedule in operate.jobs.schedules().await? {
        schedules.push(operate.schedule(schedule).await?);
    }
    Ok(whole(schedules))
}

/// Hold a schedule back
///
/// A job that it has added already goes on.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{name}/pause", operation_id = "pause_schedule", tag = "mainstay",
    params(("name" = String, Path, description = "The schedule's name")),
    responses(
        (status = 200, description = "The schedule, held back", body = ScheduleBody),
        (status = 404, description = "No such schedule", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn pause_schedule(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(name): ApiPath<String>,
) -> ApiResult<Json<ScheduleBody>> {
    operate.set_paused(&name, true, &caller.label()).await
}

/// Let a schedule go on
///
/// From now on; what it missed while it was held back is not made up for.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{name}/resume", operation_id = "resume_schedule", tag = "mainstay",
    params(("name" = String, Path, description = "The schedule's name")),
    responses(
        (status = 200, description = "The schedule, going on", body = ScheduleBody),
        (status = 404, description = "No such schedule", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn resume_schedule(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(name): ApiPath<String>,
) -> ApiResult<Json<ScheduleBody>> {
    operate.set_paused(&name, false, &caller.label()).await
}

/// Have a schedule come now
///
/// Paused or not; when it comes next stays as it was.
#[utoipa::path(
    post, path = "/api/v1/admin/schedules/{name}/run-now", operation_id = "run_schedule", tag = "mainstay",
    params(("name" = String, Path, description = "The schedule's name")),
    responses(
        (status = 201, description = "The job it added", body = JobDetail),
        (status = 404, description = "No such schedule", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Its last job still waits or runs, or only another version of Mainstay knows it", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("admin:write")))
)]
async fn run_schedule(
    State(operate): State<Operate>,
    Caller(caller): Caller,
    ApiPath(name): ApiPath<String>,
) -> ApiResult<Created<JobDetail>> {
    let id = match operate.jobs.run_schedule(&name).await? {
        ScheduleRun::Added(id) => id,
        ScheduleRun::StillGoing => {
            return Err(Problem::conflict(
                "schedule-still-going",
                format!(
                    "`{name}` did not come again: its last job still waits or runs, and there is never a second beside it. Wait \
                     until that one has ended, or cancel it."
                ),
            )
            .into());
        }
        ScheduleRun::NotHere => {
            return Err(Problem::conflict(
                "schedule-not-here",
                format!(
                    "`{name}` was declared by another version of Mainstay than the one that answers. Ask a replica of that \
                     version, or wait until all are updated."
                ),
            )
            .into());
        }
        ScheduleRun::Unknown => return Err(no_schedule(&name).into()),
    };
    tracing::info!(schedule = name, job.id = %id, by = caller.label(), "a schedule was told to come now");
    Ok(Created {
        location: format!("/api/v1/admin/jobs/{id}"),
        version: None,
        body: operate.existing_job(id).await?,
    })
}
