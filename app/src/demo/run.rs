//! `mainstay demo` from start to stop: the fleet, the receiver and Mainstay in a folder of their own, the story, and
//! nothing left behind.

use std::{
    cell::Cell,
    future::pending,
    io::IsTerminal,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use mainstay_kernel::World;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, sleep},
};

use super::{
    cause::Cause,
    finale,
    fleet::{self, Fleet, Purpose},
    mainstay::Mainstay,
    narrate::Narrator,
    options::DemoArgs,
    receiver::{Receiver, Secret},
    record::Recording,
    registry::{BUNDLED, Registry},
    setup::Setup,
    story::{StoryError, Teller},
};

/// The port people expect Mainstay on.
const USUAL_PORT: u16 = 8000;
/// Exit code when the story is incomplete.
const FAILED: u8 = 1;

/// Runs the demo with `program`, which is Mainstay itself, and answers the exit code: 0 when the story was told to its
/// end or interrupted by its spectator, 1 when a step did not happen.
///
/// # Errors
/// When something cannot be started.
pub async fn run(args: DemoArgs, program: &Path) -> Result<u8> {
    let began = Instant::now();
    let original = Registry::parse(BUNDLED)?;
    if !original.services().contains_key(&args.fault.service) {
        let known: Vec<_> = original.services().keys().map(String::as_str).collect();
        bail!(
            "the demo has no service called {}: it has {}",
            args.fault.service,
            known.join(", ")
        );
    }
    let tells_a_story = !args.no_fault && !args.fleet_only;
    if tells_a_story && !args.fault.cause.fails_health() {
        bail!(
            "the demo tells of failing health checks, and none fails by {}: start it with --no-fault and bring it about through the control port in fleet.json, or record it with `mainstay demo record`",
            args.fault.cause
        );
    }
    let stage = Stage {
        narrator: if args.json { Narrator::Json } else { Narrator::Person },
        folder: Folder::new(args.keep.as_deref())?,
        world: World::system(),
        args,
        program,
        original,
        began,
    };
    let mut curtain = Curtain::hang()?;
    stage
        .narrator
        .aside(&format!("Starting {} services …", stage.original.services().len()));
    let start = Fleet::start(
        program,
        &stage.original,
        stage.folder.path(),
        if tells_a_story { Purpose::Story } else { Purpose::Show },
        &stage.world,
    );
    let fleet = tokio::select! {
        fleet = start => Arc::new(fleet?),
        () = curtain.falls() => return Ok(0),
    };
    let outcome = stage.show(&fleet, &mut curtain).await;
    stage.narrator.aside("Stopping …");
    fleet.stop().await;
    outcome
}

/// Where the demo is shown, and how.
struct Stage<'a> {
    args: DemoArgs,
    program: &'a Path,
    original: Registry,
    folder: Folder,
    world: World,
    narrator: Narrator,
    began: Instant,
}

impl Stage<'_> {
    /// Serves the fleet's control port while the rest happens.
    async fn show(&self, fleet: &Arc<Fleet>, curtain: &mut Curtain) -> Result<u8> {
        let control = fleet::control::open().await?;
        let description = fleet.describe(control.local_addr()?)?;
        let controlled = fleet::control::serve(Arc::clone(fleet), control);
        let shown = async {
            if self.args.fleet_only {
                println!("{description}");
                curtain.falls().await;
                return Ok(0);
            }
            self.show_mainstay(fleet, curtain).await
        };
        tokio::select! {
            outcome = shown => outcome,
            ended = controlled => ended.map(|()| FAILED).context("the control port stopped"),
        }
    }

    /// Starts the receiver and Mainstay, and has the story told.
    async fn show_mainstay(&self, fleet: &Fleet, curtain: &mut Curtain) -> Result<u8> {
        let folder = self.folder.path();
        let secret = Secret::random(&self.world);
        let deliveries = folder.join("deliveries.jsonl");
        let (receiver, listener) = Receiver::open(&deliveries, secret.clone(), self.world.clone()).await?;
        let listen = self.args.listen.map_or_else(|| free_address(self.args.headless), Ok)?;
        let configuration = Setup {
            folder,
            original: &self.original,
            relocated: (fleet.registry(), fleet.registry_file()),
            webhook: (&receiver.hook_url(), &secret),
            listen,
            pace: self.args.pace(),
        }
        .write()?;
        let told = async {
            self.narrator.aside("Starting Mainstay …");
            let log = folder.join("logs").join("mainstay.log");
            let start = Mainstay::start(self.program, &configuration, format!("http://{listen}"), log);
            let mainstay = tokio::select! {
                mainstay = start => mainstay?,
                () = curtain.falls() => return Ok(0),
            };
            let verdict = Cell::new(0);
            let outcome = tokio::select! {
                outcome = self.tell(fleet, &mainstay, receiver.log_url(), &verdict) => outcome.map(|()| verdict.get()),
                () = curtain.falls() => Ok(verdict.get()),
            };
            mainstay.stop().await;
            outcome
        };
        tokio::select! {
            outcome = told => outcome,
            ended = receiver.clone().serve(listener) => ended.map(|()| FAILED).context("the receiver stopped"),
        }
    }

    /// Tells the story, and stays for as long as somebody watches; the verdict is there before that.
    async fn tell(&self, fleet: &Fleet, mainstay: &Mainstay, log_url: String, verdict: &Cell<u8>) -> Result<()> {
        let dashboard = &mainstay.api.base;
        let services = fleet.registry().services().len();
        self.narrator
            .opening(services, dashboard, &self.folder.path().display().to_string());
        let mut teller = Teller::new(
            mainstay.api.clone(),
            log_url,
            self.world.clone(),
            self.args.pace(),
            self.began,
            self.narrator,
        );
        if let Err(error) = self.perform(fleet, &mut teller).await {
            let Some(incomplete) = error.downcast_ref::<StoryError>() else {
                return Err(error);
            };
            teller.failed(incomplete);
            let interrupted = matches!(incomplete, StoryError::Interrupted { .. });
            if self.args.headless || !interrupted {
                verdict.set(FAILED);
                anstream::eprintln!("error: the demo's story is incomplete: {incomplete}");
            }
            // Whoever goes on watching sees a fleet that is well, as after the story's end.
            if self.stays() && fleet.heal(&self.args.fault.service).await.is_ok() {
                teller.act("heal", json!({ "service": self.args.fault.service }));
            }
        }
        if self.stays() {
            self.narrator.aside(&format!(
                "\n  The dashboard stays at {dashboard} until you press Ctrl-C."
            ));
            pending::<()>().await;
        }
        Ok(())
    }

    /// Breaks and mends the fleet at the right moments of the story.
    async fn perform(&self, fleet: &Fleet, teller: &mut Teller) -> Result<()> {
        let (fault, pace) = (&self.args.fault, self.args.pace());
        if !self.args.no_fault {
            teller.is_about(&fault.service);
        }
        if self.args.no_fault {
            teller.all_up().await?;
            return Ok(());
        }
        let evidence = self.folder.path().join("evidence");
        let recording = Recording::start(fleet, &evidence, &self.world)?;
        let mut observed = teller.all_up().await?;
        sleep(pace.calm).await;
        teller.remember_budgets(&mut observed).await;
        fleet.inject(&fault.service, fault.cause).await?;
        let what = in_words(fault.cause);
        teller.act(
            "fault",
            json!({ "service": fault.service, "cause": fault.cause.as_str(), "what": what }),
        );
        teller.breaks(&mut observed).await?;
        sleep(pace.broken).await;
        recording.stop(fleet).await?;
        fleet.heal(&fault.service).await?;
        teller.act("heal", json!({ "service": fault.service }));
        teller.recovers(&observed).await?;
        self.narrator
            .aside("            Investigating what the services wrote …");
        let found = finale::find(evidence, observed.alerted_at(), self.report_file(), &self.world).await?;
        Ok(teller.cause_found(&observed, found)?)
    }

    /// Where the report goes: beside everything else when that is kept, else where it outlives the demo.
    fn report_file(&self) -> PathBuf {
        match &self.folder {
            Folder::Kept(folder) => folder.join("investigation.html"),
            Folder::Temporary(_) => std::env::temp_dir().join("mainstay-demo-investigation.html"),
        }
    }

    /// Whether the demo goes on after its story: in front of a person, unless told otherwise.
    fn stays(&self) -> bool {
        let in_front_of_a_person = std::io::stdout().is_terminal();
        self.args.no_fault || (in_front_of_a_person && !self.args.headless && !self.args.until_recovered)
    }
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
        Cause::Delay => "the index of its table is rebuilt, and statements wait for the lock",
        Cause::Errors => "its reference data loses lots that it divides by",
        Cause::BadDeploy => "a new version is started that keeps every answer",
        Cause::ClockSkew => "its clock falls behind, and its neighbours refuse its requests",
    }
}

fn free_address(any_port: bool) -> Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    if !any_port && TcpListener::bind(usual).is_ok() {
        return Ok(usual);
    }
    let any = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free loopback port for Mainstay")?;
    Ok(any.local_addr()?)
}

/// Falls when the spectator has seen enough: Ctrl-C, SIGTERM, or the terminal closes.
struct Curtain {
    signals: [Signal; 3],
}

impl Curtain {
    fn hang() -> Result<Self> {
        Ok(Self {
            signals: [
                signal(SignalKind::interrupt())?,
                signal(SignalKind::terminate())?,
                signal(SignalKind::hangup())?,
            ],
        })
    }

    async fn falls(&mut self) {
        let [interrupt, terminate, hang_up] = &mut self.signals;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    }
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
