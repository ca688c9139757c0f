//! What is measured while a case is recorded: the services' metrics, the machine's, and checks from outside.
//!
//! It writes what it sees as it comes. It must not know what is broken, nor that anything is.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{BufWriter, Write},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result};
use mainstay_kernel::World;
use tokio::{
    task::JoinSet,
    time::{Instant, Interval, MissedTickBehavior, interval},
};

use super::{
    dice::Dice,
    machine,
    observations::{Observation, Observations},
    plan::{Case, FRONTS},
    traffic,
};
use crate::demo::{client::Call, registry::Registry, service};

/// Between two looks at metrics or health.
const EVERY: Duration = Duration::from_secs(1);
/// How long such a look may take.
const PATIENCE: Duration = Duration::from_secs(3);
/// Between two transactions.
const TRANSACTION_EVERY: Duration = Duration::from_secs(2);
/// How long a transaction may take: a customer's deadline, not a machine's.
const TRANSACTION_PATIENCE: Duration = Duration::from_secs(8);
/// The stream of the dice that checks ask for instruments by.
const STREAM: u64 = 1 << 33;
/// First line of the table of checks.
const COLUMNS: &str = "time,service,check,ok,status,latency_ms,error";

/// Everybody who looks; they stop when this is dropped.
pub struct Watch {
    looks: JoinSet<()>,
    checks: Arc<Mutex<BufWriter<File>>>,
}

impl Watch {
    /// Starts to look at every service of `registry` and to write into `folder`.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn start(
        case: &Case,
        registry: &Registry,
        folder: &Path,
        seen: &Arc<Observations>,
        began: Instant,
        world: &World,
    ) -> Result<Self> {
        let mut looks = JoinSet::new();
        let mut checks = create(&folder.join("checks.csv"))?;
        writeln!(checks, "{COLUMNS}")?;
        let checks = Arc::new(Mutex::new(checks));
        for (name, entry) in registry.services() {
            let page = Page::create(folder, name, world)?;
            looks.spawn(scrape(page, name.clone(), format!("{}/metrics", entry.base_url)));
            let url = format!("{}/health", entry.base_url);
            let check = Check::new(name, "health", &checks, seen, began, world);
            looks.spawn(check.repeat(EVERY, move || Call::get(&url).within(PATIENCE)));
        }
        for (index, front) in (0..).zip(FRONTS) {
            let Some(entry) = registry.services().get(front) else {
                continue;
            };
            let (base_url, symbols) = (entry.base_url.clone(), service::symbols());
            let dice = Dice::new(case.seed, STREAM + case.number * 8 + index);
            let check = Check::new(front, "transaction", &checks, seen, began, world);
            let request = move || traffic::request(front, &base_url, &symbols, &dice).within(TRANSACTION_PATIENCE);
            looks.spawn(check.repeat(TRANSACTION_EVERY, request));
        }
        looks.spawn(look_at_machine(Page::create(folder, "host", world)?));
        Ok(Self { looks, checks })
    }

    /// Stops looking and finishes the files.
    ///
    /// # Errors
    /// When what was seen cannot be written.
    pub async fn stop(mut self) -> Result<()> {
        self.looks.shutdown().await;
        let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
        checks.flush().context("cannot write the checks")
    }
}

/// A file of metrics in the Prometheus text format (0.0.4), where every sample has its time in milliseconds.
struct Page {
    file: BufWriter<File>,
    described: BTreeSet<String>,
    world: World,
}

impl Page {
    fn create(folder: &Path, name: &str, world: &World) -> Result<Self> {
        Ok(Self {
            file: create(&folder.join("metrics").join(format!("{name}.prom")))?,
            described: BTreeSet::new(),
            world: world.clone(),
        })
    }

    /// Adds a scrape; what a metric means is written when it is first seen.
    fn add(&mut self, text: &str, at_ms: i64) {
        for line in text.lines() {
            // A page that cannot be written shows as a gap.
            let _gap = if line.starts_with('#') {
                if !self.described.insert(line.to_owned()) {
                    continue;
                }
                writeln!(self.file, "{line}")
            } else {
                writeln!(self.file, "{line} {at_ms}")
            };
        }
    }

    fn now_ms(&self) -> i64 {
        self.world.now().as_millisecond()
    }
}

async fn scrape(mut page: Page, service: String, url: String) {
    let mut ticks = every_so_often(EVERY);
    loop {
        ticks.tick().await;
        let (at_ms, started) = (page.now_ms(), Instant::now());
        let answer = Call::get(&url).within(PATIENCE).send().await;
        let answer = answer.ok().filter(|answer| answer.status.is_success());
        if let Some(text) = answer
            .as_ref()
            .and_then(|answer| std::str::from_utf8(&answer.body).ok())
        {
            page.add(text, at_ms);
        }
        let (up, took) = (u8::from(answer.is_some()), started.elapsed().as_secs_f64());
        let own =
            format!("up{{service=\"{service}\"}} {up}\nscrape_duration_seconds{{service=\"{service}\"}} {took:.6}");
        page.add(&own, at_ms);
    }
}

async fn look_at_machine(mut page: Page) {
    let mut ticks = every_so_often(EVERY);
    loop {
        ticks.tick().await;
        let at_ms = page.now_ms();
        page.add(&machine::page(), at_ms);
    }
}

/// Somebody who asks one thing of one service again and again.
struct Check {
    service: String,
    name: &'static str,
    checks: Arc<Mutex<BufWriter<File>>>,
    seen: Arc<Observations>,
    began: Instant,
    world: World,
}

impl Check {
    fn new(
        service: &str,
        name: &'static str,
        checks: &Arc<Mutex<BufWriter<File>>>,
        seen: &Arc<Observations>,
        began: Instant,
        world: &World,
    ) -> Self {
        Self {
            service: service.to_owned(),
            name,
            checks: Arc::clone(checks),
            seen: Arc::clone(seen),
            began,
            world: world.clone(),
        }
    }

    async fn repeat(self, every: Duration, call: impl Fn() -> Call + Send) {
        let mut ticks = every_so_often(every);
        let check = format!("{} of {}", self.name, self.service);
        loop {
            ticks.tick().await;
            let (asked, at, started) = (self.world.now(), self.began.elapsed().as_secs_f64(), Instant::now());
            let answer = call().send().await;
            let latency_ms = started.elapsed().as_secs_f64() * 1_000.0;
            let (status, error) = match &answer {
                Ok(answer) => (answer.status.as_str().to_owned(), String::new()),
                Err(error) => (String::new(), error.to_string().replace('"', "'")),
            };
            let ok = answer.is_ok_and(|answer| answer.status.is_success());
            let row = format!(
                "{asked:.6},{},{},{ok},{status},{latency_ms:.2},\"{error}\"",
                self.service, self.name
            );
            self.seen.add(&check, Observation { at, ok, latency_ms });
            let mut checks = self.checks.lock().unwrap_or_else(PoisonError::into_inner);
            // A row that cannot be written shows as a gap.
            let _gap = writeln!(checks, "{row}");
        }
    }
}

fn every_so_often(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    ticks
}

fn create(path: &Path) -> Result<BufWriter<File>> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(BufWriter::new(file))
}
