//! Copies: definitions, webhooks and silences are in the memory of every replica, and follow what any of them changes.

use std::convert::Infallible;

use mainstay_runtime::Tasks;

use crate::{
    error::SloError,
    facade::Slo,
    store::{self, Kept, Versions},
};

/// From one look without a ring to the next, in looks: there are few changes.
const LOOK_EVERY: u32 = 5;

impl Slo {
    /// Starts the task `slo.follow-changes`. Alone, whoever changes something changes the only copy.
    pub(crate) fn follow_changes(&self, tasks: &Tasks) {
        let shared = &self.alerts.inner.shared;
        if !shared.leases.is_shared() {
            return;
        }
        let bell = |what: Kept| shared.wakes.bell(what.topic());
        let mut objectives = bell(Kept::Objectives);
        let (mut webhooks, mut silences) = (bell(Kept::Webhooks), bell(Kept::Silences));
        let (this, look) = (self.clone(), LOOK_EVERY * shared.leases.look_every());
        tasks.spawn("slo.follow-changes", |context| async move {
            let mut known = Versions::default();
            loop {
                match this.take_over(&mut known).await {
                    Ok(()) => context.ran(format!("{} SLOs", this.objectives.count())),
                    Err(error) => context.failed(error),
                }
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    () = objectives.rung() => {}
                    () = webhooks.rung() => {}
                    () = silences.rung() => {}
                    () = tokio::time::sleep(look) => {}
                }
            }
        });
    }

    /// Reads again what is newer than what is known.
    async fn take_over(&self, known: &mut Versions) -> Result<(), SloError> {
        let now = store::versions(&self.alerts.inner.db).await?;
        if now.objectives != self.objectives.version() {
            self.objectives.take_over().await?;
        }
        if now.webhooks != known.webhooks {
            self.alerts.inner.deliveries.reload().await?;
            known.webhooks = now.webhooks;
        }
        if now.silences != known.silences {
            self.alerts.take_over_silences().await?;
            known.silences = now.silences;
        }
        Ok(())
    }
}
