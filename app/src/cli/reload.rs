//! SIGHUP: the configuration is read again, judged as `mainstay config check` judges it, and put into force as far as a running
//! process can follow it.

use std::convert::Infallible;

use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::DatabaseUrl;
use mainstay_telemetry::Logs;
use tokio::signal::unix::Signal;

use super::ServerArgs;
use crate::{
    config::{Change, Config, Finding, Loaded, Severity, TakesEffect},
    wiring::{RELOAD_TASK, Reconfigure},
};

/// What a reload needs.
pub struct Reload {
    /// The flags that the process was started with, which win as they did then.
    pub args: ServerArgs,
    /// What it was started with.
    pub started: Loaded,
    /// The same with the address that is really listened on.
    pub running: Config,
    /// What is logged.
    pub logs: Logs,
    /// The modules.
    pub reconfigure: Reconfigure,
}

/// A wrong configuration: nothing has changed.
struct Refused(Vec<String>);

impl Reload {
    /// Starts the task, which reloads at every signal until a shutdown. Signals that come while one is obeyed are one.
    pub fn start(self, mut hangup: Signal, tasks: &Tasks) {
        let database = url(&self.started);
        tasks.spawn(RELOAD_TASK, |context| async move {
            let mut in_force = None;
            loop {
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    _ = hangup.recv() => {}
                }
                tracing::info!("reading the configuration again");
                match self.reload(in_force.as_ref().unwrap_or(&self.started), database.as_ref()) {
                    Ok((loaded, said)) => {
                        in_force = Some(loaded);
                        tracing::info!(outcome = said, "the configuration was reloaded");
                        context.ran(said);
                    }
                    Err(Refused(reasons)) => refuse(&context, &reasons),
                }
            }
        });
    }

    fn reload(&self, in_force: &Loaded, database: Option<&DatabaseUrl>) -> Result<(Loaded, String), Refused> {
        let wanted = self.args.load().map_err(|error| Refused(vec![error.to_string()]))?;
        for doubt in accepted(wanted.findings())? {
            say_doubt(&doubt);
        }
        let config = wanted.config.clone().in_force(&self.running);
        let unusable = |error: &dyn std::fmt::Display| Refused(vec![error.to_string()]);
        let telemetry = config.telemetry().map_err(|error| unusable(&error))?;
        self.reconfigure.apply(&config).map_err(|error| unusable(&error))?;
        // The same filter was judged a moment ago.
        self.logs.reconfigure(&telemetry).map_err(|error| unusable(&error))?;

        let mut waiting = only(wanted.changes_since(&self.started), TakesEffect::Restart);
        if !waiting.iter().any(|change| change.key.starts_with("database.url")) && url(&wanted).as_ref() != database {
            waiting.push(Change {
                key: "database.url_file".to_owned(),
                value: "another URL in the same file".to_owned(),
                from: wanted.origin("database.url_file"),
                takes_effect: TakesEffect::Restart,
            });
        }
        let followed = only(wanted.changes_since(in_force), TakesEffect::Reload);
        for change in &followed {
            tracing::info!(
                config.key = change.key,
                config.value = change.value,
                config.from = change.from,
                "a changed key of the configuration is in force"
            );
        }
        for change in &waiting {
            tracing::warn!(
                config.key = change.key,
                config.value = change.value,
                config.from = change.from,
                "a changed key of the configuration needs a restart"
            );
        }
        Ok((wanted, summary(&followed, &waiting)))
    }
}

/// The database that a configuration names, as far as that can be read.
fn url(loaded: &Loaded) -> Option<DatabaseUrl> {
    loaded.config.database().ok().map(|database| database.url)
}

/// What is doubtful; everything that is wrong instead, if anything is.
fn accepted(findings: Vec<Finding>) -> Result<Vec<Finding>, Refused> {
    let (refused, rest): (Vec<_>, Vec<_>) = findings
        .into_iter()
        .partition(|finding| finding.severity == Severity::Refused);
    if refused.is_empty() {
        Ok(rest)
    } else {
        Err(Refused(refused.iter().map(ToString::to_string).collect()))
    }
}

/// Says what is probably a mistake. What is missing is said by the task that needs it, for as long as it is missing.
pub fn say_doubt(doubt: &Finding) {
    if doubt.severity == Severity::Warning {
        tracing::warn!(
            config.key = doubt.key,
            config.from = doubt.from,
            what = doubt.message,
            "a key of the configuration is probably a mistake"
        );
    }
}

fn refuse(context: &TaskContext, reasons: &[String]) {
    for reason in reasons {
        tracing::error!(reason, "the configuration is wrong; the one before stays in force");
    }
    context.failed(format_args!(
        "the configuration was changed and is wrong, so the one before stays in force: {}. Mend it, and send SIGHUP again",
        reasons.join("; ")
    ));
}

fn only(changes: Vec<Change>, takes_effect: TakesEffect) -> Vec<Change> {
    let mut changes = changes;
    changes.retain(|change| change.takes_effect == takes_effect);
    changes
}

/// Such as `in force: watch.retry_ms, log.filter; needs a restart: listen`.
fn summary(followed: &[Change], waiting: &[Change]) -> String {
    let keys = |changes: &[Change]| {
        let keys: Vec<_> = changes.iter().map(|change| change.key.as_str()).collect();
        keys.join(", ")
    };
    let mut said = match followed {
        [] => "nothing changed that was not in force".to_owned(),
        some => format!("in force: {}", keys(some)),
    };
    if !waiting.is_empty() {
        said = format!("{said}; needs a restart: {}", keys(waiting));
    }
    said
}
