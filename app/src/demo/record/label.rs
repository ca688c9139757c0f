//! What a case was, for whoever judges an answer: kept beside the cases and never in one.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Serialize;
use serde_json::Value;

use super::kind::{Distraction, Kind};

/// One line of `labels.jsonl`. Times are RFC 3339 with microseconds, in UTC.
#[derive(Debug, Serialize)]
pub struct Label {
    /// The case's name, and that of its folder.
    pub case: String,
    /// The seed of its plan.
    pub seed: u64,
    /// What it is about.
    pub kind: Kind,
    /// The services that fail, in the order in which they begin to.
    pub services: Vec<String>,
    /// What fails in each, and since when.
    pub faults: Vec<Fault>,
    /// What looks like a reason and is none.
    pub red_herrings: Vec<RedHerring>,
    /// When the recording began.
    pub recorded_from: String,
    /// When the first fault began.
    pub began_at: Option<String>,
    /// When two of three observations of one check in a row were bad for the first time since then.
    pub noticed_at: Option<String>,
    /// The share of checks and customers that failed before the first fault, or at all when there is none: what the machine
    /// itself did to the case.
    pub unrest: f64,
    /// When the recording ended.
    pub recorded_until: String,
}

/// One service that fails.
#[derive(Debug, Serialize)]
pub struct Fault {
    /// The service.
    pub service: String,
    /// What goes wrong in it.
    pub cause: String,
    /// What its new version does differently, when that is the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Value>,
    /// Since when.
    pub began_at: String,
}

/// One distraction.
#[derive(Debug, Serialize)]
pub struct RedHerring {
    /// What it is.
    pub kind: Distraction,
    /// The service it happens to, when it is not the machine.
    pub service: Option<String>,
    /// Since when.
    pub began_at: String,
    /// Until when.
    pub ended_at: String,
}

/// The labels of the cases in one folder.
#[derive(Debug)]
pub struct Labels(PathBuf);

impl Labels {
    /// The labels in `out`.
    pub fn of(out: &Path) -> Self {
        Self(out.join("labels.jsonl"))
    }

    /// Names of the cases that have a label, and so are recorded to their end.
    pub fn recorded(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(&self.0).unwrap_or_default();
        let labels = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        labels
            .filter_map(|label| Some(label["case"].as_str()?.to_owned()))
            .collect()
    }

    /// Adds a label.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&self, label: &Label) -> Result<()> {
        let line = format!("{}\n", serde_json::to_string(label)?);
        let file = OpenOptions::new().create(true).append(true).open(&self.0);
        let written = file.and_then(|mut file| file.write_all(line.as_bytes()));
        written.with_context(|| format!("cannot write {}", self.0.display()))
    }
}
