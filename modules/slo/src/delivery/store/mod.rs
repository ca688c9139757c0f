//! Every SQL statement of delivery.

mod attempts;
mod deliveries;
mod heartbeat;
mod queue;
mod webhooks;

pub(crate) use attempts::{AttemptRow, Outcome, record_attempt};
pub(crate) use deliveries::{DeliveryFilter, by_ids, delete_older_than, find_with_attempts, list};
pub(crate) use heartbeat::{heartbeat, save_heartbeat};
pub(crate) use queue::{
    Job, NewDelivery, abandon, abandon_orphans, body, hasten, insert, one, pending, restart, unfinished,
};
pub(crate) use webhooks::{WebhookRow, all_webhooks, delete_webhook, save_webhook, webhook_version};
