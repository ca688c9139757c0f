//! One supervised service process: started, restarted with backoff when it exits, stopped and started on order.

use std::{
    fs::OpenOptions,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, ChildStdin, Command},
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

const FIRST_BACKOFF: Duration = Duration::from_millis(400);
const LONGEST_BACKOFF: Duration = Duration::from_secs(3);
/// A process that lived this long starts the backoff anew.
const STEADY: Duration = Duration::from_secs(10);
/// What a process gets to finish after its standard input closed.
const GRACE: Duration = Duration::from_secs(3);

/// How a service process is started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program that contains the service.
    pub program: PathBuf,
    /// The service's name.
    pub name: String,
    /// The registry of the fleet.
    pub registry: PathBuf,
    /// The service's own folder.
    pub state: PathBuf,
    /// Where its log goes.
    pub log: PathBuf,
    /// The port it serves on.
    pub port: u16,
    /// The port it is controlled through.
    pub control_port: u16,
    /// What its control port asks for.
    pub control_token: String,
    /// Where its spans go, if anywhere.
    pub spans: Option<PathBuf>,
    /// How many times longer than usual it waits for others.
    pub patience: u32,
    /// Whether its customers come from elsewhere.
    pub without_customers: bool,
}

/// What a supervisor is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Stop the process and keep it stopped.
    Stop,
    /// Have a process running; at once, when it waits to be restarted.
    Start,
    /// Stop the process and end.
    Quit,
}

/// A service under supervision.
#[derive(Debug)]
pub struct Member {
    name: String,
    control_port: u16,
    orders: mpsc::Sender<Order>,
    last_exit: Arc<Mutex<Option<i32>>>,
}

impl Member {
    /// Starts a service and its supervisor, which runs among `supervisors`.
    pub fn start(plan: Plan, supervisors: &mut JoinSet<()>) -> Self {
        let (orders, received) = mpsc::channel(4);
        let last_exit = Arc::default();
        let member = Self {
            name: plan.name.clone(),
            control_port: plan.control_port,
            orders,
            last_exit: Arc::clone(&last_exit),
        };
        supervisors.spawn(supervise(plan, received, last_exit));
        member
    }

    /// Where the service is controlled.
    pub fn control_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.control_port)
    }

    /// The code the process last exited with on its own; -1 when a signal ended it or it could not be started.
    pub fn last_exit(&self) -> Option<i32> {
        *self.last_exit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the supervisor what to do.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn order(&self, order: Order) -> Result<()> {
        let sent = self.orders.send(order).await;
        sent.map_err(|_| anyhow!("{} is no longer supervised", self.name))
    }
}

/// A process and the pipe that keeps it alive.
struct Running {
    child: Child,
    lifeline: ChildStdin,
}

async fn supervise(plan: Plan, mut orders: mpsc::Receiver<Order>, last_exit: Arc<Mutex<Option<i32>>>) {
    let mut backoff = FIRST_BACKOFF;
    loop {
        let started = Instant::now();
        let code = match start(&plan).await {
            Ok(mut running) => tokio::select! {
                exit = running.child.wait() => exit.ok().and_then(|status| status.code()).unwrap_or(-1),
                order = told_to_stop(&mut orders) => {
                    finish(running).await;
                    if order == Order::Quit || !told_to_start(&mut orders).await {
                        return;
                    }
                    backoff = FIRST_BACKOFF;
                    continue;
                }
            },
            Err(_) => -1,
        };
        *last_exit.lock().unwrap_or_else(PoisonError::into_inner) = Some(code);
        if started.elapsed() > STEADY {
            backoff = FIRST_BACKOFF;
        }
        tokio::select! {
            () = sleep(backoff) => backoff = LONGEST_BACKOFF.min(backoff * 2),
            go_on = told_to_start(&mut orders) => {
                if !go_on {
                    return;
                }
                backoff = FIRST_BACKOFF;
            }
        }
    }
}

async fn start(plan: &Plan) -> Result<Running> {
    let log = OpenOptions::new().create(true).append(true).open(&plan.log)?;
    let mut command = Command::new(&plan.program);
    command.arg("demo-service");
    if let Some(spans) = &plan.spans {
        command.arg("--spans").arg(spans);
    }
    if plan.without_customers {
        command.arg("--without-customers");
    }
    let mut child = command
        .args(["--name", &plan.name])
        .args(["--patience", &plan.patience.to_string()])
        .arg("--registry")
        .arg(&plan.registry)
        .arg("--state")
        .arg(&plan.state)
        .args(["--port", &plan.port.to_string()])
        .args(["--control-port", &plan.control_port.to_string()])
        .stdin(Stdio::piped())
        .stdout(log.try_clone()?)
        .stderr(log)
        // Ctrl-C in a terminal is for whoever runs the demo; the services are stopped by their supervisor.
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", plan.program.display()))?;
    let mut lifeline = child.stdin.take().context("the process has no standard input")?;
    lifeline
        .write_all(format!("{}\n", plan.control_token).as_bytes())
        .await?;
    Ok(Running { child, lifeline })
}

/// Closes the process's standard input, waits, and kills it when it does not go.
async fn finish(running: Running) {
    let Running { mut child, lifeline } = running;
    drop(lifeline);
    if timeout(GRACE, child.wait()).await.is_err() {
        // It may have gone this very moment.
        let _gone = child.kill().await;
    }
}

/// Waits for an order to stop or quit; a supervisor whose owner is gone quits.
async fn told_to_stop(orders: &mut mpsc::Receiver<Order>) -> Order {
    loop {
        match orders.recv().await {
            Some(Order::Start) => {}
            Some(order) => return order,
            None => return Order::Quit,
        }
    }
}

/// Waits for an order to start; `false` means quit. Meanwhile an order to stop asks for nothing new.
async fn told_to_start(orders: &mut mpsc::Receiver<Order>) -> bool {
    loop {
        match orders.recv().await {
            Some(Order::Stop) => {}
            Some(Order::Start) => return true,
            Some(Order::Quit) | None => return false,
        }
    }
}
