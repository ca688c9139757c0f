//! What people do with webhooks and deliveries: make, change, test, read, send again.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use mainstay_kernel::{Page, PageRequest, Problem, ProblemKind, Scope, World};
use mainstay_providers::Outgoing;
use mainstay_runtime::Latest;
use mainstay_store::{Database, Wakes};
use url::Url;

use super::{
    body::Message,
    dispatch::{ATTEMPT, DeliveryConfig, Dispatcher},
    model::{Attempt, Delivery, DeliveryEvent, DeliveryId, Format, ManagedBy, Webhook, WebhookId},
    signature::Secret,
    store::{self, DeliveryFilter, NewDelivery, WebhookRow},
    webhooks::Webhooks,
};
use crate::store::{Kept, changing};

/// What a person says about a webhook.
#[derive(Debug, Clone)]
pub(crate) struct WebhookDraft {
    pub name: String,
    pub url: String,
    pub format: Format,
    /// `None` keeps the secret there is, or makes a new one.
    pub secret: Option<String>,
    pub enabled: bool,
}

/// Webhooks and deliveries, for the API.
#[derive(Clone)]
pub(crate) struct Deliveries {
    pub db: Database,
    pub world: World,
    pub outgoing: Arc<dyn Outgoing>,
    pub webhooks: Webhooks,
    pub dispatcher: Dispatcher,
    pub wakes: Wakes,
    pub config: DeliveryConfig,
    pub public_url: Latest<Arc<str>>,
}

const LONGEST_NAME: usize = 100;

impl Deliveries {
    /// Reads the webhooks again and tells the dispatcher.
    pub async fn reload(&self) -> Result<(), mainstay_store::StoreError> {
        self.webhooks.load(&self.db).await?;
        self.dispatcher.webhooks_changed();
        Ok(())
    }

    /// The webhooks of an environment, oldest first.
    pub fn list_webhooks(&self, scope: &Scope) -> Vec<Webhook> {
        let all = self.webhooks.snapshot();
        all.values()
            .filter(|row| row.scope == *scope)
            .map(|row| row.webhook.clone())
            .collect()
    }

    pub fn webhook(&self, scope: &Scope, id: WebhookId) -> Result<Webhook, Problem> {
        self.webhooks
            .get(id)
            .filter(|row| row.scope == *scope)
            .map(|row| row.webhook.clone())
            .ok_or_else(|| Problem::not_found(format_args!("webhook `{id}` in {}", scope.environment)))
    }

    /// Makes a webhook. The answer's secret is to be shown this once.
    pub async fn create(&self, scope: &Scope, draft: WebhookDraft) -> Result<(Webhook, Secret), Problem> {
        self.validate(&draft)?;
        let secret = match &draft.secret {
            Some(text) => parse_secret(text)?,
            None => Secret::generate(&self.world),
        };
        let webhook = Webhook {
            id: self.world.id(),
            name: draft.name,
            url: draft.url,
            format: draft.format,
            secret_set: true,
            enabled: draft.enabled,
            managed_by: ManagedBy::Api,
            source: None,
            version: 1,
            created_at: self.world.now(),
            problem: None,
            secret: Some(secret.clone()),
        };
        self.save(scope, webhook.clone(), None).await?;
        Ok((webhook, secret))
    }

    pub async fn update(&self, scope: &Scope, stored: Webhook, draft: WebhookDraft) -> Result<Webhook, Problem> {
        refuse_file_managed(&stored, "change")?;
        self.validate(&draft)?;
        let before = stored.version;
        let secret = match &draft.secret {
            Some(text) => Some(parse_secret(text)?),
            None => stored.secret.clone(),
        };
        let webhook = Webhook {
            name: draft.name,
            url: draft.url,
            format: draft.format,
            enabled: draft.enabled,
            secret_set: secret.is_some(),
            secret,
            version: before + 1,
            ..stored
        };
        self.save(scope, webhook.clone(), Some(before)).await?;
        Ok(webhook)
    }

    pub async fn delete(&self, webhook: &Webhook) -> Result<(), Problem> {
        refuse_file_managed(webhook, "delete")?;
        self.remove(webhook).await
    }

    pub(super) async fn remove(&self, webhook: &Webhook) -> Result<(), Problem> {
        let mut tx = self.db.begin().await?;
        changing(&mut tx, Kept::Webhooks).await?;
        store::abandon(&mut tx, webhook.id, "the webhook was deleted").await?;
        store::delete_webhook(&mut tx, webhook.id).await?;
        tx.commit().await?;
        self.reload().await?;
        Ok(())
    }

    /// Keeps a webhook; `before` is the version that a change of one is based on.
    pub(super) async fn save(&self, scope: &Scope, webhook: Webhook, before: Option<i64>) -> Result<(), Problem> {
        let name = webhook.name.clone();
        let row = WebhookRow {
            scope: scope.clone(),
            webhook,
        };
        let mut tx = self.db.begin().await?;
        changing(&mut tx, Kept::Webhooks).await?;
        if before.is_some() && store::webhook_version(&mut tx, row.webhook.id).await? != before {
            return Err(Problem::new(
                ProblemKind::Stale,
                "stale",
                format!("Somebody changed webhook `{name}` since you read it. Read it again and repeat your change."),
            ));
        }
        store::save_webhook(&mut tx, &row, self.world.now())
            .await
            .map_err(|error| {
                if error.is_conflict() {
                    let message = format!(
                        "There is a webhook `{name}` in {} already. Choose another name.",
                        scope.environment
                    );
                    Problem::conflict("already-exists", message).field("name", "is taken")
                } else {
                    error.into()
                }
            })?;
        tx.commit().await?;
        self.reload().await?;
        Ok(())
    }

    pub(super) fn validate(&self, draft: &WebhookDraft) -> Result<(), Problem> {
        judge_draft(draft, &*self.outgoing)
    }

    /// Sends a test message and waits for its first attempt.
    pub async fn test(&self, scope: &Scope, webhook: &Webhook) -> Result<Delivery, Problem> {
        if !webhook.enabled {
            let message = format!("Webhook `{}` is disabled. Enable it, then test it.", webhook.name);
            return Err(Problem::conflict("webhook-disabled", message));
        }
        let now = self.world.now();
        let message = Message {
            event: DeliveryEvent::Test,
            alert: None,
            environment: &scope.environment,
            at: now,
            public_url: &self.public_url.get(),
        };
        let id: DeliveryId = self.world.id();
        let new = NewDelivery {
            id,
            scope: scope.clone(),
            webhook_id: webhook.id,
            alert_id: None,
            event: DeliveryEvent::Test,
            once_key: format!("test:{id}"),
            position: self.world.now_micros(),
            body: message.body(webhook).unwrap_or_default().into(),
            created_at: now,
        };
        let mut tx = self.db.begin().await?;
        store::insert(&mut tx, std::slice::from_ref(&new)).await?;
        tx.commit().await?;
        self.attempt_now(scope, (&new).into()).await
    }

    /// Sends a delivery again, with the same `webhook-id`, and waits for the attempt. One that waits for its next attempt is
    /// attempted now, after those about the same alert that come before it.
    pub async fn redeliver(&self, scope: &Scope, id: DeliveryId) -> Result<Delivery, Problem> {
        let (delivery, ..) = self.delivery(scope, id).await?;
        let webhook = self.webhook(scope, delivery.webhook_id).map_err(|_| {
            Problem::conflict(
                "webhook-deleted",
                "The webhook of this delivery was deleted, so it cannot be sent again.",
            )
        })?;
        if !webhook.enabled {
            let message = format!("Webhook `{}` is disabled. Enable it, then send again.", webhook.name);
            return Err(Problem::conflict("webhook-disabled", message));
        }
        let now = self.world.now();
        if delivery.status.is_final() {
            store::restart(&self.db, id, now).await?;
        } else {
            store::hasten(&self.db, id, now).await?;
        }
        let Some(job) = store::one(&self.db, id).await? else {
            return Err(Problem::not_found(format_args!("delivery `{id}`")));
        };
        self.attempt_now(scope, job).await
    }

    async fn attempt_now(&self, scope: &Scope, job: store::Job) -> Result<Delivery, Problem> {
        let (id, attempts) = (job.id, job.attempts);
        // A little longer than an attempt may take, so that its outcome is in the answer; after that it goes on alone.
        let patience = self.config.timeout + Duration::from_secs(2);
        if self.dispatcher.works() {
            // A database that is away is noticed below.
            let _ = tokio::time::timeout(patience, self.attempted_here(job)).await;
        } else if self.db.is_shared() {
            self.wakes.say(&self.db, ATTEMPT, &id.to_string()).await?;
            let elsewhere = self.attempted_elsewhere(id, attempts);
            let _ = tokio::time::timeout(patience, elsewhere).await;
        }
        Ok(self.delivery(scope, id).await?.0)
    }

    /// Makes an attempt, and resolves when it is written down.
    async fn attempted_here(&self, job: store::Job) -> Result<(), mainstay_store::StoreError> {
        let (id, attempts) = (job.id, job.attempts);
        let mut attempted = self.dispatcher.attempted(id);
        self.dispatcher.enqueue(vec![job]);
        // Until the dispatcher has ended.
        while attempted.await.is_ok() {
            attempted = self.dispatcher.attempted(id);
            // It may have been the word of the attempt before, which was written a moment ago.
            if self.has_more_attempts(id, attempts).await? {
                break;
            }
        }
        Ok(())
    }

    /// Resolves when another replica has attempted a delivery once more.
    async fn attempted_elsewhere(&self, id: DeliveryId, attempts: i64) -> Result<(), mainstay_store::StoreError> {
        const LOOK_EVERY: Duration = Duration::from_millis(200);
        while !self.has_more_attempts(id, attempts).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn has_more_attempts(&self, id: DeliveryId, than: i64) -> Result<bool, mainstay_store::StoreError> {
        Ok(store::one(&self.db, id).await?.is_none_or(|job| job.attempts > than))
    }

    /// One delivery with its attempts and its body.
    pub async fn delivery(&self, scope: &Scope, id: DeliveryId) -> Result<(Delivery, Vec<Attempt>, String), Problem> {
        store::find_with_attempts(&self.db, scope, id)
            .await?
            .ok_or_else(|| Problem::not_found(format_args!("delivery `{id}` in {}", scope.environment)))
    }

    pub async fn list(
        &self,
        scope: &Scope,
        filter: &DeliveryFilter,
        page: &PageRequest,
    ) -> Result<Page<Delivery>, Problem> {
        store::list(&self.db, scope, filter, page).await
    }

    /// Deletes final deliveries made before `before`. Answers how many.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, mainstay_store::StoreError> {
        const BATCH: i64 = 1000;
        let mut total = 0;
        loop {
            let deleted = store::delete_older_than(&self.db, before, BATCH).await?;
            total += deleted;
            if deleted < BATCH.unsigned_abs() {
                return Ok(total);
            }
        }
    }
}

/// Whether a webhook can be kept: it has a usable name, and its URL may be called.
pub(super) fn judge_draft(draft: &WebhookDraft, outgoing: &dyn Outgoing) -> Result<(), Problem> {
    if draft.name.trim().is_empty() || draft.name.chars().count() > LONGEST_NAME {
        let message = format!("must have 1 to {LONGEST_NAME} characters");
        return Err(
            Problem::invalid("invalid-webhook", format!("The name of a webhook {message}.")).field("name", message),
        );
    }
    let url = draft.url.parse::<Url>().map_err(|error| error.to_string());
    let verdict = url.and_then(|url| outgoing.check(&url).map_err(|blocked| blocked.to_string()));
    verdict.map_err(|message| {
        let detail = format!("Webhook `{}` cannot be called: {message}.", draft.name);
        Problem::invalid("invalid-webhook", detail).field("url", message)
    })
}

fn parse_secret(text: &str) -> Result<Secret, Problem> {
    Secret::parse(text).map_err(|error| {
        let message = error.to_string();
        Problem::invalid("invalid-webhook", format!("The secret cannot be used: {message}.")).field("secret", message)
    })
}

fn refuse_file_managed(webhook: &Webhook, verb: &str) -> Result<(), Problem> {
    match webhook.managed_by {
        ManagedBy::Api => Ok(()),
        ManagedBy::File => Err(Problem::conflict(
            "file-managed",
            format!(
                "Webhook `{}` is declared in {}; {verb} it there and import the file again.",
                webhook.name,
                webhook.source.as_deref().unwrap_or("a file"),
            ),
        )),
    }
}
