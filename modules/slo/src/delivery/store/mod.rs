//! Every SQL statement of delivery.

mod deliveries;
mod heartbeat;
mod webhooks;

pub(crate) use deliveries::{
    AttemptRow, DeliveryFilter, Job, NewDelivery, Outcome, abandon, abandon_orphans, body, by_ids, delete_older_than,
    find_with_attempts, hasten, insert, list, one, pending, record_attempt, restart, unfinished,
};
pub(crate) use heartbeat::{heartbeat, save_heartbeat};
pub(crate) use webhooks::{WebhookRow, all_webhooks, delete_webhook, save_webhook, webhook_version};
