//! `mainstay completions`: a completion script for a shell.

use clap::{Args, Command};
use clap_complete::Shell;

use super::OK;

/// Which shell.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell the script is for
    shell: Shell,
}

/// Prints the script.
pub fn run(args: &CompletionsArgs, mut command: Command) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "mainstay", &mut script);
    anstream::print!("{}", String::from_utf8(script)?);
    Ok(OK)
}
