//! The log of deployments that a pipeline keeps (JSON lines), and the versions it deploys.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::dice::Dice;
use crate::demo::service::release::{Change, Release};

/// Deployments of the days before that the log begins with.
const EARLIER: u32 = 4;
/// What changes nothing that anybody could notice.
const HARMLESS: [&str; 5] = [
    "Update licence texts",
    "Rename helpers of the formatter",
    "Raise the copyright year",
    "Move unit tests beside their code",
    "Update the changelog and the contributors",
];

/// The log of one fleet.
#[derive(Debug)]
pub struct Deployments {
    file: File,
    pipeline: u64,
}

impl Deployments {
    /// Starts the log with what was deployed to `services` before `now`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn create(path: &Path, services: &[&str], dice: &Dice, now: Timestamp) -> Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(path);
        let file = file.with_context(|| format!("cannot write {}", path.display()))?;
        let mut log = Self {
            file,
            pipeline: 400 + dice.bits() % 5_000,
        };
        for day in (1..=EARLIER).rev() {
            let before = SignedDuration::from_secs_f64(f64::from(day) * 31_000.0 * dice.between(0.6, 1.0));
            let service = dice.pick(services).copied().unwrap_or_default();
            let what = dice.pick(&HARMLESS).copied().unwrap_or_default();
            log.add(now - before, service, "1.4.1", &Release::first(), what)?;
        }
        Ok(log)
    }

    /// Adds a deployment.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, at: Timestamp, service: &str, from: &str, release: &Release, summary: &str) -> Result<()> {
        self.pipeline += 1 + u64::try_from(summary.len()).unwrap_or_default() % 5;
        let entry = json!({
            "timestamp": format!("{at:.6}"),
            "event": "deployment",
            "service": service,
            "version": release.version,
            "previous_version": from,
            "commit": release.commit,
            "summary": summary,
            "pipeline": self.pipeline,
            "status": "succeeded",
        });
        writeln!(self.file, "{entry}").context("cannot write the log of deployments")
    }
}

/// A version with `change`, or one that does nothing differently, and its summary.
pub fn next_release(change: Option<Change>, dice: &Dice) -> (Release, &'static str) {
    let summary = match change {
        Some(Change::CompactAmounts) => "Answer amounts in a compact form for mobile clients",
        Some(Change::SingleReads) => "Read through the new repository class",
        Some(Change::AnswerHistory) => "Keep answers for the audit view",
        None => dice.pick(&HARMLESS).copied().unwrap_or_default(),
    };
    let minor = 5 + dice.bits() % 3;
    let release = Release {
        version: format!("1.{minor}.{}", dice.bits() % 4),
        commit: format!("{:07x}", dice.bits() & 0x0fff_ffff),
        changes: change.into_iter().collect::<BTreeSet<_>>(),
    };
    (release, summary)
}
