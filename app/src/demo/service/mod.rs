//! One service of the demo fleet, in a process of its own: a real HTTP server with a small API, health endpoints,
//! metrics and a JSON log, that calls its neighbours and fails by real causes.
//!
//! It knows the registry and its neighbours' APIs. It must not know Mainstay: nothing here is told that it is watched.

mod chassis;
mod clock;
mod computation;
mod control;
mod dependencies;
mod documents;
mod failure;
mod gauges;
mod health;
mod journal;
mod log;
mod metrics;
mod observe;
mod pool;
mod reference;
pub mod release;
mod roles;
mod settings;
mod spans;
mod table;
mod usage;

use std::{
    io::{BufRead, stdin},
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, anyhow, bail};
use axum::middleware::from_fn_with_state;
use mainstay_kernel::World;
use serde_json::json;
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    signal::unix::{SignalKind, signal},
    sync::oneshot,
    time::{sleep, timeout},
};

use self::{
    chassis::Chassis,
    clock::DriftingClock,
    log::{Level, Log},
    settings::Settings,
};
use super::registry::Registry;
pub use chassis::Files;
pub use reference::symbols;

/// How long requests may finish after a stop.
const DRAIN: Duration = Duration::from_secs(1);
/// Exit code when the port is taken (`EX_UNAVAILABLE` of sysexits.h).
pub const PORT_TAKEN: u8 = 69;

/// How a service process is started. Its first line on standard input is the control token; it stops when standard
/// input closes, so that it never outlives whoever started it.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceArgs {
    /// The service's name in the registry.
    #[arg(long)]
    pub name: String,
    /// The service registry.
    #[arg(long, value_name = "FILE")]
    pub registry: PathBuf,
    /// The service's own folder, for its configuration, reference data and journal.
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// The port it serves on, on the loopback address.
    #[arg(long)]
    pub port: u16,
    /// The port it is controlled through, on the loopback address.
    #[arg(long)]
    pub control_port: u16,
    /// Where its spans go, if anywhere.
    #[arg(long, value_name = "FILE")]
    pub spans: Option<PathBuf>,
    /// How many times longer than usual it waits, on a machine that many share.
    #[arg(long, default_value_t = 1)]
    pub patience: u32,
    /// Wait for customers instead of sending itself what they would send.
    #[arg(long)]
    pub without_customers: bool,
}

/// Runs a service until it is told to stop, and answers its exit code. Starts runtimes of its own.
///
/// # Errors
/// When it cannot start.
pub fn run(args: ServiceArgs) -> Result<u8> {
    // A thread of its own keeps the service's single request thread apart from whatever runtime the caller has.
    let service = thread::Builder::new()
        .name(args.name.clone())
        .spawn(move || start(&args))?;
    service.join().map_err(|_| anyhow!("the service panicked"))?
}

/// Mends what a process that is not running cannot mend itself: its configuration and its reference data.
///
/// # Errors
/// When a file cannot be written.
pub fn mend_files(folder: &Path, registry: &Registry, name: &str) -> Result<()> {
    let files = Files::of(folder);
    reference::publish(&files.reference)?;
    Settings::from_registry(registry, name).write(&files.settings)?;
    Ok(())
}

fn start(args: &ServiceArgs) -> Result<u8> {
    let clock = Arc::new(DriftingClock::default());
    let log = Log::new(&args.name, clock.world());
    let mut token = String::new();
    stdin()
        .lock()
        .read_line(&mut token)
        .context("cannot read the control token")?;
    let token = token.trim().to_owned();
    if token.is_empty() {
        bail!("the first line on standard input must be the control token");
    }
    let runtime = current_thread()?;
    match runtime.block_on(serve(args, token, log, clock)) {
        Ok(code) => Ok(code),
        Err(error) => {
            // The log takes the error, because nobody reads the terminal of a service.
            Log::new(&args.name, World::system()).line(Level::Fatal, &format!("{error:#}"), json!({}));
            Ok(exit_code(&error))
        }
    }
}

async fn serve(args: &ServiceArgs, token: String, log: Log, clock: Arc<DriftingClock>) -> Result<u8> {
    let registry = Registry::read(&args.registry)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, args.port))
        .await
        .with_context(|| format!("cannot serve on port {}", args.port))?;
    let chassis = Arc::new(Chassis::open(args, &registry, log, clock).await?);
    let control = Arc::clone(&chassis);
    let control_port = args.control_port;
    thread::Builder::new().name("control".to_owned()).spawn(move || {
        let outcome =
            current_thread().and_then(|runtime| runtime.block_on(control::serve(control, control_port, &token)));
        if let Err(error) = outcome {
            eprintln!("{error:#}");
            process::exit(i32::from(PORT_TAKEN));
        }
    })?;

    let role = roles::of(&chassis)?;
    let router = role
        .routes
        .route_layer(from_fn_with_state(Arc::clone(&chassis), observe::observe))
        .merge(health::routes())
        .with_state(Arc::clone(&chassis));
    chassis.log.info(
        "started",
        json!({ "address": listener.local_addr()?.to_string(), "version": chassis.release.version }),
    );
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _stopped_or_dropped = stopped.await;
    });
    let mut server = std::pin::pin!(server.into_future());
    tokio::select! {
        ended = &mut server => ended?,
        outcome = duties(&chassis) => outcome?,
        () = role.background => {}
        reason = told_to_stop() => {
            chassis.log.info("stopping", json!({ "reason": reason? }));
            let _received = stop.send(());
            let _drained = timeout(DRAIN, server).await;
            chassis.spans.flush();
        }
    }
    Ok(0)
}

/// What a service does besides answering: it shows that it runs, follows its reference data and proves its addresses.
async fn duties(chassis: &Chassis) -> Result<()> {
    let beats = async {
        loop {
            chassis.beat();
            sleep(Duration::from_millis(50)).await;
        }
    };
    let follows = async {
        loop {
            sleep(Duration::from_millis(300)).await;
            match chassis.reference.refresh() {
                Ok(false) => {}
                Ok(true) => {
                    let fields = json!({ "instruments": chassis.reference.instruments().len() });
                    chassis.log.info("reference data loaded again", fields);
                }
                Err(error) => {
                    chassis.log.line(
                        Level::Fatal,
                        &error.to_string(),
                        json!({ "exit_code": reference::EXIT_CODE }),
                    );
                    process::exit(reference::EXIT_CODE);
                }
            }
        }
    };
    let proves = async {
        let mut reported = Vec::new();
        loop {
            chassis.dependencies.prove_identities().await;
            let mistaken = chassis.dependencies.mistaken_addresses();
            if mistaken != reported {
                for mistake in &mistaken {
                    chassis
                        .log
                        .error(&format!("the configuration is wrong: {mistake}"), json!({}));
                }
                reported = mistaken;
            }
            sleep(Duration::from_millis(400)).await;
        }
    };
    let exports = async {
        loop {
            sleep(Duration::from_millis(500)).await;
            chassis.spans.flush();
        }
    };
    tokio::join!(beats, follows, proves, exports, chassis.table.maintain()).0
}

/// Resolves with the reason when standard input closes or a termination signal comes.
async fn told_to_stop() -> Result<&'static str> {
    let (closed, standard_input_closed) = oneshot::channel::<()>();
    // Reading blocks, and a thread that blocks must not keep the runtime from ending.
    thread::Builder::new()
        .name("standard-input".to_owned())
        .spawn(move || {
            let mut line = String::new();
            while stdin().lock().read_line(&mut line).is_ok_and(|read| read > 0) {
                line.clear();
            }
            let _nobody_waits = closed.send(());
            // A request thread that is busy cannot stop itself.
            thread::sleep(DRAIN * 2);
            process::exit(0);
        })?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = standard_input_closed => "standard input closed",
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Points the first dependency's address at another service and loads the file, as a wrong roll-out does.
fn mistake_settings(chassis: &Chassis) -> Result<()> {
    let mut settings = (*chassis.dependencies.settings()).clone();
    let registry_order: Vec<_> = settings.dependencies.clone().into_iter().collect();
    let Some((victim, address)) = registry_order.first() else {
        bail!(
            "{} calls no other service, so no address of its configuration can be wrong",
            chassis.name
        );
    };
    let other = registry_order
        .iter()
        .map(|(_, other)| other)
        .find(|other| *other != address);
    let own = || format!("http://127.0.0.1:{}", chassis.own_port);
    let wrong = other.cloned().unwrap_or_else(own);
    settings.dependencies.insert(victim.clone(), wrong);
    settings.write(&chassis.files().settings)?;
    load_settings(chassis)
}

/// Writes the configuration the service started with and loads it.
fn restore_settings(chassis: &Chassis) -> Result<()> {
    if *chassis.dependencies.settings() == chassis.delivered_settings {
        return Ok(());
    }
    chassis.delivered_settings.write(&chassis.files().settings)?;
    load_settings(chassis)
}

fn load_settings(chassis: &Chassis) -> Result<()> {
    let settings = Settings::read(&chassis.files().settings)?;
    chassis.log.info(
        "configuration loaded again",
        json!({ "dependencies": settings.dependencies }),
    );
    chassis.dependencies.configure(settings);
    Ok(())
}

fn current_thread() -> Result<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<reference::ReferenceError>() {
        return u8::try_from(reference::EXIT_CODE).unwrap_or(1);
    }
    let taken = |cause: &(dyn std::error::Error + 'static)| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::AddrInUse)
    };
    if error.chain().any(taken) {
        return PORT_TAKEN;
    }
    1
}
