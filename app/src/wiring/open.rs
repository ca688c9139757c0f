//! Takes the database for this process: its folder's lock or its claim, then its connections.

use anyhow::Context;
use mainstay_runtime::Tasks;
use mainstay_store::{Claim, Database, DatabaseUrl, DirectoryLock, Presence, Use};

use crate::config::Config;

/// Opens the database of this configuration. A process that loses its claim later is stopped.
///
/// # Errors
/// Why it cannot be had, and what to do.
pub(super) async fn open_database(
    config: &Config,
    presence: Presence,
    tasks: &Tasks,
) -> anyhow::Result<(Database, Option<DirectoryLock>)> {
    let settings = config.database()?;
    let lock = match &settings.url {
        DatabaseUrl::Sqlite(path) => {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(DirectoryLock::acquire(
                folder.unwrap_or_else(|| std::path::Path::new(".")),
            )?)
        }
        DatabaseUrl::Postgres(_) => None,
    };
    let refused = || format!("cannot open the database {}", advice(&settings.url));
    let claim = Claim::take(&settings, Use::Shared, presence)
        .await
        .with_context(refused)?;
    let database = Database::open(&settings).await.with_context(refused)?;
    if let Some(claim) = claim {
        let stopper = tasks.clone();
        tasks.spawn("store.claim", |context| async move {
            tokio::select! {
                lost = claim.keep() => {
                    stopper.stop();
                    lost
                }
                () = context.stopping() => Ok(()),
            }
        });
    }
    Ok((database, lock))
}

/// Which database it is, and what to do when it cannot be opened. A URL may hold a password, so only its place is named.
fn advice(url: &DatabaseUrl) -> String {
    match url {
        DatabaseUrl::Sqlite(path) => format!(
            "{}; when it is damaged, put a copy of it in its place, or name another folder with --data",
            path.display()
        ),
        DatabaseUrl::Postgres(url) => {
            let url = url.parse::<url::Url>().ok();
            let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("this machine");
            let port = url.as_ref().and_then(url::Url::port).unwrap_or(5432);
            format!("on {host} port {port}; see that the server runs and that `database.url` is right")
        }
    }
}
