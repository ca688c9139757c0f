//! Starts the binary on a free port with a data folder of its own, talks to it over HTTP, and ends it in various ways.

use std::{
    fs::File,
    io::Read,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use mainstay_kernel::World;
use mainstay_store::{DatabaseConfig, DatabaseUrl};
use mainstay_testkit::TestDatabase;
use serde_json::{Value, json};

/// How long anything may take before the test gives up.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A folder, a port and a configuration for one Mainstay, which can be started, ended and started again.
pub struct Instance {
    pub directory: tempfile::TempDir,
    pub port: u16,
    pub toml: String,
    /// The binary; the one that was built with the tests unless a test says otherwise.
    pub program: PathBuf,
    /// Held so that the schema lasts as long as the instance.
    pub schema: Option<TestDatabase>,
}

/// A running Mainstay; killed when dropped.
pub struct Running {
    child: Child,
    pub base: String,
    log: Arc<Mutex<String>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

/// A port that was free a moment ago. It lies below those that outgoing connections take, because an instance that is ended
/// and started again must find its port as it left it.
pub fn free_port() -> u16 {
    let world = World::system();
    let candidates = std::iter::repeat_with(|| 10_000 + u16::try_from(world.random() % 20_000).unwrap());
    let free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    candidates.take(1000).find(free).expect("a free port")
}

/// An instance on each kind of database.
pub async fn instances(toml: &str) -> Vec<Instance> {
    let mut instances = vec![Instance::sqlite(toml)];
    if let Some(schema) = mainstay_testkit::postgres(&[]).await {
        let DatabaseUrl::Postgres(url) = &schema.config().url else {
            panic!("a PostgreSQL test database has a PostgreSQL URL")
        };
        let name = schema.config().schema.clone().unwrap();
        let separator = if url.contains('?') { '&' } else { '?' };
        let url = format!("{url}{separator}options=-csearch_path%3D{name}");
        let mut instance = Instance::sqlite(&format!("{toml}\n[database]\nurl = \"{url}\"\n"));
        instance.schema = Some(schema);
        instances.push(instance);
    }
    instances
}

impl Instance {
    /// On the embedded database, with extra configuration.
    pub fn sqlite(toml: &str) -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            port: free_port(),
            toml: toml.to_owned(),
            program: env!("CARGO_BIN_EXE_mainstay").into(),
            schema: None,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where its database is.
    pub fn database(&self) -> DatabaseConfig {
        match &self.schema {
            Some(schema) => schema.config().clone(),
            None => DatabaseConfig::new(DatabaseUrl::Sqlite(self.data().join("mainstay.db"))),
        }
    }

    /// Writes a file into the instance's folder.
    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn command(&self) -> Command {
        let config = self.write("mainstay.toml", &self.toml);
        let mut command = Command::new(&self.program);
        command
            .current_dir(self.directory.path())
            .arg("up")
            .arg("--config")
            .arg(config)
            .arg("--data")
            .arg(self.data())
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port))
            .stdin(Stdio::null())
            .stdout(File::create(self.stdout()).unwrap())
            .stderr(Stdio::piped());
        command
    }

    fn stdout(&self) -> PathBuf {
        self.directory.path().join("stdout.txt")
    }

    /// What the last start printed for the person who started it: no part of the log.
    pub fn printed(&self) -> String {
        std::fs::read_to_string(self.stdout()).unwrap()
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&self) -> Running {
        self.start_with(&[]).await
    }

    /// Starts it with these variables in its environment, and waits until it is ready.
    pub async fn start_with(&self, variables: &[(&str, &str)]) -> Running {
        let mut running = self.spawn(variables);
        let started = Instant::now();
        loop {
            if let Ok(answer) = reqwest_get(&format!("{}/ready", running.base)).await
                && answer.0 == 200
            {
                return running;
            }
            if let Some(status) = running.child.try_wait().unwrap() {
                panic!("it ended with {status} before it was ready:\n{}", running.log());
            }
            assert!(
                started.elapsed() < PATIENCE,
                "it was not ready in time:\n{}",
                running.log()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Starts it and does not wait.
    pub fn spawn(&self, variables: &[(&str, &str)]) -> Running {
        let mut child = self.command().envs(variables.iter().copied()).spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let sink = log.clone();
        let mut stderr = child.stderr.take().unwrap();
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                sink.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        });
        Running {
            child,
            base: format!("http://127.0.0.1:{}", self.port),
            log,
            reader: Some(reader),
        }
    }

    /// Starts it, expecting it to refuse; answers its exit code and what it said.
    pub fn start_refused(&self) -> (i32, String) {
        let output = self.command().output().unwrap();
        (
            output.status.code().unwrap_or(-1),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    }
}

/// Runs any verb of the binary to its end.
pub fn mainstay(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

impl Running {
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `kill -9`.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM; answers how long the orderly end took and the exit code.
    pub fn terminate(self) -> (Duration, Option<i32>) {
        signal(self.pid(), "TERM");
        self.wait()
    }

    /// Waits for its end; answers how long that took and the exit code.
    pub fn wait(self) -> (Duration, Option<i32>) {
        let (took, code, _) = self.wait_with_log();
        (took, code)
    }

    /// Waits for its end; answers how long that took, the exit code, and everything it said.
    pub fn wait_with_log(mut self) -> (Duration, Option<i32>, String) {
        let started = Instant::now();
        let status = self.child.wait().unwrap();
        let took = started.elapsed();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        (took, status.code(), self.log())
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = reqwest_get(&format!("{}{path}", self.base)).await.unwrap();
        assert_eq!(status, 200, "GET {path}: {body}");
        body
    }

    pub async fn try_get(&self, path: &str) -> (u16, Value) {
        reqwest_get(&format!("{}{path}", self.base))
            .await
            .unwrap_or((0, Value::Null))
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = client()
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .json(body);
        answer(request.send().await.unwrap()).await
    }

    /// Sends a request as whoever holds a token.
    pub async fn send_as(&self, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = client()
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .bearer_auth(token)
            .header("idempotency-key", "the-same-for-everybody")
            .json(body);
        answer(request.send().await.unwrap()).await
    }

    /// Sends a body that need not be JSON, though it says so.
    pub async fn send_raw(&self, method: &str, path: &str, body: String) -> (u16, Value) {
        let request = client()
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .body(body);
        answer(request.send().await.unwrap()).await
    }

    /// Like [`Self::send`], but a connection that breaks is status 0.
    pub async fn try_send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let request = client()
            .request(method.parse().unwrap(), format!("{}{path}", self.base))
            .json(body);
        match request.send().await {
            Ok(response) => answer(response).await,
            Err(_) => (0, Value::Null),
        }
    }

    /// Creates something; fails the test unless it was created.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send("POST", path, body).await;
        assert!((200..300).contains(&status), "POST {path}: {status} {answer}");
        answer
    }

    /// Makes a service with one impatient check of `url`; answers the check's id.
    pub async fn watch(&self, service: &str, url: &str) -> String {
        self.post("/api/v1/services", &json!({ "name": service })).await;
        self.check(service, url).await
    }

    /// Makes an impatient check of `url` for a service that exists; answers its id.
    pub async fn check(&self, service: &str, url: &str) -> String {
        let check = json!({
            "name": "health", "service": service, "role": "health", "target": url, "interval_ms": 1000, "timeout_ms": 900,
            "retry_ms": 200, "failures_before_down": 2, "successes_before_up": 1,
        });
        let check = self.post("/api/v1/checks", &check).await;
        check["id"].as_str().unwrap().to_owned()
    }

    /// Waits until the service is in `state`.
    pub async fn until_state(&self, service: &str, state: &str) {
        let path = format!("/api/v1/service-states/{service}");
        self.until(&path, |body| body["state"] == state).await;
    }

    /// Waits until `/ready` answers `status` with words that contain `words`; answers all of it.
    pub async fn until_ready_says(&self, status: u16, words: &str) -> String {
        let started = Instant::now();
        loop {
            let (got, body) = self.try_get("/ready").await;
            let text = body.to_string();
            if got == status && text.contains(words) {
                return text;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "/ready never answered {status} with `{words}`; last: {got} {text}\nlog:\n{}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Memory of its own in MiB: without the pages of the binary's file, which is several times larger in a debug build.
    pub fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find(|line| line.starts_with("RssAnon:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Asks `path` until `accept` is content.
    pub async fn until(&self, path: &str, accept: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        let mut last = Value::Null;
        while started.elapsed() < PATIENCE {
            let (status, body) = self.try_get(path).await;
            if status == 200 && accept(&body) {
                return body;
            }
            last = body;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!(
            "{path} never became what was waited for; last: {last}\nlog:\n{}",
            self.log()
        );
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something outside the process is so.
pub async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a signal by name.
pub fn signal(pid: u32, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(pid.to_string())
        .status()
        .unwrap();
    assert!(status.success());
}

#[expect(clippy::disallowed_methods, reason = "a test's own client, which needs no policy")]
fn client() -> reqwest::Client {
    static PROVIDER: std::sync::Once = std::sync::Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().timeout(PATIENCE).build().unwrap()
}

async fn reqwest_get(url: &str) -> Result<(u16, Value), reqwest::Error> {
    Ok(answer(client().get(url).send().await?).await)
}

async fn answer(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body)
}
