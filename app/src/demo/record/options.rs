//! What can be asked of `mainstay demo record`.

use std::path::PathBuf;

use super::{
    kind::Kind,
    plan::{Lengths, slots},
};

/// Record cases for an investigation: the fleet's own logs, metrics, traces, checks and deployments while something
/// breaks, and beside them what it was
#[derive(Debug, Clone, clap::Args)]
pub struct RecordArgs {
    /// Folder for the cases; each gets a folder in it, and `labels.jsonl` beside them says what was broken
    #[arg(long, value_name = "DIR", required_unless_present = "plan")]
    pub out: Option<PathBuf>,
    /// What the plan follows from; the same seed breaks the same services in the same way
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many cases; 17 have every kind once at least
    #[arg(long, default_value_t = slots().len() as u64)]
    pub cases: u64,
    /// Only this kind: a cause as in `mainstay demo --fault`, `double` or `none`
    #[arg(long, value_name = "KIND")]
    pub only: Option<Kind>,
    /// Print the plan, one case a line as JSON, and record nothing
    #[arg(long)]
    pub plan: bool,
    /// Seconds in which all is well, before something breaks
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(5..))]
    pub calm: u16,
    /// Seconds in which it stays broken
    #[arg(long, value_name = "SECONDS", default_value_t = 40, value_parser = clap::value_parser!(u16).range(5..))]
    pub broken: u16,
}

impl RecordArgs {
    /// How long the parts of a case take.
    pub fn lengths(&self) -> Lengths {
        Lengths {
            calm: self.calm.into(),
            broken: self.broken.into(),
        }
    }
}
