//! `mainstay jobs|schedules|events|replicas` and `mainstay admin`: durable work, seen and steered from a terminal.

mod admin;
mod events;
mod jobs;
mod replicas;
mod schedules;
mod words;

pub use admin::{AdminVerb, run as admin};
pub use events::{EventsArgs, run as events};
pub use jobs::{JobsArgs, run as jobs};
pub use replicas::{ReplicasArgs, run as replicas};
pub use schedules::{SchedulesArgs, run as schedules};

use clap::Args;
use serde_json::Value;

use super::{OK, Output, client::ServerUrl, output::table};

/// Which Mainstay, and what the answer looks like.
#[derive(Debug, Args)]
pub struct Asking {
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

impl Asking {
    /// Prints items as the API shapes them, or as a table; the hint when there is none.
    fn list<const N: usize>(
        &self,
        items: &[Value],
        header: [&str; N],
        row: impl Fn(&Value) -> [String; N],
        hint: &str,
    ) -> anyhow::Result<u8> {
        self.output.print(&items, |items| {
            if items.is_empty() {
                return hint.to_owned();
            }
            table(header, items.iter().map(&row))
        })?;
        Ok(OK)
    }

    /// Does something, and prints its answer as the API shapes it, or a sentence.
    async fn act(&self, path: &str, sentence: impl FnOnce(&Value) -> String) -> anyhow::Result<u8> {
        let answer = self.server.post(path, &Value::Null).await?;
        self.output.print(&answer, sentence)?;
        Ok(OK)
    }
}
