//! Every SQL statement of delivery.

mod deliveries;
mod webhooks;

pub(crate) use deliveries::{
    AttemptRow, DeliveryFilter, Job, NewDelivery, abandon, body, delete_older_than, find_with_attempts, insert, list,
    one, record_attempt, restart, unfinished,
};
pub(crate) use webhooks::{WebhookRow, all_webhooks, delete_webhook, save_webhook};
