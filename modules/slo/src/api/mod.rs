//! The HTTP surface of promises: parse, call one use case, shape the answer.

mod alerts;
mod deliveries;
mod shapes;
mod silences;
mod slos;
mod text;
mod webhooks;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{alert::Alerts, service::Slo};

/// The routes of SLOs and their budgets.
pub fn routes() -> OpenApiRouter<Slo> {
    OpenApiRouter::new()
        .routes(routes!(slos::list_slos, slos::create_slo))
        .routes(routes!(slos::validate_slo))
        .routes(routes!(slos::get_slo, slos::update_slo, slos::delete_slo))
        .routes(routes!(slos::slo_burn_down))
}

/// The routes of alerts, silences, webhooks and deliveries.
pub fn alert_routes(alerts: Alerts) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(alerts::routes())
        .merge(silences::routes())
        .merge(webhooks::routes())
        .merge(deliveries::routes())
        .with_state(alerts)
}

#[cfg(test)]
mod tests;
