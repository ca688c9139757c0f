//! `mainstay demo record`: cases with a known answer, for whoever investigates or teaches something to.
//!
//! A case holds what the services and outsiders wrote, and no word of this module; its label is kept outside of it.

mod deployments;
mod dice;
mod files;
mod kind;
mod label;
mod live;
mod machine;
mod observations;
mod options;
mod plan;
mod stage;
mod traffic;
mod watch;

use std::{fs, path::Path, time::Duration};

use anyhow::{Context, Result};
use indicatif::{HumanDuration, ProgressBar, ProgressStyle};
use mainstay_kernel::World;

use self::{label::Labels, plan::Case, stage::Stage};
use super::registry::{BUNDLED, Registry};
pub use live::Recording;
pub use options::RecordArgs;

/// What a case takes beyond its own length: starting and stopping the fleet, and letting customers come.
const OVERHEAD: Duration = Duration::from_secs(9);
/// A case of which a greater share failed while all should have been well is recorded again,
const UNREST: f64 = 0.05;
/// up to this many times in all; its label says how it was.
const ATTEMPTS: u32 = 2;
/// Exit code when a case could not be recorded.
const INCOMPLETE: u8 = 1;

/// Records the cases that are planned and not recorded yet, with `program`, which is Mainstay itself. Answers the exit
/// code: 0 when all of them are there, 1 when some are not.
///
/// # Errors
/// When the folder cannot be used.
pub async fn run(args: RecordArgs, program: &Path) -> Result<u8> {
    let registry = Registry::parse(BUNDLED)?;
    let planned = plan::cases(&registry, args.lengths(), args.seed, args.cases, args.only);
    let Some(out) = args.out.filter(|_| !args.plan) else {
        for case in &planned {
            println!("{}", serde_json::to_string(case)?);
        }
        return Ok(0);
    };
    fs::create_dir_all(&out).with_context(|| format!("cannot make the folder {}", out.display()))?;
    let labels = Labels::of(&out);
    let recorded = labels.recorded();
    let waiting: Vec<_> = planned.iter().filter(|case| !recorded.contains(&case.case)).collect();
    let progress = Progress::new(&waiting);
    let mut code = 0;
    for (number, case) in (1..).zip(&waiting) {
        progress.begins(case);
        let stage = Stage {
            case,
            program,
            registry: &registry,
            world: &World::system(),
        };
        match record_whole(&stage, &out, &labels, &progress).await {
            Ok(()) => progress.ends(case, &waiting[number..]),
            Err(error) => {
                progress.says(&format!("{} could not be recorded: {error:#}", case.case));
                code = INCOMPLETE;
            }
        }
    }
    progress.says(&format!(
        "The cases are in {}, what they were in labels.jsonl there.",
        out.display()
    ));
    Ok(code)
}

/// Records into a folder of another name, so that a case that was interrupted is never taken for a whole one.
async fn record_whole(stage: &Stage<'_>, out: &Path, labels: &Labels, progress: &Progress) -> Result<()> {
    let name = &stage.case.case;
    let (whole, part) = (out.join(name), out.join(format!(".{name}.part")));
    let mut attempt = 1;
    let label = loop {
        for leftover in [&whole, &part] {
            if leftover.exists() {
                fs::remove_dir_all(leftover).with_context(|| format!("cannot replace {}", leftover.display()))?;
            }
        }
        let label = stage.record(&part).await?;
        if label.unrest <= UNREST || attempt == ATTEMPTS {
            break label;
        }
        progress.says(&format!(
            "{name} is recorded again: {:.0} % failed while all should have been well, because the machine is busy.",
            label.unrest * 100.0
        ));
        attempt += 1;
    };
    fs::rename(&part, &whole).with_context(|| format!("cannot make the folder {}", whole.display()))?;
    labels.add(&label)
}

/// A bar in front of a person, lines elsewhere; both say how long it still takes.
struct Progress(ProgressBar);

impl Progress {
    fn new(waiting: &[&Case]) -> Self {
        let bar = ProgressBar::new(waiting.len() as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} cases  {msg}") {
            bar.set_style(style);
        }
        let left = HumanDuration(time_for(waiting));
        let progress = Self(bar);
        progress.says(&format!("{} cases to record, about {left}.", waiting.len()));
        progress
    }

    fn begins(&self, case: &Case) {
        self.0.set_message(format!("recording {}", case.case));
    }

    fn ends(&self, case: &Case, waiting: &[&Case]) {
        let left = HumanDuration(time_for(waiting));
        self.says(&format!(
            "{} is recorded, {} to go, about {left}.",
            case.case,
            waiting.len()
        ));
        self.0.inc(1);
    }

    fn says(&self, line: &str) {
        if self.0.is_hidden() {
            anstream::eprintln!("{line}");
        } else {
            self.0.println(line);
        }
    }
}

fn time_for(cases: &[&Case]) -> Duration {
    cases
        .iter()
        .map(|case| OVERHEAD + Duration::from_secs_f64(case.ends))
        .sum()
}
