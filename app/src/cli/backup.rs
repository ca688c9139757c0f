//! `mainstay backup`: everything the database holds, in one file, while the server goes on; and a look at such a file.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use mainstay_kernel::World;
use mainstay_store::{
    DatabaseConfig, DatabaseUrl,
    backup::{BackupError, BackupOptions, BackupProgress, BackupSummary, CheckedBackup, TableRows, Watcher, back_up},
};
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use super::{NO, OK, Output};
use crate::{
    config::{Loaded, Overrides, load},
    operate::backup::LEFT_OUT,
    wiring,
};

/// Which database.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgs {
    /// Configuration file; `mainstay.toml` in the current folder or the data folder is read when it exists
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder of the embedded database
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The database that `mainstay up` with the same flags would use.
    pub fn settings(&self) -> anyhow::Result<DatabaseConfig> {
        Ok(self.load()?.config.database()?)
    }

    /// The same where it is about to be replaced: refused when `--data` names one and the configuration another, because
    /// whoever wrote the flag did not mean the other.
    pub fn settings_to_replace(&self) -> anyhow::Result<DatabaseConfig> {
        let loaded = self.load()?;
        let settings = loaded.config.database()?;
        if let Some(folder) = &self.data
            && !is_in(&settings.url, folder)
        {
            let key = match loaded.config.database.url {
                Some(_) => "database.url",
                None => "database.url_file",
            };
            bail!(
                "it is not clear which database to replace: --data names the one in {}, but `{key}` ({}) names {}. Leave --data out \
                 to replace that, or run this where nothing says `{key}` to restore into {0}",
                folder.display(),
                loaded.origin(key),
                place(&settings.url)
            );
        }
        Ok(settings)
    }

    fn load(&self) -> anyhow::Result<Loaded> {
        Ok(load(&Overrides {
            file: self.config.clone(),
            data_dir: self.data.clone(),
            ..Overrides::default()
        })?)
    }
}

/// Whether it is a SQLite database right in the folder.
fn is_in(url: &DatabaseUrl, folder: &Path) -> bool {
    let same = |a: &Path, b: &Path| match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    };
    match url {
        DatabaseUrl::Sqlite(path) => same(path.parent().unwrap_or(Path::new("")), folder),
        DatabaseUrl::Postgres(_) => false,
    }
}

/// Where a database is, without the password that its URL may hold.
fn place(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => path.display().to_string(),
        DatabaseUrl::Postgres(text) => {
            let url = text.parse::<url::Url>().ok();
            let host = url.as_ref().and_then(|url| url.host_str()).unwrap_or("this machine");
            let name = url.as_ref().map_or("", |url| url.path().trim_start_matches('/'));
            format!("the PostgreSQL database {name} on {host}")
        }
    }
}

/// Flags of `backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 done, or the file is whole and can be restored; 1 --verify found that it is not; 2 could not run.\n\
                  The file holds secrets, such as those that sign webhooks. Only you can read it; keep it so."
)]
pub struct BackupArgs {
    /// Where to write the backup, for example mainstay.backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace the file when it is there
    #[arg(long)]
    force: bool,
    /// Read the file and say whether it is whole and can be restored; needs no database
    #[arg(long, conflicts_with_all = ["force", "config", "data"])]
    verify: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    output: Output,
}

/// What is in a backup, for `--output json`.
#[derive(Debug, Serialize)]
pub struct BackupReport {
    file: String,
    bytes: u64,
    sha256: String,
    made_at: Timestamp,
    mainstay: String,
    database: String,
    rows: u64,
    tables: Vec<TableRows>,
    left_out: Vec<String>,
    /// Whether this version of Mainstay can restore it.
    restorable: bool,
    /// Why not.
    reason: Option<String>,
}

impl BackupReport {
    /// Of a backup that this version can restore.
    pub fn new(file: &Path, summary: &BackupSummary) -> Self {
        Self {
            file: file.display().to_string(),
            bytes: summary.bytes,
            sha256: summary.sha256.clone(),
            made_at: summary.header.made_at,
            mainstay: summary.header.mainstay.clone(),
            database: summary.header.database.clone(),
            rows: summary.rows(),
            tables: summary.tables.clone(),
            left_out: summary.header.left_out.clone(),
            restorable: true,
            reason: None,
        }
    }

    /// The file's name.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Rows by table.
    pub fn tables(&self) -> &[TableRows] {
        &self.tables
    }
}

/// Saves, or looks at what was saved.
pub async fn run(args: BackupArgs) -> anyhow::Result<u8> {
    let work = async {
        if args.verify {
            verify(&args).await
        } else {
            save(&args).await
        }
    };
    tokio::select! {
        result = work => result,
        () = interrupted() => bail!("stopped before the end; nothing was written"),
    }
}

async fn save(args: &BackupArgs) -> anyhow::Result<u8> {
    let settings = args.database.settings()?;
    let options = BackupOptions {
        migrations: &wiring::migrations(),
        left_out: LEFT_OUT,
        overwrite: args.force,
    };
    let (bar, watcher) = progress();
    let saved = back_up(&settings, &World::system(), options, &args.file, &watcher).await;
    bar.finish_and_clear();
    let summary = saved.with_context(|| format!("cannot back up to {}", args.file.display()))?;
    args.output.print(&BackupReport::new(&args.file, &summary), |report| {
        format!(
            "saved {} to {} ({})\nIt holds secrets, such as those that sign webhooks; only you can read it.",
            contents(&summary.tables),
            report.file,
            HumanBytes(report.bytes)
        )
    })?;
    Ok(OK)
}

async fn verify(args: &BackupArgs) -> anyhow::Result<u8> {
    let (bar, watcher) = progress();
    let checked = CheckedBackup::read(&args.file, &watcher).await;
    bar.finish_and_clear();
    let checked = match checked {
        Ok(checked) => checked,
        Err(error) => return refuse(args, &error),
    };
    let summary = checked.summary().clone();
    let mut report = BackupReport::new(&args.file, &summary);
    if let Err(error) = checked.restorable(&wiring::migrations()).await {
        report.restorable = false;
        report.reason = Some(error.to_string());
    }
    args.output.print(&report, |report| {
        let mut text = format!(
            "{} is whole\n{}\nit holds {}",
            report.file,
            origin(&summary),
            contents(&summary.tables)
        );
        // Writing to a string cannot fail.
        let _ = match &report.reason {
            None => write!(text, "\nthis Mainstay can restore it"),
            Some(reason) => write!(text, "\nthis Mainstay cannot restore it: {reason}"),
        };
        text
    })?;
    Ok(if report.restorable { OK } else { NO })
}

/// A file that is not whole is an answer; one that cannot be read is not.
fn refuse(args: &BackupArgs, error: &BackupError) -> anyhow::Result<u8> {
    if !error.is_about_the_file() && !error.is_about_the_version() {
        bail!("cannot verify {}: {}", args.file.display(), chain(error));
    }
    let answer = serde_json::json!({
        "file": args.file.display().to_string(), "restorable": false, "reason": error.to_string(),
    });
    args.output.print(&answer, |_| {
        format!("{} cannot be restored: {error}", args.file.display())
    })?;
    Ok(NO)
}

fn chain(error: &BackupError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Which Mainstay made the backup, when, and from what.
pub fn origin(summary: &BackupSummary) -> String {
    let header = &summary.header;
    let zoned = header.made_at.to_zoned(jiff::tz::TimeZone::system());
    format!(
        "made {} by Mainstay {} from {}",
        zoned.strftime("%Y-%m-%d %H:%M:%S %Z"),
        header.mainstay,
        header.database
    )
}

/// What the rows are about: "12 services, 40 checks, 3 alerts and 9,984,000 rows in all".
pub fn contents(tables: &[TableRows]) -> String {
    let counted = |table: &str| {
        tables
            .iter()
            .find(|found| found.table == table)
            .map_or(0, |found| found.rows)
    };
    let mut text = String::new();
    for (table, one, many) in [
        ("catalog_service", "service", "services"),
        ("watch_check", "check", "checks"),
        ("slo_objective", "objective", "objectives"),
        ("slo_alert", "alert", "alerts"),
    ] {
        let rows = counted(table);
        // Writing to a string cannot fail.
        let _ = write!(text, "{} {}, ", HumanCount(rows), if rows == 1 { one } else { many });
    }
    let all = tables.iter().map(|table| table.rows).sum();
    format!("{}{} rows in all", text, HumanCount(all))
}

/// A bar on standard error, invisible unless that is a terminal, and who moves it.
pub fn progress() -> (ProgressBar, Watcher) {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg:<10} {wide_bar} {percent:>3} %, {eta} left") {
        bar.set_style(style);
    }
    let shown = bar.clone();
    let watcher = Watcher::new(move |progress| {
        let (message, done, of) = match progress {
            BackupProgress::Saved { rows, about } => ("saving", rows, about.max(rows)),
            BackupProgress::Checked { bytes, of } => ("checking", bytes, of),
            BackupProgress::Filled { bytes, of } => ("restoring", bytes, of),
            BackupProgress::Examining => ("examining", 1, 1),
        };
        if shown.message() != message {
            shown.set_message(message);
            shown.reset_eta();
        }
        shown.set_length(of);
        shown.set_position(done);
    });
    (bar, watcher)
}

/// Waits for Ctrl-C or a polite request to end: then what was begun is taken away.
pub async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
