//! `mainstay demo`: hands over to the demo, which starts this very program again for each part of it.

use anyhow::Context;

pub use crate::demo::DemoArgs;
use crate::demo::DemoVerb;

/// Runs the demo, or records cases with its fleet, and answers the exit code.
pub async fn run(args: DemoArgs) -> anyhow::Result<u8> {
    let program = std::env::current_exe().context("cannot find the program that is running")?;
    match args.verb {
        Some(DemoVerb::Record(record)) => crate::demo::record(record, &program).await,
        None => crate::demo::run(args, &program).await,
    }
}
