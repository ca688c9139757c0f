//! From the effects of the folding machine to rows: alerts, their steps, and the deliveries of what people must hear.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, OrganizationId, Problem, Scope, World};
use mainstay_store::{Database, StoreError};

use super::{Answer, words};
use crate::{
    alert::{
        fold::{Effect, Phase, Telling},
        model::{Alert, AlertId, What},
        store::{self, NewStep, Record},
    },
    delivery::{
        body::Message,
        dispatch::Webhooks,
        model::DeliveryEvent,
        store::{self as delivery_store, NewDelivery},
    },
};

/// Everything that follows from a batch of inputs and is committed together.
#[derive(Default)]
pub(super) struct Batch {
    pub changed: BTreeSet<AlertId>,
    pub steps: Vec<NewStep>,
    pub deliveries: Vec<NewDelivery>,
    pub kicks: BTreeSet<(Environment, ServiceName)>,
    pub answers: Vec<(AlertId, Answer)>,
    pub refusals: Vec<(Problem, Answer)>,
}

/// A batch as it is written.
pub(super) struct Rows {
    pub records: Vec<Record>,
    pub steps: Vec<NewStep>,
    pub deliveries: Vec<NewDelivery>,
}

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.steps.is_empty() && self.deliveries.is_empty()
    }

    /// Writes everything, or nothing.
    pub async fn commit(&self, db: &Database) -> Result<(), StoreError> {
        let mut tx = db.begin().await?;
        store::save(&mut tx, &self.records).await?;
        store::add_steps(&mut tx, &self.steps).await?;
        delivery_store::insert(&mut tx, &self.deliveries).await?;
        tx.commit().await
    }
}

/// The alerts in memory, and the counter that orders what is written about them.
pub(super) struct Book {
    pub world: World,
    pub webhooks: Webhooks,
    pub public_url: std::sync::Arc<str>,
    pub records: BTreeMap<AlertId, Record>,
    pub position: i64,
}

impl Book {
    fn next_position(&mut self) -> i64 {
        self.position = (self.position + 1).max(self.world.now_micros());
        self.position
    }

    pub fn step(&mut self, batch: &mut Batch, id: AlertId, at: Timestamp, what: What, detail: Option<String>) {
        let position = self.next_position();
        let organization = self
            .records
            .get(&id)
            .map_or(OrganizationId::DEFAULT, |record| record.organization);
        batch.changed.insert(id);
        batch.steps.push(NewStep {
            alert: id,
            organization,
            position,
            at,
            what,
            detail,
        });
    }

    /// Makes one delivery for each enabled webhook of the alert's environment.
    pub fn tell(&mut self, batch: &mut Batch, id: AlertId, at: Timestamp, event: DeliveryEvent) -> Vec<String> {
        let Some(record) = self.records.get(&id) else {
            return Vec::new();
        };
        let alert: Alert = record.shown(false);
        let environment = record.open.key.environment.clone();
        let scope = Scope {
            organization: record.organization,
            environment: environment.clone(),
        };
        let mut names = Vec::new();
        for row in self.webhooks.snapshot().values() {
            let webhook = &row.webhook;
            if row.scope != scope || !webhook.enabled {
                continue;
            }
            let message = Message {
                event,
                alert: Some(&alert),
                environment: &environment,
                at,
                public_url: &self.public_url,
            };
            let Some(body) = message.body(webhook) else { continue };
            let position = self.next_position();
            let once_key = match event {
                // Taken on, given back and taken on again is told twice.
                DeliveryEvent::Acknowledged => format!("{id}:{event}:{position}"),
                _ => format!("{id}:{event}"),
            };
            batch.deliveries.push(NewDelivery {
                id: self.world.id(),
                scope: scope.clone(),
                webhook_id: webhook.id,
                alert_id: Some(id),
                event,
                once_key,
                position,
                body: body.into(),
                created_at: at,
            });
            names.push(webhook.name.clone());
        }
        names
    }

    /// Turns effects into rows. `resolved_because` is why the resolved alert among them is over.
    pub fn take(
        &mut self,
        batch: &mut Batch,
        effects: Vec<Effect>,
        environment: &Environment,
        at: Timestamp,
        resolved_because: Option<&str>,
    ) {
        for effect in effects {
            match effect {
                Effect::Opened(id) => {
                    let summary = self.records.get(&id).map(|record| record.summary.clone());
                    self.step(batch, id, at, What::Opened, summary);
                }
                Effect::Held { alert, waiting_for } => {
                    self.step(batch, alert, at, What::Held, Some(words::waits_for(&waiting_for)));
                }
                Effect::Kick(service) => {
                    batch.kicks.insert((environment.clone(), service));
                }
                Effect::Deliver { alert, what } => self.deliver(batch, alert, what, at),
                Effect::Stands(id) => self.step(batch, id, at, What::Unfolded, None),
                Effect::Silenced { alert, until } => {
                    self.step(
                        batch,
                        alert,
                        at,
                        What::Silenced,
                        Some(format!("Silenced until {until}.")),
                    );
                }
                Effect::Folded { alert, late } => {
                    let detail = self.folded_detail(alert, late);
                    self.step(batch, alert, at, What::Folded, detail);
                }
                Effect::RootGone { alert, until } => {
                    let detail = format!("Will be delivered on its own at {until} unless it is over by then.");
                    self.step(batch, alert, at, What::RootResolved, Some(detail));
                }
                Effect::Escalated { alert, because_of } => {
                    let cause = self
                        .records
                        .get(&because_of)
                        .map(|record| words::escalated(&record.title));
                    self.step(batch, alert, at, What::Escalated, cause);
                }
                Effect::Resolved(open) => {
                    let id = open.id;
                    if let Some(record) = self.records.get_mut(&id) {
                        record.open = *open;
                        record.resolved_at = Some(at.max(record.open.opened_at));
                    }
                    self.step(batch, id, at, What::Resolved, resolved_because.map(str::to_owned));
                }
            }
        }
    }

    fn folded_detail(&self, id: AlertId, late: bool) -> Option<String> {
        let Phase::Folded { root, path, .. } = &self.records.get(&id)?.open.phase else {
            return None;
        };
        Some(words::folded(&self.records.get(root)?.title, path, late))
    }

    fn deliver(&mut self, batch: &mut Batch, id: AlertId, what: Telling, at: Timestamp) {
        let event = match what {
            Telling::Opened => DeliveryEvent::Opened,
            Telling::Escalated => DeliveryEvent::Escalated,
            Telling::Resolved => DeliveryEvent::Resolved,
        };
        let names = self.tell(batch, id, at, event);
        if what == Telling::Opened {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            self.step(batch, id, at, What::Delivered, Some(words::told(&names)));
        }
    }

    /// The rows of a batch, with every changed alert as it is now.
    pub fn rows(&self, batch: &mut Batch) -> Rows {
        Rows {
            records: batch
                .changed
                .iter()
                .filter_map(|id| self.records.get(id).cloned())
                .collect(),
            steps: std::mem::take(&mut batch.steps),
            deliveries: std::mem::take(&mut batch.deliveries),
        }
    }

    /// Forgets what is over and written.
    pub fn forget_resolved(&mut self) {
        self.records.retain(|_, record| record.resolved_at.is_none());
    }
}
