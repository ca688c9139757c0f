//! What goes on while replicas are killed: people write, read and acknowledge, services fail and recover, jobs are added.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainstay_kernel::{OrganizationId, TypedId, World};
use mainstay_store::{Database, sql};
use serde_json::{Value, json};

use super::{
    client::{Client, Written},
    outside::Targets,
    record::{Happened, LeaseSeen},
};

/// Between two writes of one writer.
const WRITE_EVERY: Duration = Duration::from_millis(60);

/// What everybody who makes the load shares. Cheap to clone.
#[derive(Clone)]
pub struct Load {
    pub client: Client,
    pub targets: Targets,
    pub database: Database,
    /// The ids of the checks by their numbers.
    pub checks: Arc<Vec<String>>,
    pub happened: Arc<Mutex<Happened>>,
    pub over: Arc<AtomicBool>,
}

impl Load {
    pub fn note(&self) -> MutexGuard<'_, Happened> {
        self.happened.lock().unwrap()
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    async fn pause(&self, least_ms: usize, more_ms: usize) {
        let wait = least_ms + self.client.chance(more_ms);
        tokio::time::sleep(Duration::from_millis(wait as u64)).await;
    }

    fn must_be(&self, path: String, fields: Option<Value>) {
        self.note().writes.insert(path, fields);
    }

    /// Creates what has a name of its own: when nobody knows the outcome, it is there or it is not.
    async fn create_named(&self, path: &str, body: &Value, found: &str) -> Value {
        loop {
            match self.client.create(path, body).await {
                Written::Answered(answer) => return answer,
                Written::Unknown => {
                    if let Some(there) = self.client.read(found).await {
                        return there;
                    }
                }
            }
        }
    }

    /// Writes objects of its own, each by a chance of what to do next.
    pub async fn write(self, writer: usize) {
        let mut services: Vec<String> = Vec::new();
        for number in 0.. {
            if self.is_over() {
                break;
            }
            let some = (!services.is_empty()).then(|| self.client.chance(services.len().max(1)));
            match (self.client.chance(20), some) {
                (0..3, Some(some)) => self.edit_service(&services[some], number).await,
                (3..5, Some(some)) if services.len() > 3 => {
                    let name = services.swap_remove(some);
                    let path = format!("/api/v1/services/{name}");
                    // A repetition of what was done already finds nothing.
                    let (status, answer) = self.client.settled("DELETE", &path, None, None).await;
                    assert!(matches!(status, 204 | 404), "DELETE {path}: {status} {answer}");
                    self.must_be(path, None);
                }
                (5..7, Some(some)) => self.promise(&services[some].clone(), number).await,
                (7..10, Some(some)) => self.silence(&services[some], writer, number).await,
                (10, _) => self.import(writer, number).await,
                _ => services.push(self.add_service(writer, number).await),
            }
            tokio::time::sleep(WRITE_EVERY).await;
        }
    }

    async fn add_service(&self, writer: usize, number: usize) -> String {
        let name = format!("written-{writer}-{number}");
        let service = json!({ "name": name, "description": format!("made by step {number}") });
        let path = format!("/api/v1/services/{name}");
        self.create_named("/api/v1/services", &service, &path).await;
        self.must_be(path, Some(service));
        name
    }

    async fn edit_service(&self, name: &str, number: usize) {
        let path = format!("/api/v1/services/{name}");
        let body = json!({ "description": format!("edited by step {number}"), "owner": "crew" });
        let (status, answer) = self.client.settled("PUT", &path, Some(&body), None).await;
        assert_eq!(status, 200, "PUT {path}: {answer}");
        self.must_be(path, Some(body));
    }

    async fn promise(&self, service: &str, number: usize) {
        let name = format!("{service}-promise-{number}");
        let slo = json!({ "name": name, "service": service, "objective": 99.5 });
        loop {
            let id = match self.client.create("/api/v1/slos", &slo).await {
                Written::Answered(answer) => Some(answer["id"].clone()),
                Written::Unknown => {
                    let all = self.client.list("/api/v1/slos").await;
                    all.into_iter()
                        .find(|slo| slo["name"] == name)
                        .map(|slo| slo["id"].clone())
                }
            };
            if let Some(id) = id {
                let path = format!("/api/v1/slos/{}", id.as_str().unwrap());
                return self.must_be(path, Some(slo));
            }
        }
    }

    /// Silences have no name, so one that was made twice is seen.
    async fn silence(&self, service: &str, writer: usize, number: usize) {
        let reason = format!("silence-{writer}-{number}");
        let silence = json!({ "reason": reason, "service": service, "ends_at": "2100-01-01T00:00:00Z" });
        loop {
            let made = match self.client.create("/api/v1/silences", &silence).await {
                Written::Answered(_) => true,
                Written::Unknown => {
                    let all = self.client.list("/api/v1/silences").await;
                    all.iter().any(|silence| silence["reason"] == reason)
                }
            };
            if made {
                self.note().reasons.insert(reason);
                return;
            }
        }
    }

    async fn import(&self, writer: usize, number: usize) {
        let names = ["left", "right"].map(|side| format!("imported-{writer}-{number}-{side}"));
        let content: Vec<String> = names
            .iter()
            .map(|name| {
                format!("apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{owner: crew}}\n")
            })
            .collect();
        let file = json!({ "path": format!("{writer}/{number}.yaml"), "content": content.join("---\n") });
        loop {
            let answered = matches!(
                self.client.create("/api/v1/imports", &json!({ "files": [file] })).await,
                Written::Answered(_)
            );
            // All of a file or nothing of it.
            let paths = names.clone().map(|name| format!("/api/v1/services/{name}"));
            if answered || self.client.read(&paths[0]).await.is_some() {
                for path in paths {
                    self.must_be(path, Some(json!({ "owner": "crew" })));
                }
                return;
            }
        }
    }

    /// Reads stored probes, which must be there for good from then on.
    pub async fn read(self) {
        while !self.is_over() {
            let check = self.client.chance(self.checks.len());
            let path = format!("/api/v1/checks/{}/probes?limit=1", self.checks[check]);
            if let Some((200, page)) = self.client.ask_somebody("GET", &path, None).await
                && let Some(at) = page["items"][0]["at"].as_str()
            {
                let at: jiff::Timestamp = at.parse().unwrap();
                self.note().shown.insert((check, mainstay_kernel::to_micros(at)));
            }
            self.pause(50, 200).await;
        }
    }

    /// Acknowledges alerts.
    pub async fn acknowledge(self) {
        while !self.is_over() {
            self.pause(300, 900).await;
            let Some((200, page)) = self.client.ask_somebody("GET", "/api/v1/alerts?state=open", None).await else {
                continue;
            };
            let items = page["items"].as_array().unwrap();
            let open: Vec<&Value> = items
                .iter()
                .filter(|alert| alert["acknowledged_by"].is_null())
                .collect();
            if open.is_empty() {
                continue;
            }
            let id = open[self.client.chance(open.len())]["id"].as_str().unwrap();
            let path = format!("/api/v1/alerts/{id}/acknowledge");
            if let Some((200, _)) = self
                .client
                .ask_somebody("POST", &path, Some(&json!({ "by": "ada" })))
                .await
            {
                self.note().acknowledged.insert(id.to_owned());
            }
        }
    }

    /// Services fail for a while, a few at a time.
    pub async fn weather(self) {
        while !self.is_over() {
            let check = self.client.chance(self.checks.len());
            *self.note().outages.entry(check).or_default() += 1;
            self.targets.set_well(check, false);
            self.pause(2_500, 4_000).await;
            self.targets.set_well(check, true);
            self.pause(500, 2_500).await;
        }
    }

    /// Adds jobs as a module would, some for later.
    pub async fn add_jobs(self) {
        let world = World::system();
        while !self.is_over() {
            let id = world.uuid();
            let now = world.now_micros();
            let later = i64::try_from(self.client.chance(3)).unwrap() * 1_000_000;
            let added = self
                .database
                .execute(
                    sql(
                        "INSERT INTO work_job (id, organization_id, queue, kind, version, payload, state, attempt, max_attempts, \
                         timeout_ms, run_at, created_at, cancel_requested) \
                         VALUES ($1, $2, 'default', 'work.forget', 1, '{\"keep_days\": 7}', 'waiting', 0, 3, 60000, $3, $4, FALSE)",
                    )
                    .bind(id)
                    .bind(OrganizationId::DEFAULT.as_uuid())
                    .bind(now + later)
                    .bind(now),
                )
                .await;
            if added.is_ok() {
                self.note().jobs.insert(id.to_string());
            }
            self.pause(300, 500).await;
        }
    }

    /// Asks for backups, which take long enough to be killed on the way.
    pub async fn back_up(self) {
        let path = "/api/v1/admin/schedules/backup/run-now";
        while !self.is_over() {
            if let Some((201, job)) = self.client.ask_somebody("POST", path, Some(&json!({}))).await {
                self.note().jobs.insert(job["id"].as_str().unwrap().to_owned());
            }
            self.pause(1_000, 2_000).await;
        }
    }

    /// Looks who holds what.
    pub async fn look_at_leases(self) {
        let world = World::system();
        let mut tokens = std::collections::HashMap::new();
        while !self.is_over() {
            let rows = self
                .database
                .fetch_all(sql(
                    "SELECT l.name, l.token, l.holder, r.name AS replica FROM work_lease l \
                     LEFT JOIN work_replica r ON r.id = l.holder ORDER BY l.name",
                ))
                .await
                .unwrap_or_default();
            for row in rows {
                let holder = row.get::<Option<mainstay_kernel::uuid::Uuid>>("holder").unwrap();
                let name: String = row.get("name").unwrap();
                let seen = (row.get::<i64>("token").unwrap(), holder);
                if tokens.insert(name.clone(), seen) != Some(seen) {
                    let replica = row.get::<Option<String>>("replica").unwrap();
                    self.note().leases.push(LeaseSeen {
                        at: world.now_micros(),
                        name,
                        token: seen.0,
                        holder: holder.map(|id| (id.to_string(), replica)),
                    });
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}
