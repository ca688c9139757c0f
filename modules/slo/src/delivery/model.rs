//! The words of delivery: webhooks, deliveries and attempts. Pure data.

use jiff::Timestamp;
use mainstay_kernel::typed_id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::signature::Secret;
use crate::alert::model::{AlertId, words};

typed_id!(
    /// Identifies a webhook.
    WebhookId
);
typed_id!(
    /// Identifies a delivery; receivers see it in `webhook-id`, the same in every attempt.
    DeliveryId
);

words!(
    /// The shape of what is sent.
    #[derive(Default)]
    Format, "a format of webhooks" {
        /// Mainstay's own body, described in `docs/guides/webhooks.md`.
        #[default]
        Mainstay = "mainstay",
        /// Alertmanager's webhook body, version 4.
        Alertmanager = "alertmanager",
    }
);

words!(
    /// Where a webhook is edited.
    ManagedBy, "a manager of webhooks" {
        /// The API and the dashboard.
        Api = "api",
        /// A file under version control: read-only everywhere else.
        File = "file",
    }
);

words!(
    /// What a delivery tells.
    DeliveryEvent, "an event" {
        /// An alert opened.
        Opened = "alert.opened",
        /// An alert became more urgent.
        Escalated = "alert.escalated",
        /// Somebody took an alert on.
        Acknowledged = "alert.acknowledged",
        /// An alert is over.
        Resolved = "alert.resolved",
        /// A person tries the webhook.
        Test = "test",
    }
);

words!(
    /// How far a delivery has come.
    DeliveryStatus, "a status of deliveries" {
        /// Not attempted yet.
        Pending = "pending",
        /// The receiver accepted it.
        Delivered = "delivered",
        /// The last attempt failed; another one will follow.
        Failed = "failed",
        /// Given up. It can be sent again by hand.
        Dead = "dead",
    }
);

impl DeliveryStatus {
    /// Whether nothing will be attempted any more.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Dead)
    }
}

/// Somebody who is told of alerts over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    pub id: WebhookId,
    /// Unique in its environment.
    #[schema(example = "pager")]
    pub name: String,
    /// Where it is called, `http` or `https`.
    #[schema(example = "https://hooks.example.org/mainstay")]
    pub url: String,
    /// The shape of what is sent.
    pub format: Format,
    /// Whether deliveries are signed. The secret itself is shown once, when the webhook is made.
    pub secret_set: bool,
    /// Whether it is called at all. Deliveries to a disabled webhook wait.
    pub enabled: bool,
    /// Where it is edited.
    pub managed_by: ManagedBy,
    /// The file that declares it.
    pub source: Option<String>,
    /// Grows by one with every change; the `ETag`.
    pub version: i64,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// Why its declaration in a file cannot be used; null when it can. What was in force before stays in force, and a webhook
    /// that never could be used is not called.
    pub problem: Option<String>,
    /// What deliveries are signed with.
    #[serde(skip)]
    #[schema(ignore)]
    pub secret: Option<Secret>,
}

/// One thing told to one webhook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    pub id: DeliveryId,
    /// Who is told.
    #[schema(value_type = String, format = "uuid")]
    pub webhook_id: WebhookId,
    /// The webhook's name; empty when the webhook was deleted.
    pub webhook_name: String,
    /// The alert it is about; absent for a test.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub alert_id: Option<AlertId>,
    /// What is told.
    pub event: DeliveryEvent,
    /// How far it has come.
    pub status: DeliveryStatus,
    /// How often it was attempted.
    pub attempts: i64,
    /// When it will be attempted again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub next_attempt_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the receiver accepted it.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub delivered_at: Option<Timestamp>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// One attempt of a delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = DeliveryAttempt)]
pub struct Attempt {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Whether the receiver accepted it.
    pub ok: bool,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: f64,
    /// Why it failed.
    pub error: Option<String>,
    /// The beginning of the answer's body.
    pub response_excerpt: Option<String>,
}
