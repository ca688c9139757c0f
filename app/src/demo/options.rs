//! What can be asked of `mainstay demo`, and the pace that follows from it.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use super::{
    cause::{Cause, UnknownCause},
    record::RecordArgs,
};

/// Watch a small fleet break and recover.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each flag of a command line is one")]
#[command(args_conflicts_with_subcommands = true)]
pub struct DemoArgs {
    /// Something else to do with the fleet
    #[command(subcommand)]
    pub verb: Option<DemoVerb>,
    /// Probe every second, keep promises over 20 minutes, and exit when the story is told: 0 when every step happened
    #[arg(long)]
    pub headless: bool,
    /// Tell the story as one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Exit when the fleet has recovered, also in a terminal
    #[arg(long)]
    pub until_recovered: bool,
    /// Break nothing; what breaks and mends is decided through the control port in `fleet.json`
    #[arg(long, conflicts_with_all = ["headless", "until_recovered"])]
    pub no_fault: bool,
    /// Start the fleet alone, without Mainstay, and print how to reach it
    #[arg(long, conflicts_with_all = ["headless", "until_recovered", "no_fault"])]
    pub fleet_only: bool,
    /// What to break, and how: connection-leak, crash, cpu-spin, memory-leak, slow-disk, bad-configuration,
    /// dependency-down or bad-deploy
    #[arg(long, value_name = "SERVICE:CAUSE", default_value = "data:connection-leak")]
    pub fault: Fault,
    /// Loopback address and port Mainstay listens on [default: 127.0.0.1:8000 when it is free, else any port]
    #[arg(long, value_name = "ADDR:PORT", value_parser = crate::cli::parse_address)]
    pub listen: Option<SocketAddr>,
    /// Keep everything (configuration, database, logs, deliveries) in this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// What else the fleet is good for.
#[derive(Debug, Clone, clap::Subcommand)]
pub enum DemoVerb {
    /// Record cases for an investigation: logs, metrics, traces, checks and deployments while something breaks
    Record(RecordArgs),
}

/// A service and what goes wrong in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The service.
    pub service: String,
    /// What goes wrong.
    pub cause: Cause,
}

/// The text is no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFault {
    /// There is no colon.
    #[error("`{0}` names no service and cause: write for example `data:connection-leak`")]
    Shape(String),
    /// The part after the colon.
    #[error(transparent)]
    Cause(#[from] UnknownCause),
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = || InvalidFault::Shape(text.to_owned());
        let (service, cause) = text.split_once(':').ok_or_else(shape)?;
        Ok(Self {
            service: service.to_owned(),
            cause: cause.parse()?,
        })
    }
}

/// How fast the story is told: nothing but configuration of Mainstay and the narrator's patience.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// `watch.default_interval_ms`.
    pub interval_ms: u64,
    /// `watch.default_timeout_ms`.
    pub timeout_ms: u64,
    /// The window of every objective.
    pub window_s: u64,
    /// How long all is well before something breaks: what is normal has to be seen first.
    pub calm: Duration,
    /// How long it stays broken after the alert was delivered.
    pub broken: Duration,
    /// How long a single step may take.
    pub step_limit: Duration,
    /// How long the whole story may take, starts included.
    pub story_limit: Duration,
}

impl Pace {
    /// For people: probes every ten seconds, promises over 30 days.
    pub const UNHURRIED: Self = Self {
        interval_ms: 10_000,
        timeout_ms: 5_000,
        window_s: 30 * 24 * 3600,
        calm: Duration::from_secs(30),
        broken: Duration::from_secs(15),
        step_limit: Duration::from_mins(3),
        story_limit: Duration::from_mins(15),
    };
    /// For machines: probes every second, promises over 20 minutes.
    pub const COMPRESSED: Self = Self {
        interval_ms: 1_000,
        timeout_ms: 1_000,
        window_s: 20 * 60,
        calm: Duration::from_secs(25),
        broken: Duration::from_secs(8),
        step_limit: Duration::from_secs(30),
        story_limit: Duration::from_mins(2),
    };
}

impl DemoArgs {
    /// The pace these options ask for.
    pub fn pace(&self) -> Pace {
        if self.headless {
            Pace::COMPRESSED
        } else {
            Pace::UNHURRIED
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Line {
        #[command(flatten)]
        demo: DemoArgs,
    }

    fn parse(words: &str) -> Result<DemoArgs, String> {
        let line = <Line as clap::Parser>::try_parse_from(words.split(' '));
        line.map(|line| line.demo).map_err(|error| error.to_string())
    }

    #[test]
    fn recording_is_asked_for_with_a_folder_or_a_plan_and_a_kind_that_exists() {
        let Some(DemoVerb::Record(args)) = parse("demo record --out cases --only clock-skew").unwrap().verb else {
            unreachable!("the verb is record");
        };
        assert_eq!((args.seed, args.cases, args.calm), (1, 17, 60));
        assert!(parse("demo record --plan").is_ok());
        assert!(parse("demo record").unwrap_err().contains("--out"));
        let error = parse("demo record --plan --only flood").unwrap_err();
        assert!(
            error.contains("`flood` is no kind of case") && error.contains("double"),
            "{error}"
        );
        assert!(parse("demo record --plan --calm 1").is_err());
        assert!(parse("demo --headless record --plan").is_err());
        assert!(parse("demo --headless").unwrap().verb.is_none());
    }

    #[test]
    fn a_fault_is_a_service_and_a_cause() {
        let fault: Fault = "execution:slow-disk".parse().unwrap();
        assert_eq!((fault.service.as_str(), fault.cause), ("execution", Cause::SlowDisk));
        assert!(matches!("execution".parse::<Fault>(), Err(InvalidFault::Shape(_))));
        assert!(matches!("data:flood".parse::<Fault>(), Err(InvalidFault::Cause(_))));
    }
}
