//! The end of a batch: commit it, and only then tell everybody who must hear of it.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;
use mainstay_runtime::TaskContext;
use serde_json::json;
use tokio::time::Instant;

use super::{
    Answer,
    apply::{Batch, Rows, Uncommitted},
    run::{Ended, KICK_GAP, Run},
};
use crate::{
    alert::{
        fold::Fold,
        model::{AlertId, What},
    },
    delivery::store::Job,
};

impl Run {
    /// Commits a batch, then does what had to wait for that.
    pub(super) async fn finish(&mut self, mut batch: Batch, context: &TaskContext) -> Result<(), Ended> {
        // Probes were asked for by what is in memory already, and telling them late would only prolong the wait.
        let waits = !self.doubts.is_empty() || self.folds.values().any(Fold::is_waiting);
        self.alerts.inner.waiting.store(waits, Ordering::SeqCst);
        self.kick(std::mem::take(&mut batch.kicks));

        let rows = self.book.rows(&mut batch);
        if !rows.is_empty() {
            self.commit(&rows, context).await?;
        }
        let jobs: Vec<Job> = rows.deliveries.iter().map(Job::from).collect();
        if !jobs.is_empty() {
            self.alerts.inner.deliveries.dispatcher.enqueue(jobs);
        }
        self.announce(&rows, &batch.shown);
        for (id, answer) in batch.done {
            if let (Answer::Here(answer), Some(record)) = (answer, self.book.records.get(&id)) {
                let _ = answer.send(Ok(record.shown(self.alerts.is_silenced(record))));
            }
        }
        for (refusal, answer) in batch.refusals {
            if let Answer::Here(answer) = answer {
                let _ = answer.send(Err(refusal.problem()));
            }
        }
        self.book.forget_resolved();
        Ok(())
    }

    /// Nothing may be told before it is committed, and nothing may be lost: it waits for the database, but not for the next
    /// term.
    async fn commit(&self, rows: &Rows, context: &TaskContext) -> Result<(), Ended> {
        let mut wait = Duration::from_millis(100);
        let mut tried = false;
        loop {
            match rows.commit(&self.alerts.inner, &self.term, tried).await {
                Ok(()) => return Ok(()),
                Err(Uncommitted::Fenced | Uncommitted::TakenBack) => return Err(Ended),
                Err(Uncommitted::Store(error)) => context.failed(&error),
            }
            tried = true;
            if !context.sleep(wait).await {
                return Err(Ended);
            }
            wait = (wait * 2).min(Duration::from_secs(5));
        }
    }

    fn announce(&self, rows: &Rows, shown: &BTreeSet<AlertId>) {
        let hub = &self.alerts.inner.hub;
        if hub.has_listeners() {
            let written: BTreeSet<AlertId> = rows.records.iter().map(|record| record.open.id).collect();
            let others = shown.difference(&written).filter_map(|id| self.book.records.get(id));
            for record in rows.records.iter().chain(others) {
                hub.publish("alert", &record.shown(self.alerts.is_silenced(record)));
            }
            for delivery in &rows.deliveries {
                hub.publish(
                    "delivery",
                    &json!({
                        "id": delivery.id, "webhook_id": delivery.webhook_id, "alert_id": delivery.alert_id,
                        "status": "pending",
                    }),
                );
            }
        }
        for step in rows.steps.iter().filter(|step| step.what == What::Opened) {
            if let Some(record) = self.book.records.get(&step.alert) {
                tracing::info!(
                    alert.id = %step.alert,
                    alert.kind = record.open.key.kind.as_str(),
                    alert.severity = %record.open.severity,
                    service.name = %record.open.key.service,
                    alert.webhooks = record.told.as_ref().map_or(0, Vec::len),
                    "an alert opened: {}", record.title
                );
            }
            metrics::counter!("mainstay_alerts_opened_total").increment(1);
        }
        #[expect(clippy::cast_precision_loss, reason = "a handful of alerts")]
        metrics::gauge!("mainstay_alerts_open")
            .set(self.folds.values().map(|fold| fold.open().count()).sum::<usize>() as f64);
    }

    fn kick(&mut self, services: BTreeSet<(Environment, ServiceName)>) {
        let now = Instant::now();
        for (environment, service) in services {
            let key = (environment, service);
            let recently = self
                .kicked
                .get(&key)
                .is_some_and(|at| now.duration_since(*at) < KICK_GAP);
            if !recently {
                self.watching.kick(&key.0, &key.1);
                self.kicked.insert(key, now);
            }
        }
    }
}
