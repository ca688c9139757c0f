//! `mainstay restore`: a backup in the place of what the database holds.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;
use mainstay_kernel::World;
use mainstay_store::{
    Claim, DatabaseConfig, DatabaseUrl, DirectoryLock, Presence, Use,
    backup::{CheckedBackup, Restorable, holdings},
};
use serde::Serialize;

use super::{
    OK, Output,
    backup::{BackupReport, DatabaseArgs, contents, interrupted, origin, progress},
    data_folder::DataFolder,
};
use crate::wiring;

/// Flags of `restore`.
#[derive(Debug, Args)]
#[command(
    after_help = "Stop the server first. The whole file is checked before anything is replaced. A SQLite database that is replaced \
                  is kept beside the new one; what a PostgreSQL database held is gone, which is why that asks for --force."
)]
pub struct RestoreArgs {
    /// A backup that `mainstay backup` made, from SQLite or PostgreSQL
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Replace what a PostgreSQL database holds
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    output: Output,
}

/// What was done, for `--output json`.
#[derive(Debug, Serialize)]
struct Report {
    backup: BackupReport,
    /// Where the backup came from, in words.
    #[serde(skip)]
    origin: String,
    /// The kind of database it was restored into.
    into: &'static str,
    /// Where the SQLite database that was replaced is kept.
    kept: Option<String>,
    /// The migrations that brought an older schema up to date.
    migrated: Vec<String>,
}

/// Restores.
pub async fn run(args: RestoreArgs) -> anyhow::Result<u8> {
    let settings = args.database.settings_to_replace()?;
    let report = tokio::select! {
        result = restore(&args, &settings) => {
            result.with_context(|| format!("cannot restore {}", args.file.display()))?
        }
        () = interrupted() => bail!("stopped before the end; nothing was changed"),
    };
    args.output.print(&report, words)?;
    Ok(OK)
}

async fn restore(args: &RestoreArgs, settings: &DatabaseConfig) -> anyhow::Result<Report> {
    let (bar, watcher) = progress();
    let done = async {
        // A running server is a matter of a moment, the file may be one of minutes. A folder that does not exist yet has no
        // server, and is not made for a file that turns out to be damaged.
        let mut held = None;
        if is_there(settings) {
            held = Some(hold(settings).await?);
        }
        let checked = CheckedBackup::read(&args.file, &watcher).await?;
        let restorable = checked.restorable(&wiring::migrations()).await?;
        if held.is_none() {
            held = Some(hold(settings).await?);
        }
        if !args.force {
            refuse_to_replace(settings, &restorable).await?;
        }
        let restored = restorable.restore(settings, &World::system(), &watcher).await?;
        drop(held);
        Ok::<_, anyhow::Error>((restorable, restored))
    };
    let done = done.await;
    bar.finish_and_clear();
    let (restorable, restored) = done?;
    Ok(Report {
        backup: BackupReport::new(&args.file, restorable.summary()),
        origin: origin(restorable.summary()),
        into: match settings.url {
            DatabaseUrl::Sqlite(_) => "sqlite",
            DatabaseUrl::Postgres(_) => "postgresql",
        },
        kept: restored.kept.map(|kept| kept.display().to_string()),
        migrated: restored.migrated,
    })
}

/// What a SQLite database held stays beside the new one. What PostgreSQL held does not, so that must be meant.
async fn refuse_to_replace(settings: &DatabaseConfig, restorable: &Restorable) -> anyhow::Result<()> {
    if matches!(settings.url, DatabaseUrl::Sqlite(_)) {
        return Ok(());
    }
    let found = holdings(settings, &wiring::migrations()).await?;
    if found
        .iter()
        .all(|table| table.rows == 0 || made_by_itself(&table.table))
    {
        return Ok(());
    }
    bail!(
        "the PostgreSQL database holds {}. The backup has {}. To replace the one by the other, save what is there with `mainstay \
         backup before.backup`, then restore with --force",
        contents(&found),
        contents(&restorable.summary().tables)
    )
}

/// Tables in which a server that was started once, and never used, has rows.
fn made_by_itself(table: &str) -> bool {
    // Keys and the log of their making mean nothing without an account, and accounts are not made by themselves unless required.
    let accounts = [
        "auth_state",
        "auth_organization",
        "auth_key",
        "auth_change",
        "auth_log_head",
    ];
    let others = ["catalog_state", "slo_version", "watch_counter", "watch_mark"];
    accounts.contains(&table) || others.contains(&table) || table.starts_with("work_")
}

fn words(report: &Report) -> String {
    let mut text = format!(
        "restored {}, {}\nIt holds {}.",
        report.backup.file(),
        report.origin,
        contents(report.backup.tables())
    );
    // Writing to a string cannot fail, here and below.
    for migration in &report.migrated {
        let _ = write!(text, "\nbrought up to date: {migration}");
    }
    if let Some(kept) = &report.kept {
        let _ = write!(
            text,
            "\nThe database that was replaced is kept as {kept}; delete it when all is well."
        );
    }
    text.push_str("\nStart Mainstay with `mainstay up` and the same --config and --data.");
    text
}

/// Whether there is anything to hold.
fn is_there(settings: &DatabaseConfig) -> bool {
    match &settings.url {
        DatabaseUrl::Sqlite(path) => folder_of(path).is_dir(),
        DatabaseUrl::Postgres(_) => true,
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What keeps servers away for as long as it lives.
struct Hold {
    _lock: Option<DirectoryLock>,
    _claim: Option<Claim>,
}

/// Keeps every server away from the database, in the way in which servers and restores keep each other away; refused while
/// one runs.
async fn hold(settings: &DatabaseConfig) -> anyhow::Result<Hold> {
    let lock = match &settings.url {
        DatabaseUrl::Sqlite(path) => {
            DataFolder::make(folder_of(path))?;
            Some(DirectoryLock::acquire(folder_of(path))?)
        }
        DatabaseUrl::Postgres(_) => None,
    };
    Ok(Hold {
        _lock: lock,
        _claim: Claim::take(settings, Use::Sole, Presence::new(&World::system())).await?,
    })
}
