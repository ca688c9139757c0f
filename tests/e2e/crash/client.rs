//! A client that does not give up: while replicas come and go, somebody answers in the end.

use std::time::{Duration, Instant};

use mainstay_kernel::World;
use serde_json::Value;

/// How long an answer may take, over all tries.
const PATIENCE: Duration = Duration::from_secs(90);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// What the database still does for a client that was killed is done by then.
const SETTLED: Duration = Duration::from_secs(1);

/// Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    bases: Vec<String>,
    world: World,
}

/// A write as the client came to know of it.
#[derive(Debug)]
pub enum Written {
    /// Answered with success.
    Answered(Value),
    /// Somebody said that its outcome is unknown; whoever asks has to look.
    Unknown,
}

impl Client {
    #[expect(clippy::disallowed_methods, reason = "a test's own client, which needs no policy")]
    pub fn new(bases: Vec<String>) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).no_proxy();
        Self {
            http: http.build().unwrap(),
            bases,
            world: World::system(),
        }
    }

    /// A number below `bound`, by chance.
    pub fn chance(&self, bound: usize) -> usize {
        usize::try_from(self.world.random() % bound as u64).unwrap()
    }

    /// One try at one replica; `None` without an answer.
    pub async fn ask(
        &self,
        base: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Option<(u16, Value)> {
        let mut request = self.http.request(method.parse().unwrap(), format!("{base}{path}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let text = response.text().await.ok()?;
        Some((status, serde_json::from_str(&text).unwrap_or(Value::String(text))))
    }

    /// One try anywhere.
    pub async fn ask_somebody(&self, method: &str, path: &str, body: Option<&Value>) -> Option<(u16, Value)> {
        let base = &self.bases[self.chance(self.bases.len())];
        self.ask(base, method, path, body, None).await
    }

    /// Asks until there is an answer that settles the matter: success, or a refusal that no repetition changes.
    pub async fn settled(&self, method: &str, path: &str, body: Option<&Value>, key: Option<&str>) -> (u16, Value) {
        let started = Instant::now();
        let mut last = None;
        while started.elapsed() < PATIENCE {
            let base = &self.bases[self.chance(self.bases.len())];
            match self.ask(base, method, path, body, key).await {
                Some((status, answer)) if status < 500 && status != 429 => return (status, answer),
                other => last = other,
            }
            tokio::time::sleep(PAUSE).await;
        }
        panic!("{method} {path} was never answered; last: {last:?}");
    }

    /// What is there; `None` when nothing is.
    pub async fn read(&self, path: &str) -> Option<Value> {
        match self.settled("GET", path, None, None).await {
            (200, answer) => Some(answer),
            (404, _) => None,
            (status, answer) => panic!("GET {path}: {status} {answer}"),
        }
    }

    /// All pages of a list.
    pub async fn list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(String::new());
        while let Some(cursor) = next {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = self
                .read(&format!("{path}{separator}limit=1000{cursor}"))
                .await
                .unwrap();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            next = page["next_cursor"].as_str().map(|cursor| format!("&cursor={cursor}"));
        }
        items
    }

    /// Creates something under one key, however often it has to ask.
    pub async fn create(&self, path: &str, body: &Value) -> Written {
        let key = self.world.uuid().to_string();
        match self.settled("POST", path, Some(body), Some(&key)).await {
            (200..300, answer) => Written::Answered(answer),
            (409, problem) if problem["code"] == "idempotency-unfinished" => {
                tokio::time::sleep(SETTLED).await;
                Written::Unknown
            }
            (status, problem) => panic!("POST {path} {body}: {status} {problem}"),
        }
    }
}
