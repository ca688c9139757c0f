//! Reconcilers: idempotent upkeep without input, started by a timer or a bell, done by one replica at a time.

use std::{convert::Infallible, fmt::Display, future::Future, time::Duration};

use mainstay_runtime::Tasks;
use mainstay_store::Bell;

use crate::lease::{Leases, Placement};

/// Declares the lease of a reconciler and starts its task, which works whenever this replica holds that lease. Call it before
/// [`Leases::start`].
///
/// `run` answers one sentence about what it did. An error shows in the task's status, and the next turn tries again.
pub fn reconcile<F, E>(
    tasks: &Tasks,
    leases: &Leases,
    name: &'static str,
    placement: Placement,
    every: Duration,
    bell: Option<Bell>,
    run: impl Fn() -> F + Send + Sync + 'static,
) where
    F: Future<Output = Result<String, E>> + Send,
    E: Display,
{
    let lease = format!("reconcile/{name}");
    leases.declare([lease.clone()], placement);
    let mut held = leases.held();
    let leases = leases.clone();
    let mut bell = bell;
    tasks.spawn(name, |context| async move {
        loop {
            // Looked at before the run: a change during it is one to wake for.
            let had = leases.lease(&lease).map(|lease| lease.token);
            if had.is_some() {
                match run().await {
                    Ok(sentence) => context.ran(sentence),
                    Err(error) => context.failed(error),
                }
            } else {
                context.ran("another replica does this");
            }
            let due = tokio::time::sleep(every);
            let rung = async {
                match &mut bell {
                    Some(bell) => bell.rung().await,
                    None => std::future::pending().await,
                }
            };
            let moved = async {
                while leases.lease(&lease).map(|lease| lease.token) == had {
                    held.changed().await;
                }
            };
            tokio::select! {
                biased;
                () = context.stopping() => return Ok::<_, Infallible>(()),
                () = moved => {}
                () = rung => {}
                () = due => {}
            }
        }
    });
}
