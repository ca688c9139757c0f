//! The repository's chores: boundaries, the API document, coverage, and what is deployed.
//!
//! It reads files and runs cargo; it must not depend on any crate of Mainstay, so that it can judge a tree that does not
//! compile.

mod coverage;
mod deploy;
mod openapi;
mod source;
mod tidy;
mod tree;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// Chores of the Mainstay repository.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Debug, Subcommand)]
enum Chore {
    /// Check the boundaries that ARCHITECTURE.md promises
    Tidy(tidy::TidyArgs),
    /// Measure line coverage and hold it against `coverage.ratchet`
    Coverage(coverage::CoverageArgs),
    /// Compare `openapi.json` with what the binary says, or write it
    Openapi(openapi::OpenapiArgs),
    /// Check the Dockerfile and the compose file without a container engine
    DeployCheck,
}

fn main() -> ExitCode {
    let root = root();
    let outcome = match Cli::parse().chore {
        Chore::Tidy(args) => tidy::run(&root, &args),
        Chore::Coverage(args) => coverage::run(&root, &args),
        Chore::Openapi(args) => openapi::run(&root, &args),
        Chore::DeployCheck => deploy::run(&root),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The repository's root, known when this was compiled.
fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or_else(|| here.clone(), PathBuf::from)
}
