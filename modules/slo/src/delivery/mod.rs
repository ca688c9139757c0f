//! Delivery: getting what people must hear of to the webhooks, durably and in order.
//!
//! Owns webhooks, deliveries and their attempts, and the outgoing heartbeat. Takes finished deliveries whose rows are
//! already committed; must not know why an alert opened or whether it should have.

mod attempt;
pub mod body;
pub mod declared;
pub mod dispatch;
pub mod heartbeat;
pub mod model;
pub mod schedule;
pub(crate) mod service;
pub mod signature;
pub(crate) mod store;
pub(crate) mod webhooks;
