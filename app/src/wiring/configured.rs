//! The task `catalog.import`: imports what the configuration names, at the start, when the configuration is reloaded, and again after a
//! failure. It runs in the background, because a large tree must not delay readiness.

use std::{convert::Infallible, path::PathBuf, time::Duration};

use mainstay_catalog::Catalog;
use mainstay_kernel::Environment;
use mainstay_runtime::{Latest, Tasks};

/// The name of the task, under which its state is shown.
pub(super) const TASK: &str = "catalog.import";
/// From a failure to the next attempt: a folder may be mounted a moment late.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest of these waits, each of which is twice the one before.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Starts the task.
pub(super) fn follow(environment: Environment, imports: Latest<Vec<PathBuf>>, catalog: &Catalog, tasks: &Tasks) {
    let catalog = catalog.clone();
    tasks.spawn(TASK, |context| async move {
        let mut reloads = imports.follow();
        let mut wait = None;
        loop {
            let paths = imports.get();
            if paths.is_empty() {
                context.ran("no files are configured");
                wait = None;
            } else {
                match catalog.import_paths(&environment, &paths).await {
                    Ok(summary) => {
                        tracing::info!(summary, "imported the configured files");
                        context.ran(summary);
                        wait = None;
                    }
                    Err(error) => {
                        context.failed(format_args!(
                            "nothing of `catalog.import` was imported, and what was known stays: {error}"
                        ));
                        wait = Some(longer(wait));
                    }
                }
            }
            tokio::select! {
                () = reloads.changed() => {}
                () = pause(wait) => {}
                () = context.stopping() => return Ok::<_, Infallible>(()),
            }
        }
    });
}

fn longer(wait: Option<Duration>) -> Duration {
    wait.map_or(FIRST_WAIT, |wait| (wait * 2).min(LONGEST_WAIT))
}

/// Never ends without a wait.
async fn pause(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_from_seconds_to_minutes_and_no_further() {
        let mut waits = Vec::new();
        let mut wait = None;
        for _ in 0..12 {
            wait = Some(longer(wait));
            waits.push(wait.unwrap().as_secs());
        }
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
    }
}
