//! The order of deliveries: those of one alert to one webhook follow each other, different ones overtake each other, and never
//! more than a few at a time are attempted for each webhook. Knows neither the database nor who attempts them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use mainstay_kernel::{TypedId, uuid::Uuid};
use tokio::time::Instant;

use super::super::{
    model::{DeliveryId, WebhookId},
    schedule::Backoff,
    store::{Job, WebhookRow},
    webhooks::ById,
};

/// So many finished deliveries are remembered, in case somebody who knew them as unfinished hands them in late.
const FINISHED: usize = 1_000;

/// An attempt that is written down.
#[derive(Debug)]
pub(crate) struct Done {
    pub job: Job,
    pub chain: Chain,
    /// When to try again; `None` when the delivery is final.
    pub again: Option<Duration>,
}

/// Deliveries of one alert to one webhook follow each other; a delivery without an alert stands alone.
pub(crate) type Chain = (WebhookId, Uuid);

fn chain_of(job: &Job) -> Chain {
    let key = job.alert_id.map_or_else(|| job.id.as_uuid(), TypedId::as_uuid);
    (job.webhook_id, key)
}

/// The deliveries to one webhook.
#[derive(Debug, Default)]
struct Lane {
    chains: HashMap<Chain, VecDeque<Job>>,
    /// The first job of each chain that is not being attempted, by when it is due.
    due: BTreeSet<(Instant, i64, Chain)>,
    busy: BTreeSet<Chain>,
}

/// Every delivery that is not final.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    by_webhook: BTreeMap<WebhookId, Lane>,
    /// The latest deliveries that became final, with the number of their last attempt.
    finished: VecDeque<(DeliveryId, i64)>,
}

/// A delivery whose turn it is.
pub(super) struct Due {
    pub row: Arc<WebhookRow>,
    pub job: Job,
    pub chain: Chain,
}

impl Lanes {
    /// Queues a delivery in its place, unless it is there already or known to be final.
    pub fn add(&mut self, job: Job, now: Timestamp, backoff: &Backoff) {
        // Whoever hands it in may have read it before its last attempt.
        if self
            .finished
            .iter()
            .any(|(id, attempts)| *id == job.id && *attempts > job.attempts)
        {
            return;
        }
        let chain = chain_of(&job);
        let lane = self.by_webhook.entry(job.webhook_id).or_default();
        let queue = lane.chains.entry(chain).or_default();
        if let Some(queued) = queue.iter_mut().find(|queued| queued.id == job.id) {
            let sooner = job.attempts == queued.attempts && job.next_attempt_at < queued.next_attempt_at;
            if sooner {
                queued.next_attempt_at = job.next_attempt_at;
                if let Some(first) = queue.front().filter(|_| !lane.busy.contains(&chain)) {
                    // Those before it in its chain cannot be left out.
                    lane.due.retain(|(_, _, other)| *other != chain);
                    lane.due.insert((Instant::now(), first.position, chain));
                }
            }
            return;
        }
        // A clock that was set back must not postpone a page by more than its backoff.
        let longest = backoff.wait(job.series_attempts.max(1), 1.0, None);
        let wait = job
            .next_attempt_at
            .and_then(|at| Duration::try_from(at.duration_since(now)).ok())
            .unwrap_or_default()
            .min(longest);
        let index = queue
            .iter()
            .position(|queued| queued.position > job.position)
            .unwrap_or(queue.len());
        let index = if lane.busy.contains(&chain) {
            index.max(1)
        } else {
            index
        };
        if index == 0 {
            // It becomes the first of its chain in place of the one that was due.
            lane.due.retain(|(_, _, other)| *other != chain);
            lane.due.insert((Instant::now() + wait, job.position, chain));
        }
        queue.insert(index.min(queue.len()), job);
    }

    /// An attempt is over: its delivery leaves, or waits to be tried again, and the next of its chain may follow.
    pub fn attempted(&mut self, done: Done) {
        let Done { job, chain, again } = done;
        if again.is_none() {
            self.finished.push_back((job.id, job.attempts));
            if self.finished.len() > FINISHED {
                self.finished.pop_front();
            }
        }
        let Some(lane) = self.by_webhook.get_mut(&job.webhook_id) else {
            return;
        };
        lane.busy.remove(&chain);
        let Some(queue) = lane.chains.get_mut(&chain) else {
            return;
        };
        let is_first = queue.front().is_some_and(|first| first.id == job.id);
        if is_first {
            queue.pop_front();
        }
        let due = Instant::now() + again.unwrap_or_default();
        if again.is_some() && is_first {
            queue.push_front(job);
        }
        match queue.front() {
            Some(first) => {
                lane.due.insert((due, first.position, chain));
            }
            None => {
                lane.chains.remove(&chain);
            }
        }
    }

    /// Drops what was to be sent to webhooks that are gone.
    pub fn retain(&mut self, webhooks: &ById) {
        self.by_webhook.retain(|id, _| webhooks.contains_key(id));
    }

    /// When the next attempt may begin.
    pub fn next_due(&self, webhooks: &ById, concurrency: usize) -> Option<Instant> {
        self.by_webhook
            .iter()
            .filter(|(id, lane)| lane.busy.len() < concurrency && callable(webhooks.get(id)))
            .filter_map(|(_, lane)| lane.due.first().map(|(at, ..)| *at))
            .min()
    }

    /// What may be attempted now; it counts as under way until [`Lanes::attempted`].
    pub fn take_due(&mut self, webhooks: &ById, concurrency: usize) -> Vec<Due> {
        let now = Instant::now();
        let mut taken = Vec::new();
        for (id, lane) in &mut self.by_webhook {
            let Some(row) = webhooks.get(id).filter(|row| row.webhook.enabled) else {
                continue;
            };
            while lane.busy.len() < concurrency {
                let Some((at, _, chain)) = lane.due.first().copied() else {
                    break;
                };
                if at > now {
                    break;
                }
                lane.due.pop_first();
                let Some(job) = lane.chains.get(&chain).and_then(VecDeque::front).cloned() else {
                    continue;
                };
                lane.busy.insert(chain);
                taken.push(Due {
                    row: row.clone(),
                    job,
                    chain,
                });
            }
        }
        taken
    }
}

fn callable(row: Option<&Arc<WebhookRow>>) -> bool {
    row.is_some_and(|row| row.webhook.enabled)
}
