//! `/live`, `/health` and `/ready`: what an orchestrator asks, and what each answer means.
//!
//! **Invariant:** `/live` and `/health` touch no dependency, so a database that is away never gets Mainstay restarted.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::{Json, extract::State, http::StatusCode};
use mainstay_runtime::{TaskState, TaskStatus, Tasks};
use serde::Serialize;
use tokio::{sync::Mutex, time::Instant};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How long an answer of `/ready` is reused, so that being asked often costs nothing.
const FRESH: Duration = Duration::from_secs(1);
/// How long one check may take before it counts as failed.
const DEADLINE: Duration = Duration::from_secs(2);

/// The result of one readiness check: `Ok` with a word, or `Err` with what is wrong.
pub type ReadyStatus = Result<String, String>;
type CheckFuture = Pin<Box<dyn Future<Output = ReadyStatus> + Send>>;

/// Something `/ready` asks before it says yes.
#[derive(Clone)]
pub struct ReadyCheck {
    name: &'static str,
    required: bool,
    run: Arc<dyn Fn() -> CheckFuture + Send + Sync>,
}

impl std::fmt::Debug for ReadyCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadyCheck")
            .field("name", &self.name)
            .field("required", &self.required)
            .finish_non_exhaustive()
    }
}

impl ReadyCheck {
    /// Without this Mainstay is not ready.
    pub fn required<F>(name: &'static str, run: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ReadyStatus> + Send + 'static,
    {
        Self {
            name,
            required: true,
            run: Arc::new(move || Box::pin(run())),
        }
    }

    /// Without this Mainstay is ready all the same, but degraded.
    pub fn optional<F>(name: &'static str, run: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ReadyStatus> + Send + 'static,
    {
        Self {
            required: false,
            ..Self::required(name, run)
        }
    }

    /// Whether the last run of a background task went well, in the task's own words. While it fails Mainstay goes on with
    /// everything else, so it is degraded and still ready.
    pub fn task(name: &'static str, tasks: &Tasks, task: &'static str) -> Self {
        let tasks = tasks.clone();
        Self::optional(name, move || {
            let status = tasks.statuses_snapshot().into_iter().find(|status| status.name == task);
            async move {
                match status {
                    Some(TaskStatus {
                        state: TaskState::Failed | TaskState::Stopped,
                        last_error,
                        ..
                    }) => Err(last_error.unwrap_or_else(|| format!("the background task {task} has stopped"))),
                    Some(status) => Ok(status.detail.unwrap_or_else(|| "nothing to do yet".to_owned())),
                    None => Ok("not started yet".to_owned()),
                }
            }
        })
    }
}

/// The answer of the health endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct HealthBody {
    /// `alive`, `ready`, `degraded` or `not-ready`.
    pub status: &'static str,
    /// Each readiness check, on `/ready` only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckBody>,
}

/// One readiness check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CheckBody {
    /// What was asked.
    pub name: &'static str,
    /// Whether it answered well.
    pub ok: bool,
    /// Its own words.
    pub detail: String,
}

/// Answers the health endpoints.
#[derive(Debug, Clone)]
pub struct Health {
    checks: Arc<[ReadyCheck]>,
    tasks: Tasks,
    cached: Arc<Mutex<Option<(Instant, HealthBody)>>>,
}

impl Health {
    /// Health that asks `checks`, and is not ready once a shutdown has begun.
    pub fn new(checks: Vec<ReadyCheck>, tasks: Tasks) -> Self {
        Self {
            checks: checks.into(),
            tasks,
            cached: Arc::default(),
        }
    }

    /// The state of readiness now, or at most a second ago.
    pub async fn readiness(&self) -> HealthBody {
        if self.tasks.is_draining() {
            return HealthBody {
                status: "not-ready",
                checks: vec![CheckBody {
                    name: "accepting",
                    ok: false,
                    detail: "shutting down".to_owned(),
                }],
            };
        }
        let mut cached = self.cached.lock().await;
        if let Some((at, body)) = &*cached
            && at.elapsed() < FRESH
        {
            return body.clone();
        }
        let mut checks = Vec::with_capacity(self.checks.len());
        let mut status = "ready";
        for check in self.checks.iter() {
            let result = tokio::time::timeout(DEADLINE, (check.run)())
                .await
                .unwrap_or_else(|_| Err(format!("did not answer within {} s", DEADLINE.as_secs())));
            if result.is_err() {
                status = match (check.required, status) {
                    (true, _) | (false, "not-ready") => "not-ready",
                    (false, _) => "degraded",
                };
            }
            let ok = result.is_ok();
            let (Ok(detail) | Err(detail)) = result;
            checks.push(CheckBody {
                name: check.name,
                ok,
                detail,
            });
        }
        let body = HealthBody { status, checks };
        *cached = Some((Instant::now(), body.clone()));
        body
    }
}

/// The routes `/live`, `/health`, `/ready` and their aliases.
pub fn health_routes() -> OpenApiRouter<Health> {
    OpenApiRouter::new()
        .routes(routes!(live))
        .routes(routes!(health_status))
        .routes(routes!(ready))
        .route("/health/live", axum::routing::get(live))
        .route("/health/ready", axum::routing::get(ready))
        .route("/readiness", axum::routing::get(ready))
}

/// Is the process alive?
#[utoipa::path(
    get, path = "/live", operation_id = "live", tag = "mainstay",
    responses((status = 200, description = "It is", body = HealthBody)),
    extensions(("x-permission" = json!("public")))
)]
async fn live() -> Json<HealthBody> {
    Json(HealthBody {
        status: "alive",
        checks: Vec::new(),
    })
}

/// Is the process healthy?
///
/// Touches no dependency: an orchestrator that restarts on this never restarts because of a database.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "mainstay",
    responses((status = 200, description = "It is", body = HealthBody)),
    extensions(("x-permission" = json!("public")))
)]
async fn health_status() -> Json<HealthBody> {
    Json(HealthBody {
        status: "healthy",
        checks: Vec::new(),
    })
}

/// Can it serve requests?
///
/// Asks the database. An optional part that is away makes it `degraded`, which still is ready.
#[utoipa::path(
    get, path = "/ready", operation_id = "ready", tag = "mainstay",
    responses(
        (status = 200, description = "Ready, perhaps degraded", body = HealthBody),
        (status = 503, description = "Not ready: the failing check is named", body = HealthBody)
    ),
    extensions(("x-permission" = json!("public")))
)]
async fn ready(State(health): State<Health>) -> (StatusCode, Json<HealthBody>) {
    let body = health.readiness().await;
    let status = if body.status == "not-ready" {
        StatusCode::SERVICE_UNAVAILABLE
    } else {
        StatusCode::OK
    };
    (status, Json(body))
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::World;

    use super::*;

    async fn status(checks: Vec<ReadyCheck>) -> &'static str {
        Health::new(checks, Tasks::new(World::system()))
            .readiness()
            .await
            .status
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_required_check_takes_readiness_away() {
        let good = || ReadyCheck::required("database", async || Ok("sqlite".to_owned()));
        let slow = || ReadyCheck::optional("redis", std::future::pending);
        let bad = || ReadyCheck::required("database", async || Err("away".to_owned()));
        assert_eq!(status(vec![good()]).await, "ready");
        assert_eq!(status(vec![good(), slow()]).await, "degraded");
        assert_eq!(status(vec![bad(), slow()]).await, "not-ready");
    }

    #[tokio::test]
    async fn a_failing_task_degrades_readiness_in_its_own_words() {
        let tasks = Tasks::new(World::system());
        tasks.spawn("watch.flush", |context| async move {
            context.failed("the disk is full");
            context.stopping().await;
            Ok::<_, std::convert::Infallible>(())
        });
        let health = Health::new(vec![ReadyCheck::task("history", &tasks, "watch.flush")], tasks.clone());
        while tasks.statuses_snapshot()[0].runs == 0 {
            tokio::task::yield_now().await;
        }
        let body = health.readiness().await;
        assert_eq!(
            (body.status, body.checks[0].detail.as_str()),
            ("degraded", "the disk is full")
        );
    }

    #[tokio::test]
    async fn a_shutdown_takes_readiness_away_at_once() {
        let tasks = Tasks::new(World::system());
        let health = Health::new(Vec::new(), tasks.clone());
        assert_eq!(health.readiness().await.status, "ready");
        tasks.drain();
        assert_eq!(health.readiness().await.status, "not-ready");
    }
}
