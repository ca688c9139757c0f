//! `mainstay investigate`: the likely cause, from files alone; needs no server, no network and no key.

use std::{
    fs,
    io::{IsTerminal, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::{
    Timestamp, Zoned,
    civil::{DateTime, Time},
    tz::TimeZone,
};
use mainstay_investigation::{
    Progress, Request, investigate,
    report::{InputKind, Report, Style, json, page, text},
};
use mainstay_kernel::World;

use super::OK;

/// What the report looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Shape {
    /// For people, in the terminal
    #[default]
    Text,
    /// For programs: docs/reference/investigation-report.md
    Json,
    /// For people, in a browser: one file that needs nothing else
    Html,
}

/// Flags of `investigate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 the report is made, whether or not a cause was found; 2 nothing could be read.\n\
                  Try it: mainstay demo --keep DIR, then mainstay investigate DIR/evidence"
)]
pub struct InvestigateArgs {
    /// Logs, metrics, traces, configurations, differences, archives and folders of them; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// When it was noticed; it may have begun earlier. RFC 3339, or a date and time, or a time of today or of the day that is
    /// covered, in UTC
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<Told>,
    /// Files of a time when all was well, to compare with; may be given several times
    #[arg(long, value_name = "PATH")]
    baseline: Vec<PathBuf>,
    /// Who calls whom: services with what they need (the catalog's form), or a graph as CSV
    #[arg(long, value_name = "FILE")]
    topology: Option<PathBuf>,
    /// A question: its names, times and error words narrow the search
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Shape of the report: text for people, json for programs, html for a browser
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: Shape,
    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

/// A moment, or a time of day whose day is found in the evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Moment(Timestamp),
    Clock(Time),
}

fn parse_time(text: &str) -> Result<Told, String> {
    let wrong =
        || format!("`{text}` is no time: write 2026-11-21T10:04:30Z, \"2026-11-21 10:04:30\" (UTC), or 10:04 (UTC)");
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(Told::Moment(moment));
    }
    if text.contains('-') {
        let civil: DateTime = text.parse().map_err(|_| wrong())?;
        let zoned: Zoned = civil.to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
        return Ok(Told::Moment(zoned.timestamp()));
    }
    text.parse().map(Told::Clock).map_err(|_| wrong())
}

/// Investigates.
pub fn run(args: &InvestigateArgs) -> anyhow::Result<u8> {
    for path in args.paths.iter().chain(&args.baseline).chain(&args.topology) {
        if path.as_os_str() != "-" && !path.exists() {
            bail!("there is no {}", path.display());
        }
    }
    let request = Request {
        paths: args.paths.clone(),
        baseline: args.baseline.clone(),
        topology: args.topology.clone(),
        at: args.at.and_then(Told::moment),
        at_clock: args.at.and_then(Told::clock),
        question: args.question.clone(),
        now: World::system().now_micros(),
        zone: 0,
    };
    let bar = Bar::new();
    let report = investigate(&request, &|progress| bar.show(progress));
    bar.end();
    if report.inputs.iter().all(|input| input.kind == InputKind::Unreadable) {
        let why = report.inputs.iter().map(|input| {
            let reason = input.problems.first().unwrap_or(&input.reason);
            format!("{}: {reason}", input.file)
        });
        let why: Vec<String> = why.take(3).collect();
        bail!(
            "nothing could be read: {}",
            if why.is_empty() {
                "there is no file".to_owned()
            } else {
                why.join("; ")
            }
        );
    }
    args.write(&report)?;
    Ok(OK)
}

impl Told {
    fn moment(self) -> Option<i64> {
        match self {
            Self::Moment(moment) => Some(moment.as_microsecond()),
            Self::Clock(_) => None,
        }
    }

    fn clock(self) -> Option<Time> {
        match self {
            Self::Clock(time) => Some(time),
            Self::Moment(_) => None,
        }
    }
}

impl InvestigateArgs {
    fn write(&self, report: &Report) -> anyhow::Result<()> {
        let in_front_of_a_person = self.to.is_none() && std::io::stdout().is_terminal();
        let content = match self.output {
            Shape::Text => text(
                report,
                Style {
                    colour: in_front_of_a_person,
                    width: 100,
                },
            ),
            Shape::Json => json(report)?,
            Shape::Html => page(report),
        };
        if let Some(file) = &self.to {
            fs::write(file, content).with_context(|| format!("cannot write {}", file.display()))?;
            anstream::eprintln!("wrote {}", file.display());
            return Ok(());
        }
        // Takes colours out where the terminal or `NO_COLOR` says so.
        match anstream::stdout().write_all(content.as_bytes()) {
            // Whoever reads it has read enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write the report"),
        }
    }
}

/// How far reading is, on anything that takes longer than a moment.
struct Bar {
    bar: ProgressBar,
    started: Instant,
}

impl Bar {
    /// Nothing is shown of what takes no longer than this.
    const SOON: Duration = Duration::from_millis(300);

    fn new() -> Self {
        let bar = ProgressBar::hidden();
        if let Ok(style) = ProgressStyle::with_template("reading [{bar:30}] {bytes}/{total_bytes} {wide_msg}") {
            bar.set_style(style.progress_chars("##."));
        }
        Self {
            bar,
            started: Instant::now(),
        }
    }

    fn show(&self, progress: Progress<'_>) {
        if self.bar.is_hidden() && self.started.elapsed() >= Self::SOON {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_length(progress.known.unwrap_or(progress.read));
        self.bar.set_position(progress.read);
        self.bar.set_message(progress.file.to_owned());
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_or_a_time_of_day() {
        let moment = Told::Moment("2026-11-21T10:04:30Z".parse().unwrap());
        for text in [
            "2026-11-21T10:04:30Z",
            "2026-11-21T11:04:30+01:00",
            "2026-11-21 10:04:30",
            "2026-11-21T10:04:30",
        ] {
            assert_eq!(parse_time(text), Ok(moment), "{text}");
        }
        assert_eq!(parse_time("10:04"), Ok(Told::Clock("10:04:00".parse().unwrap())));
        for text in ["", "soon", "25:00", "2026-13-01 10:00", "1674986674"] {
            assert!(parse_time(text).unwrap_err().contains("is no time"), "{text}");
        }
    }
}
