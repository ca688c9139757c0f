//! `mainstay demo` from start to stop: the fleet, the receiver and Mainstay in a folder of their own, the story, and
//! nothing left behind.

use std::{
    io::IsTerminal,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result};
use mainstay_kernel::World;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, sleep},
};

use super::{
    cause::Cause,
    fleet::{self, Fleet},
    mainstay::Mainstay,
    narrate::Narrator,
    options::{DemoArgs, Fault, Pace},
    receiver::{Receiver, Secret},
    registry::{BUNDLED, Registry},
    setup::Setup,
    story::{StoryError, Teller},
};

/// The port people expect Mainstay on.
const USUAL_PORT: u16 = 8000;

/// Runs the demo with `program`, which is Mainstay itself, and answers the exit code: 0 when the story was told to its
/// end or interrupted by its spectator, 1 when a step did not happen.
///
/// # Errors
/// When something cannot be started.
pub async fn run(args: DemoArgs, program: &Path) -> Result<u8> {
    let began = Instant::now();
    let world = World::system();
    let narrator = if args.json { Narrator::Json } else { Narrator::Person };
    let folder = Folder::new(args.keep.as_deref())?;
    let original = Registry::parse(BUNDLED)?;
    narrator.aside(&format!("Starting {} services …", original.services().len()));
    let fleet = Arc::new(Fleet::start(program, &original, folder.path(), &world).await?);
    let outcome = tokio::select! {
        outcome = with_fleet(&args, program, &fleet, &original, folder.path(), (world, narrator, began)) => outcome,
        interrupted = interrupted() => interrupted.map(|()| 0),
    };
    narrator.aside("Stopping …");
    fleet.stop().await;
    outcome
}

async fn with_fleet(
    args: &DemoArgs,
    program: &Path,
    fleet: &Arc<Fleet>,
    original: &Registry,
    folder: &Path,
    (world, narrator, began): (World, Narrator, Instant),
) -> Result<u8> {
    let control = fleet::control::open().await?;
    let description = fleet.describe(control.local_addr()?)?;
    let controlled = fleet::control::serve(Arc::clone(fleet), control);
    if args.fleet_only {
        println!("{description}");
        controlled.await?;
        return Ok(0);
    }

    let secret = Secret::random(&world);
    let (receiver, listener) = Receiver::open(&folder.join("deliveries.jsonl"), secret.clone(), world.clone()).await?;
    let served = receiver.clone().serve(listener);
    let listen = args.listen.map_or_else(|| free_address(args.headless), Ok)?;
    let configuration = Setup {
        folder,
        original,
        relocated: (fleet.registry(), fleet.registry_file()),
        webhook: (&receiver.hook_url(), &secret),
        listen,
        pace: args.pace(),
    }
    .write()?;
    let show = async {
        narrator.aside("Starting Mainstay …");
        let log = folder.join("logs").join("mainstay.log");
        let mainstay = Mainstay::start(program, &configuration, format!("http://{listen}"), log).await?;
        narrator.opening(
            fleet.registry().services().len(),
            &mainstay.api.base,
            &folder.display().to_string(),
        );
        let teller = Teller::new(
            mainstay.api.clone(),
            receiver.log_url(),
            world.clone(),
            args.pace(),
            began,
            narrator,
        );
        let outcome = perform(args, fleet, teller).await;
        if outcome.is_ok() && stays(args) {
            narrator.aside(&format!(
                "\n  The dashboard stays at {} until you press Ctrl-C.",
                mainstay.api.base
            ));
            std::future::pending::<()>().await;
        }
        mainstay.stop().await;
        outcome
    };
    tokio::select! {
        outcome = show => outcome,
        ended = served => ended.map(|()| 1).context("the receiver stopped"),
        ended = controlled => ended.map(|()| 1).context("the control port stopped"),
    }
}

/// Breaks and mends the fleet while the story is told; answers the exit code.
async fn perform(args: &DemoArgs, fleet: &Fleet, mut teller: Teller) -> Result<u8> {
    let told = if args.no_fault {
        teller.all_up().await.map(|_| ())
    } else {
        match story(&args.fault, args.pace(), fleet, &mut teller).await? {
            Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    };
    match told {
        Ok(()) => Ok(0),
        Err(error) => {
            teller.failed(&error);
            anstream::eprintln!("error: the demo's story is incomplete: {error}");
            Ok(1)
        }
    }
}

async fn story(fault: &Fault, pace: Pace, fleet: &Fleet, teller: &mut Teller) -> Result<Result<(), StoryError>> {
    let mut observed = match teller.all_up().await {
        Ok(observed) => observed,
        Err(error) => return Ok(Err(error)),
    };
    sleep(pace.calm).await;
    teller.remember_budgets(&mut observed).await;
    fleet.inject(&fault.service, fault.cause).await?;
    teller.act(
        "fault",
        json!({ "service": fault.service, "cause": fault.cause.as_str(), "what": in_words(fault.cause) }),
    );
    if let Err(error) = teller.breaks(&mut observed).await {
        return Ok(Err(error));
    }
    sleep(pace.broken).await;
    fleet.heal(&fault.service).await?;
    teller.act("heal", json!({ "service": fault.service }));
    Ok(teller.recovers(&observed).await)
}

fn in_words(cause: Cause) -> &'static str {
    match cause {
        Cause::ConnectionLeak => "its statements stop ending their transactions, and its database connections run out",
        Cause::Crash => "its reference data file is cut off, and it dies reading it",
        Cause::CpuSpin => "a computation of quadratic cost takes its request thread",
        Cause::MemoryLeak => "its documents stay referenced until its memory limit refuses more",
        Cause::SlowDisk => "the volume under its journal takes a few bytes a second",
        Cause::BadConfiguration => "its configuration gets the address of another service for a dependency",
        Cause::DependencyDown => "the first service it calls is stopped",
    }
}

/// Whether the demo goes on after its story: in front of a person, unless told otherwise.
fn stays(args: &DemoArgs) -> bool {
    let in_front_of_a_person = std::io::stdout().is_terminal();
    args.no_fault || (in_front_of_a_person && !args.headless && !args.until_recovered)
}

fn free_address(any_port: bool) -> Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    if !any_port && TcpListener::bind(usual).is_ok() {
        return Ok(usual);
    }
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port for Mainstay")?;
    Ok(any.local_addr()?)
}

async fn interrupted() -> Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
        _ = hang_up.recv() => {}
    }
    Ok(())
}

/// Where everything is kept: a temporary folder that goes with the demo, or one that stays.
enum Folder {
    Temporary(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn new(keep: Option<&Path>) -> Result<Self> {
        let Some(keep) = keep else {
            let folder = tempfile::Builder::new().prefix("mainstay-demo-").tempdir();
            return Ok(Self::Temporary(folder.context("cannot make a temporary folder")?));
        };
        std::fs::create_dir_all(keep).with_context(|| format!("cannot make the folder {}", keep.display()))?;
        // Children are started with paths in it, so it must not depend on where they run.
        Ok(Self::Kept(keep.canonicalize()?))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}
