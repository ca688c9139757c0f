//! From the effects of the folding machine to rows: alerts, their steps, and the deliveries of what people must hear.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, OrganizationId, Problem, Scope, TypedId, World, uuid::Uuid};
use mainstay_runtime::Latest;
use mainstay_store::{StoreError, StoreErrorKind, Wakes};
use mainstay_work::NewEvent;

use super::{
    Answer, Inner,
    commands::{already_resolved, no_such_alert},
    elsewhere::ANSWERED,
    live, words,
};
use crate::{
    alert::{
        fold::{Effect, Phase, Telling},
        model::{Alert, AlertId, What},
        store::{self, CommandAnswer, CommandId, NewStep, Record},
    },
    delivery::{
        body::Message,
        model::DeliveryEvent,
        store::{self as delivery_store, NewDelivery, WebhookRow},
        webhooks::Webhooks,
    },
    events::{AlertChange, AlertChanged},
    term::Term,
};

/// Everything that follows from a batch of inputs and is committed together.
#[derive(Default)]
pub(super) struct Batch {
    pub changed: BTreeSet<AlertId>,
    pub steps: Vec<NewStep>,
    pub deliveries: Vec<NewDelivery>,
    pub kicks: BTreeSet<(Environment, ServiceName)>,
    /// Alerts to be shown anew although nothing of them is to be written.
    pub shown: BTreeSet<AlertId>,
    pub done: Vec<(AlertId, Answer)>,
    pub refusals: Vec<(Refusal, Answer)>,
}

/// Why an order is not obeyed.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The alert of this title is over.
    AlreadyResolved(String),
    /// There is none.
    NoSuchAlert(Scope, AlertId),
}

impl Refusal {
    pub fn problem(&self) -> Problem {
        match self {
            Self::AlreadyResolved(title) => already_resolved(title),
            Self::NoSuchAlert(scope, id) => no_such_alert(scope, *id),
        }
    }

    fn answer(&self) -> CommandAnswer {
        match self {
            Self::AlreadyResolved(_) => CommandAnswer::AlreadyResolved,
            Self::NoSuchAlert(..) => CommandAnswer::NotFound,
        }
    }
}

/// A batch as it is written.
pub(super) struct Rows {
    pub records: Vec<Record>,
    pub steps: Vec<NewStep>,
    pub deliveries: Vec<NewDelivery>,
    /// To what was asked at other replicas.
    pub answers: Vec<(CommandId, CommandAnswer)>,
}

/// Why a batch is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Uncommitted {
    /// Another replica decides alerts now.
    #[error("another replica decides alerts now")]
    Fenced,
    /// Something that was acted upon was taken back meanwhile.
    #[error("an order was taken back")]
    TakenBack,
    /// The database refused; later it may not.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for Uncommitted {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Fenced => Self::Fenced,
            _ => Self::Store(error),
        }
    }
}

impl Rows {
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.steps.is_empty() && self.deliveries.is_empty() && self.answers.is_empty()
    }

    /// Writes everything and announces it, or does nothing. `tried` is whether an earlier attempt may have gone through
    /// unheard.
    pub async fn commit(&self, inner: &Inner, term: &Term, tried: bool) -> Result<(), Uncommitted> {
        let mut tx = inner.db.begin().await?;
        term.guard(&mut tx).await?;
        store::save(&mut tx, &self.records).await?;
        let new = store::add_steps(&mut tx, &self.steps).await?;
        if tried && new == 0 && !self.steps.is_empty() {
            return Ok(tx.rollback().await?);
        }
        delivery_store::insert(&mut tx, &self.deliveries).await?;
        for (id, answer) in &self.answers {
            if !store::answer_command(&mut tx, *id, *answer, inner.world.now()).await? {
                return Err(Uncommitted::TakenBack);
            }
        }
        if !self.answers.is_empty() {
            Wakes::ring_on_commit(&mut tx, ANSWERED).await?;
        }
        let alerts: Vec<Uuid> = self.records.iter().map(|record| record.open.id.as_uuid()).collect();
        live::alerts_change(&mut tx, &inner.sender, &alerts).await?;
        let deliveries: Vec<Uuid> = self.deliveries.iter().map(|delivery| delivery.id.as_uuid()).collect();
        live::deliveries_change(&mut tx, &inner.sender, &deliveries).await?;
        Ok(inner.shared.outbox.commit(tx, &self.announcements()?).await?)
    }

    /// What other modules hear of, in the order in which it happened.
    fn announcements(&self) -> Result<Vec<NewEvent>, StoreError> {
        let changes = self.steps.iter().filter_map(|step| {
            let record = self.records.iter().find(|record| record.open.id == step.alert)?;
            Some((step, record, AlertChange::of(step.what)?))
        });
        changes
            .map(|(step, record, change)| {
                let key = &record.open.key;
                let announcement = AlertChanged {
                    alert: record.open.id,
                    environment: key.environment.clone(),
                    service: key.service.clone(),
                    slo: key.slo_id,
                    kind: key.kind.into(),
                    severity: record.open.severity,
                    change,
                    at: step.at,
                    title: record.title.clone(),
                    summary: record.summary.clone(),
                    detail: step.detail.clone(),
                    acknowledged_by: record.acknowledged_by.clone(),
                };
                NewEvent::of(record.organization, &announcement)
            })
            .collect()
    }
}

/// The alerts in memory, and the counter that orders what is written about them.
pub(super) struct Book {
    pub world: World,
    pub webhooks: Webhooks,
    pub public_url: Latest<Arc<str>>,
    pub records: BTreeMap<AlertId, Record>,
    pub position: i64,
}

impl Book {
    /// Even numbers: the odd ones are for what becomes of deliveries ([`store::add_outcome`]).
    fn next_position(&mut self) -> i64 {
        self.position = (self.position + 2).max(self.world.now_micros()) & !1;
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

    /// Makes one delivery for each webhook that is to hear of the event: of an opening every enabled webhook of the alert's
    /// environment, of whatever follows those that were told of the opening. Answers their names.
    pub fn tell(&mut self, batch: &mut Batch, id: AlertId, at: Timestamp, event: DeliveryEvent) -> Vec<String> {
        let webhooks = self.webhooks.snapshot();
        let Some(record) = self.records.get_mut(&id) else {
            return Vec::new();
        };
        let environment = record.open.key.environment.clone();
        let scope = Scope {
            organization: record.organization,
            environment: environment.clone(),
        };
        let to: Vec<Arc<WebhookRow>> = webhooks
            .values()
            .filter(|row| row.scope == scope)
            .filter(|row| match &record.told {
                Some(told) if event != DeliveryEvent::Opened => told.contains(&row.webhook.id),
                _ => row.webhook.enabled,
            })
            .cloned()
            .collect();
        if event == DeliveryEvent::Opened {
            record.told = Some(to.iter().map(|row| row.webhook.id).collect());
        }
        let alert: Alert = record.shown(false);
        let mut names = Vec::new();
        let public_url = self.public_url.get();
        for row in to {
            let webhook = &row.webhook;
            let message = Message {
                event,
                alert: Some(&alert),
                environment: &environment,
                at,
                public_url: &public_url,
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
            let what = if names.is_empty() { What::NobodyTold } else { What::Told };
            self.step(batch, id, at, what, Some(words::told(&names)));
        }
    }

    /// The rows of a batch, with every changed alert as it is now.
    pub fn rows(&self, batch: &mut Batch) -> Rows {
        let done = batch.done.iter().map(|(_, answer)| (answer, CommandAnswer::Done));
        let refused = batch
            .refusals
            .iter()
            .map(|(refusal, answer)| (answer, refusal.answer()));
        let answers = done.chain(refused).filter_map(|(answer, word)| match answer {
            Answer::Elsewhere(id) => Some((*id, word)),
            Answer::Here(_) => None,
        });
        Rows {
            records: batch
                .changed
                .iter()
                .filter_map(|id| self.records.get(id).cloned())
                .collect(),
            steps: std::mem::take(&mut batch.steps),
            deliveries: std::mem::take(&mut batch.deliveries),
            answers: answers.collect(),
        }
    }

    /// Forgets what is over and written.
    pub fn forget_resolved(&mut self) {
        self.records.retain(|_, record| record.resolved_at.is_none());
    }
}
