//! What people ask of an alert at a replica that does not decide alerts: written down, answered by the one that does.
//!
//! **Invariant:** it happens in the transaction in which it is answered, and whoever is told that nothing was changed has taken
//! it back before.

use std::time::Duration;

use mainstay_kernel::{Problem, ProblemKind, Scope};
use mainstay_store::{StoreError, Wakes};
use tokio::time::Instant;

use super::{
    Alerts,
    commands::{already_resolved, no_such_alert},
};
use crate::alert::{
    model::{Alert, AlertId},
    store::{self, Command, CommandAnswer, Order},
};

/// What rings when something was asked.
pub(super) const ASKED: &str = "slo.commands";
/// What rings when something was answered.
pub(super) const ANSWERED: &str = "slo.answers";

/// How long an answer is waited for: longer than another replica takes to take over from one that was stopped in order.
const PATIENCE: Duration = Duration::from_secs(5);
/// From one look without a ring to the next.
const LOOK_EVERY: Duration = Duration::from_millis(500);

impl Alerts {
    /// Has another replica do it.
    pub(super) async fn ask(&self, scope: &Scope, alert: AlertId, order: Order) -> Result<Alert, Problem> {
        let inner = &self.inner;
        let command = Command {
            id: inner.world.id(),
            scope: scope.clone(),
            alert,
            order,
            asked_at: inner.world.now(),
        };
        let mut answered = inner.shared.wakes.bell(ANSWERED);
        let mut statements = vec![store::insert_command(&command)];
        statements.extend(Wakes::ring_statement(&inner.db, ASKED));
        inner.shared.group.write(statements).await?;

        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(answer) = store::command_answer(&inner.db, command.id).await.map_err(unclear)? {
                return self.answered(&command, answer).await;
            }
            tokio::select! {
                biased;
                () = answered.rung() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = tokio::time::sleep_until(deadline) => {}
            }
        }
        if store::withdraw_command(&inner.db, command.id).await.map_err(unclear)? {
            return Err(nobody_decides());
        }
        match store::command_answer(&inner.db, command.id).await.map_err(unclear)? {
            Some(answer) => self.answered(&command, answer).await,
            None => Err(nobody_decides()),
        }
    }

    async fn answered(&self, command: &Command, answer: CommandAnswer) -> Result<Alert, Problem> {
        let (scope, id) = (&command.scope, command.alert);
        let record = store::find(&self.inner.db, scope, id).await?;
        match (answer, record) {
            (CommandAnswer::Done, Some(record)) => Ok(record.shown(self.is_silenced(&record))),
            (CommandAnswer::AlreadyResolved, Some(record)) => Err(already_resolved(&record.title)),
            (CommandAnswer::NotFound, _) | (_, None) => Err(no_such_alert(scope, id)),
        }
    }
}

fn nobody_decides() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "nobody-decides",
        "Nothing was changed: no replica of Mainstay that decides alerts answered within 5 s. When one was lost, another takes \
         over within seconds: try again. When none is left, start one with the role `page`.",
    )
}

#[expect(clippy::needless_pass_by_value, reason = "what maps an error takes it")]
fn unclear(error: StoreError) -> Problem {
    tracing::warn!(%error, "it is not known what became of a request about an alert");
    Problem::new(
        ProblemKind::Unavailable,
        "outcome-unknown",
        "Mainstay's database stopped answering before it was known whether this happened. Look at the alert before you try \
         again.",
    )
}
