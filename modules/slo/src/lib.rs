//! Promise: objectives, error budgets, burn-rate alerts, and their delivery.
//!
//! Owns what is promised about services ([`Promise`], kept account of by [`Objectives`]), the conditions that follow from it
//! ([`signal`]), the alerts made of them ([`alert`]) and the webhooks that carry them ([`delivery`]). Must never know how a
//! service is probed, nor who is on call.

pub mod alert;
mod api;
mod copies;
mod declaration;
pub mod delivery;
mod error;
pub mod events;
mod facade;
mod follow;
mod history;
mod jobs;
mod known;
mod ledger;
pub mod model;
mod objective;
mod probes;
mod service;
mod shared;
mod sharing;
pub mod signal;
mod store;
mod term;
#[cfg(test)]
mod testing;

pub use declaration::{KIND as DECLARATION_KIND, SloDeclarations, validate_declaration};
pub use error::SloError;
pub use facade::{Slo, SloConfig};
pub use follow::Reconciled;
use mainstay_store::Migration;
pub use objective::Promise;
pub use service::{Objectives, Settings};
pub use shared::Shared;

/// The module's schema.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        module: "slo",
        version: 1,
        name: "objectives",
        sql: include_str!("migrations/0001_objectives.sql"),
    },
    alert::MIGRATIONS[0],
    alert::MIGRATIONS[1],
    alert::MIGRATIONS[2],
    alert::MIGRATIONS[3],
    Migration {
        module: "slo",
        version: 14,
        name: "replicas",
        sql: include_str!("migrations/0014_replicas.sql"),
    },
    Migration {
        module: "slo",
        version: 15,
        name: "declared silences",
        sql: include_str!("migrations/0015_declared_silences.sql"),
    },
];

const _: () = assert!(
    alert::MIGRATIONS.len() == 4,
    "every migration of the alerts is part of the module's schema"
);
