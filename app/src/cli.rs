//! The command line: one file per verb, one place for exit codes and output formats.

mod auth;
mod backup;
mod check;
mod client;
mod completions;
mod config_check;
mod data_folder;
mod demo;
mod import;
mod investigate;
mod list;
mod listen;
mod openapi;
mod operate;
mod output;
mod ready;
mod reload;
mod restore;
mod slo;
mod up;
mod when;

use std::{future::Future, net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::{ConfigError, Loaded, Overrides, load};
pub use listen::parse_address;
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
    /// Find the likely cause in logs, metrics, traces and configurations, with the lines that show it; offline
    Investigate(investigate::InvestigateArgs),
    /// List services with their state, worst first
    Services(list::Listing),
    /// List checks with their state
    Checks(list::Listing),
    /// List objectives with their budgets, or check those in files
    #[command(alias = "slos")]
    Slo(slo::SloArgs),
    /// List alerts, newest first
    Alerts(list::Listing),
    /// List silences, which keep alerts from being delivered
    Silences(list::Listing),
    /// List maintenance windows
    Maintenance(list::Listing),
    /// List webhooks, which are told of alerts
    Webhooks(list::Listing),
    /// Look at the configuration before starting with it
    #[command(subcommand)]
    Config(ConfigVerb),
    /// Save everything the database holds to one file, while the server goes on; or check such a file
    Backup(backup::BackupArgs),
    /// Put a backup in the place of what the database holds, SQLite or PostgreSQL
    Restore(restore::RestoreArgs),
    /// List jobs, newest first; show, cancel or repeat one
    Jobs(operate::JobsArgs),
    /// List schedules; pause or resume one, or have it come now
    Schedules(operate::SchedulesArgs),
    /// List the handlers of events, and what they could not handle; replay or discard that
    Events(operate::EventsArgs),
    /// List the replicas that share the work, and what each holds
    Replicas(operate::ReplicasArgs),
    /// List what runs in the background, failed first: reconcilers, writers, deliveries
    Tasks(operate::TasksArgs),
    /// Work on a Mainstay that is stopped
    #[command(subcommand)]
    Admin(operate::AdminVerb),
    /// Sign in at a running Mainstay, so that other verbs act for you
    Login(auth::LoginArgs),
    /// Sign out at a running Mainstay
    Logout(auth::LogoutArgs),
    /// Make, list and revoke API tokens, which programs use in your place
    #[command(subcommand)]
    Token(auth::TokenVerb),
    /// List accounts; make, change and delete them
    #[command(subcommand)]
    User(auth::UserVerb),
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
    /// Print what is in force and where it came from, and everything that is wrong with it; secrets masked
    Check(config_check::ConfigCheckArgs),
}

/// Flags that change the configuration.
#[derive(Debug, Clone, Default, Args)]
pub struct ServerArgs {
    /// Configuration file [default: mainstay.toml in the current folder, else in the data folder]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder that everything is kept in [default: mainstay-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Loopback address and port to listen on, such as `127.0.0.1:8001` or `[::1]:8000` [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR:PORT", value_parser = parse_address)]
    listen: Option<SocketAddr>,
    /// Shares of the work that this process does: api, watch, page, work; all unless said otherwise
    #[arg(long, value_name = "ROLES", value_delimiter = ',')]
    roles: Option<Vec<String>>,
}

impl ServerArgs {
    fn load(&self) -> Result<Loaded, ConfigError> {
        load(&Overrides {
            file: self.config.clone(),
            listen: self.listen,
            data_dir: self.data.clone(),
            roles: self.roles.clone(),
        })
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
        Verb::Investigate(args) => investigate::run(&args),
        Verb::Slo(args) => blocking(slo::run(args)),
        Verb::Services(args) => blocking(list::services(args)),
        Verb::Checks(args) => blocking(list::checks(args)),
        Verb::Alerts(args) => blocking(list::alerts(args)),
        Verb::Silences(args) => blocking(list::silences(args)),
        Verb::Maintenance(args) => blocking(list::maintenance(args)),
        Verb::Webhooks(args) => blocking(list::webhooks(args)),
        Verb::Config(ConfigVerb::Check(args)) => config_check::run(&args),
        Verb::Backup(args) => blocking(backup::run(args)),
        Verb::Restore(args) => blocking(restore::run(args)),
        Verb::Jobs(args) => blocking(operate::jobs(args)),
        Verb::Schedules(args) => blocking(operate::schedules(args)),
        Verb::Events(args) => blocking(operate::events(args)),
        Verb::Replicas(args) => blocking(operate::replicas(args)),
        Verb::Tasks(args) => blocking(operate::tasks(args)),
        Verb::Admin(verb) => blocking(operate::admin(verb)),
        Verb::Login(args) => blocking(auth::login(args)),
        Verb::Logout(args) => blocking(auth::logout(args)),
        Verb::Token(verb) => blocking(auth::token(verb)),
        Verb::User(verb) => blocking(auth::user(verb)),
        Verb::Ready(args) => blocking(ready::run(args)),
        Verb::Openapi => openapi::run(),
        Verb::Completions(args) => completions::run(&args, <Cli as clap::CommandFactory>::command()),
        Verb::DemoService(args) => crate::demo::run_service(args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            anstream::eprintln!("error: {}", in_words(&error));
            ExitCode::from(FAILED)
        }
    }
}

/// The error and its causes, each said once: many a cause is already part of what it caused.
fn in_words(error: &anyhow::Error) -> String {
    let mut said = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if said.is_empty() {
            said = cause;
        } else if !said.contains(&cause) {
            said = format!("{said}: {cause}");
        }
    }
    said
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

    #[test]
    fn a_list_needs_no_second_word_and_its_help_shows_none() {
        for noun in ["services", "checks", "alerts", "silences", "maintenance", "webhooks"] {
            for words in [vec!["mainstay", noun], vec!["mainstay", noun, "list"]] {
                assert!(super::Cli::command().try_get_matches_from(words).is_ok(), "{noun}");
            }
            let mut command = super::Cli::command();
            let help = command.find_subcommand_mut(noun).unwrap().render_help().to_string();
            assert!(!help.contains("Commands:") && !help.contains("[COMMAND]"), "{help}");
        }
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let error = anyhow::anyhow!("file is not a database")
            .context("error 26: file is not a database")
            .context("cannot open the database");
        assert_eq!(
            super::in_words(&error),
            "cannot open the database: error 26: file is not a database"
        );
    }
}
