//! `mainstay demo`: hands over to the demo, which starts this very program again for each part of it.

use anyhow::Context;

pub use crate::demo::DemoArgs;

/// Runs the demo and answers its exit code.
pub async fn run(args: DemoArgs) -> anyhow::Result<u8> {
    let program = std::env::current_exe().context("cannot find the program that is running")?;
    crate::demo::run(args, &program).await
}
