//! The `mainstay` binary: parses the command line, hands over to one verb, and turns its result into an exit code.

mod assets;
mod cli;
mod config;
mod demo;
mod meta;
mod operate;
mod permissions;
mod sealing;
mod wiring;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
