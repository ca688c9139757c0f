//! `mainstay jobs|schedules|events|replicas|tasks` and `mainstay admin`: what is done beside answering, seen and steered from a
//! terminal.

mod admin;
mod events;
mod jobs;
mod replicas;
mod schedules;
mod tasks;
mod words;

pub use admin::{AdminVerb, must_exist, run as admin};
pub use events::{EventsArgs, run as events};
pub use jobs::{JobsArgs, run as jobs};
pub use replicas::{ReplicasArgs, run as replicas};
pub use schedules::{SchedulesArgs, run as schedules};
pub use tasks::{TasksArgs, run as tasks};

use clap::Args;
use serde_json::Value;

use super::{OK, Output, client::ServerUrl};

/// Which Mainstay, and what the answer looks like.
#[derive(Debug, Args)]
pub struct Asking {
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

impl Asking {
    /// Does something, and prints its answer as the API shapes it, or a sentence.
    async fn act(&self, path: &str, sentence: impl FnOnce(&Value) -> String) -> anyhow::Result<u8> {
        let answer = self.server.post(path, &Value::Null).await?;
        self.output.print(&answer, sentence)?;
        Ok(OK)
    }
}
