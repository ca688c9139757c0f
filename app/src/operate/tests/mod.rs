//! The endpoints through the real router, on databases of both kinds.

mod events;
mod jobs;
mod replicas;
mod schedules;

use std::{future::Future, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, StatusCode},
};
use mainstay_kernel::World;
use mainstay_runtime::Tasks;
use mainstay_store::{Database, GroupCommit, Wakes};
use mainstay_testkit::TestDatabase;
use mainstay_work::{
    EnqueueOptions, Introduction, Job, JobContext, JobError, JobId, Jobs, Leases, MIGRATIONS, Outbox, Pattern,
    Placement, Role, Timing,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{Operate, routes};

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// Jobs of this kind stay where they are: nobody runs them here unless told to.
#[derive(Debug, Serialize, Deserialize)]
struct Paint {
    boat: String,
    api_key: String,
}

impl Job for Paint {
    const KIND: &'static str = "boat.paint";
    const QUEUE: &'static str = "dock";
}

struct App {
    operate: Operate,
    router: Router,
    tasks: Tasks,
    database: Database,
}

struct Answer {
    status: StatusCode,
    body: Value,
}

impl App {
    /// A replica that takes part, and runs no jobs by itself.
    async fn new(test: &TestDatabase) -> Self {
        let (database, world) = (Database::open(test.config()).await.unwrap(), World::system());
        let (tasks, wakes) = (Tasks::new(world.clone()), Wakes::new());
        let group = GroupCommit::start(database.clone(), &tasks);
        let introduction = Introduction {
            name: "harbour:8000".to_owned(),
            roles: [Role::Api, Role::Work].into(),
            version: "1.2.3".to_owned(),
            presence: None,
        };
        let leases = Leases::new(
            database.clone(),
            world.clone(),
            wakes.clone(),
            introduction,
            Timing::default(),
        );
        leases.declare(["reconcile/moorings".to_owned()], placement(Role::Work));
        leases.declare(["watch/00".to_owned()], placement(Role::Watch));
        let jobs = Jobs::new(database.clone(), world.clone(), wakes.clone(), group, leases.clone());
        jobs.register(|job: Paint, context: JobContext| async move {
            if job.boat == "rotten" {
                return Err(JobError::Fail(format!(
                    "no paint at https://paint:{}@shop/",
                    job.api_key
                )));
            }
            Ok(context.done(json!({ "painted": job.boat, "receipt_token": "t" })))
        });
        let pattern = Pattern::new("0 3 * * *", "Europe/Berlin").unwrap();
        jobs.schedule("spring", pattern, &paint("tug")).unwrap();
        let operate = Operate {
            outbox: Outbox::new(database.clone(), world.clone(), wakes),
            leases,
            jobs,
            world,
        };
        let (router, _) = routes().with_state(operate.clone()).split_for_parts();
        Self {
            operate,
            router,
            tasks,
            database,
        }
    }

    /// Joins, and lets events be handled.
    async fn start(&self) {
        let Operate { leases, outbox, .. } = &self.operate;
        leases.start(&self.tasks).await.unwrap();
        outbox.start(&self.tasks, leases).await.unwrap();
        until("it has joined and sees itself", || async {
            !leases.members().get().is_empty() && leases.lease("reconcile/moorings").is_some()
        })
        .await;
    }

    async fn stop(self) {
        self.tasks.stop_and_wait(PATIENCE).await;
        self.database.close().await;
    }

    async fn call(&self, method: Method, path: &str) -> Answer {
        let request = Request::builder().method(method).uri(format!("/api/v1/admin/{path}"));
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 22).await.unwrap();
        Answer {
            status,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn get(&self, path: &str) -> Value {
        let answer = self.call(Method::GET, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.body
    }

    async fn post(&self, path: &str) -> Value {
        let answer = self.call(Method::POST, path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.body);
        answer.body
    }

    /// The status, code and sentence of a refusal.
    async fn refused(&self, method: Method, path: &str) -> (u16, String, String) {
        let Answer { status, body } = self.call(method, path).await;
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        (status.as_u16(), text("code"), text("detail"))
    }

    async fn enqueue(&self, boat: &str) -> JobId {
        self.enqueue_as(boat, None).await.unwrap()
    }

    async fn enqueue_as(&self, boat: &str, unique_key: Option<&str>) -> Option<JobId> {
        let options = EnqueueOptions {
            unique_key: unique_key.map(ToOwned::to_owned),
            ..EnqueueOptions::default()
        };
        self.operate.jobs.enqueue(&paint(boat), options).await.unwrap()
    }
}

fn placement(role: Role) -> Placement {
    Placement { role, spread: true }
}

fn paint(boat: &str) -> Paint {
    Paint {
        boat: boat.to_owned(),
        api_key: "hunter2".to_owned(),
    }
}

async fn databases() -> Vec<TestDatabase> {
    mainstay_testkit::databases(MIGRATIONS).await
}

/// Waits until a condition holds.
async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let started = tokio::time::Instant::now();
    while !condition().await {
        assert!(started.elapsed() < PATIENCE, "{what} did not come true");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// One field of every item.
fn all(page: &Value, field: &str) -> Vec<Value> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item[field].clone()).collect()
}
