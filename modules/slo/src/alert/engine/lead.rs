//! The task `slo.alert`: for as long as this replica is the one that decides alerts, everything that is open is in memory and
//! decided upon; otherwise nothing is.
//!
//! **Invariant:** what is in memory was loaded in the present term, and is dropped with it.

use std::{convert::Infallible, sync::Arc, sync::PoisonError, sync::atomic::Ordering, time::Duration};

use jiff::SignedDuration;
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::StoreError;
use tokio::sync::mpsc;

use super::{
    Alerts, Input, Watching,
    run::{Left, Run},
};
use crate::{alert::store, term::Term};

/// From a failed look at the database to the next.
const RETRY: Duration = Duration::from_secs(1);
/// For so long after a resolution it is remembered that what failed before it is over.
const RECENT: SignedDuration = SignedDuration::from_mins(5);

pub(super) fn start(alerts: Alerts, watching: Arc<dyn Watching>, tasks: &Tasks) {
    tasks.spawn("slo.alert", |context| decide(alerts, watching, context));
}

async fn decide(alerts: Alerts, watching: Arc<dyn Watching>, context: TaskContext) -> Result<(), Infallible> {
    loop {
        if alerts.inner.seat.term().is_none() {
            context.ran("alerts are not decided here");
        }
        let Some(term) = alerts.inner.seat.begin(&context).await else {
            return Ok(());
        };
        // From here on what is stated is taken note of; what was stated before is stated again.
        let inputs = alerts.take_the_lead();
        tokio::select! {
            biased;
            () = term.over() => tracing::warn!("alerts are no longer decided here"),
            () = lead(&alerts, &watching, &term, inputs, &context) => {}
        }
        alerts.leave_the_lead();
        if context.is_stopping() {
            return Ok(());
        }
    }
}

async fn lead(
    alerts: &Alerts,
    watching: &Arc<dyn Watching>,
    term: &Term,
    inputs: mpsc::UnboundedReceiver<Input>,
    context: &TaskContext,
) {
    let left = loop {
        match alerts.load().await {
            Ok(left) => break left,
            Err(error) => context.failed(error),
        }
        if !context.sleep(RETRY).await {
            return;
        }
    };
    context.ran(format!("{} alerts were left open", left.open.len()));
    let mut run = Run::new(alerts.clone(), watching.clone(), term.clone(), &left);
    if run.restore(left.open, context).await.is_ok() {
        watching.state_anew();
        run.run(inputs, context).await;
    }
}

impl Alerts {
    /// Whether this replica decides alerts now.
    pub(crate) fn leads(&self) -> bool {
        self.inner
            .inputs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some()
    }

    fn take_the_lead(&self) -> mpsc::UnboundedReceiver<Input> {
        let (sender, inputs) = mpsc::unbounded_channel();
        *self.inner.inputs.write().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        inputs
    }

    fn leave_the_lead(&self) {
        *self.inner.inputs.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.inner.waiting.store(false, Ordering::SeqCst);
        metrics::gauge!("mainstay_alerts_open").set(0.0);
    }

    /// What whoever decided alerts before has left.
    async fn load(&self) -> Result<Left, StoreError> {
        let inner = &self.inner;
        inner.deliveries.reload().await?;
        self.reload_silences().await?;
        let since = inner.world.now().checked_sub(RECENT).unwrap_or_default();
        Ok(Left {
            position: store::last_position(&inner.db).await?,
            resolved: store::down_resolved_since(&inner.db, since).await?,
            open: store::all_open(&inner.db).await?,
        })
    }
}
