//! The command line: one file per verb, one place for exit codes and output formats.

mod check;
mod client;
mod completions;
mod config_check;
mod demo;
mod import;
mod list;
mod openapi;
mod output;
mod ready;
mod slo;
mod up;

use std::{future::Future, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::{Loaded, Overrides, load};
pub use output::Output;

/// Everything went as asked.
pub const OK: u8 = 0;
/// The verb ran and the answer is no: errors found, a check failed, not ready.
pub const NO: u8 = 1;
/// The verb could not run: wrong usage, unreadable input, no server.
pub const FAILED: u8 = 2;

/// Keeps a fleet of services standing.
#[derive(Debug, Parser)]
#[command(
    name = "mainstay",
    version,
    about,
    propagate_version = true,
    after_help = "Exit codes: 0 yes or done, 1 the answer is no, 2 could not run.\nStart with `mainstay demo`, or with `mainstay up` and http://127.0.0.1:8000."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Start Mainstay: the API and the dashboard, probing, budgets and alerts
    Up(up::UpArgs),
    /// Watch ten real services fail and recover on this machine
    Demo(demo::DemoArgs),
    /// Read registries, manifests and configurations; report what contradicts what
    Import(import::ImportArgs),
    /// Probe one address now and show every phase
    Check(check::CheckArgs),
    /// Work with objectives
    #[command(subcommand)]
    Slo(slo::SloVerb),
    /// List services with their state
    Services(list::ListArgs),
    /// List checks with their state
    Checks(list::ListArgs),
    /// List alerts, newest first
    Alerts(list::ListArgs),
    /// Work with the configuration
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Ask a running Mainstay whether it is ready; for container health checks
    Ready(ready::ReadyArgs),
    /// Print the OpenAPI document of this version
    Openapi,
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
    /// One service of the demo fleet
    #[command(hide = true)]
    DemoService(crate::demo::ServiceArgs),
}

#[derive(Debug, Subcommand)]
enum ConfigVerb {
    /// Print the effective configuration, secrets masked, and where each value came from
    Check(config_check::ConfigCheckArgs),
}

/// Flags that change the configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Configuration file; `mainstay.toml` in the current folder is read when it exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the embedded database
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Address to listen on; loopback only
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
}

impl ServerArgs {
    fn load(&self) -> anyhow::Result<Loaded> {
        let loaded = load(&Overrides {
            file: self.config.clone(),
            listen: self.listen,
            data_dir: self.data.clone(),
        })?;
        for warning in &loaded.warnings {
            anstream::eprintln!("warning: {warning}");
        }
        Ok(loaded)
    }
}

/// Parses the command line and runs the verb.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.verb {
        Verb::Up(args) => up::run(&args),
        Verb::Demo(args) => blocking(demo::run(args)),
        Verb::Import(args) => blocking(import::run(args)),
        Verb::Check(args) => blocking(check::run(args)),
        Verb::Slo(verb) => blocking(slo::run(verb)),
        Verb::Services(args) => blocking(list::services(args)),
        Verb::Checks(args) => blocking(list::checks(args)),
        Verb::Alerts(args) => blocking(list::alerts(args)),
        Verb::Config(ConfigVerb::Check(args)) => config_check::run(&args),
        Verb::Ready(args) => blocking(ready::run(args)),
        Verb::Openapi => openapi::run(),
        Verb::Completions(args) => completions::run(&args, <Cli as clap::CommandFactory>::command()),
        Verb::DemoService(args) => crate::demo::run_service(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::from(FAILED)
        }
    }
}

/// Runs a short verb on a runtime of its own.
fn blocking(verb: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(verb)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
