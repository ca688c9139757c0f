//! The task `work.metrics`: how durable work stands, as gauges at `/metrics`.
//!
//! What all replicas share, each of them says the same of; only `mainstay_leases_held` is about the one that answers.

use std::{collections::HashSet, convert::Infallible, time::Duration};

use mainstay_runtime::Tasks;
use mainstay_store::StoreError;
use mainstay_work::JobState;
use metrics::{describe_gauge, gauge};

use super::{Operate, events::lag_s};

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(5);

/// Starts the task.
pub fn keep(operate: Operate, tasks: &Tasks) {
    describe_gauge!(
        "mainstay_outbox_lag_seconds",
        "Age of the oldest event that a handler has neither handled nor given up."
    );
    describe_gauge!(
        "mainstay_outbox_behind",
        "Positions that a handler has not come to yet."
    );
    describe_gauge!("mainstay_outbox_dead", "Events that a handler gave up: dead letters.");
    describe_gauge!(
        "mainstay_jobs",
        "Jobs of a queue by state; ended ones are kept for a week."
    );
    describe_gauge!("mainstay_replicas", "Processes that share the work.");
    describe_gauge!("mainstay_leases_held", "Leases that this replica holds.");
    tasks.spawn("work.metrics", |context| async move {
        let mut queues = HashSet::new();
        loop {
            match operate.measure(&mut queues).await {
                Ok(()) => context.ran(""),
                Err(error) => context.failed(error),
            }
            if !context.sleep(EVERY).await {
                return Ok::<_, Infallible>(());
            }
        }
    });
}

impl Operate {
    /// One look. `queues` are those that were seen before: one that is empty by now must not keep its last numbers.
    async fn measure(&self, queues: &mut HashSet<String>) -> Result<(), StoreError> {
        gauge!("mainstay_leases_held").set(number(self.leases.held().get().len() as u64));
        gauge!("mainstay_replicas").set(number(self.leases.everybody().await?.len() as u64));
        let now = self.world.now();
        // A handler of a past version falls behind for ever; nobody should be woken for it.
        for status in self
            .outbox
            .statuses()
            .await?
            .into_iter()
            .filter(|status| status.registered)
        {
            let handler = || vec![metrics::Label::new("handler", status.handler.clone())];
            gauge!("mainstay_outbox_lag_seconds", handler()).set(lag_s(&status, now));
            gauge!("mainstay_outbox_behind", handler()).set(number(status.behind.unsigned_abs()));
            gauge!("mainstay_outbox_dead", handler()).set(number(status.dead.unsigned_abs()));
        }
        let mut gone = std::mem::take(queues);
        for status in self.jobs.queues().await? {
            for state in JobState::ALL {
                let jobs = status.jobs.get(&state).copied().unwrap_or_default();
                jobs_gauge(&status.queue, state).set(number(jobs.unsigned_abs()));
            }
            gone.remove(&status.queue);
            queues.insert(status.queue);
        }
        for queue in gone {
            for state in JobState::ALL {
                jobs_gauge(&queue, state).set(0.0);
            }
        }
        Ok(())
    }
}

fn jobs_gauge(queue: &str, state: JobState) -> metrics::Gauge {
    gauge!("mainstay_jobs", "queue" => queue.to_owned(), "state" => state.name())
}

#[expect(clippy::cast_precision_loss, reason = "a gauge of counts far below 2^53")]
fn number(count: u64) -> f64 {
    count as f64
}
