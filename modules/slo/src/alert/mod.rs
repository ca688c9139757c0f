//! Alerts: from a condition that holds to the one person-facing alert of its cause.
//!
//! Owns the lifecycle of alerts, their folding under a root, acknowledgement and silences. Takes conditions from the
//! objectives ([`crate::signal`]) and from watched services; hands what people must hear of to [`crate::delivery`]. It must
//! not know how a burn rate is computed nor how a webhook is called.

mod declared_silences;
pub mod engine;
pub mod fold;
pub mod model;
mod news;
pub(crate) mod store;
mod watched;

pub use declared_silences::SilenceDeclarations;
pub use engine::{Alerts, AlertsConfig, Decision, Engine, Fleets, Watching};
pub use watched::{Watched, WebhookDeclarations};

use mainstay_store::Migration;

/// The schema of alerts and their delivery; part of the module's.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        module: "slo",
        version: 10,
        name: "alerts",
        sql: include_str!("../migrations/0010_alerts.sql"),
    },
    Migration {
        module: "slo",
        version: 11,
        name: "deliveries",
        sql: include_str!("../migrations/0011_deliveries.sql"),
    },
    Migration {
        module: "slo",
        version: 12,
        name: "told",
        sql: include_str!("../migrations/0012_told.sql"),
    },
    Migration {
        module: "slo",
        version: 13,
        name: "webhook-problem",
        sql: include_str!("../migrations/0013_webhook_problem.sql"),
    },
];
