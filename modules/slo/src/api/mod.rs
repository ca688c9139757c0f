//! The HTTP surface of promises: parse, call one use case, shape the answer.

mod alerts;
mod deliveries;
mod input;
mod shapes;
mod silences;
mod slos;
mod text;
mod webhooks;

use axum::extract::FromRef;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{alert::Alerts, facade::Slo, service::Objectives};

impl FromRef<Slo> for Objectives {
    fn from_ref(slo: &Slo) -> Self {
        slo.objectives.clone()
    }
}

impl FromRef<Slo> for Alerts {
    fn from_ref(slo: &Slo) -> Self {
        slo.alerts.clone()
    }
}

/// The routes of SLOs and their budgets.
pub fn routes<S>() -> OpenApiRouter<S>
where
    Objectives: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .routes(routes!(slos::list_slos, slos::create_slo))
        .routes(routes!(slos::validate_slo))
        .routes(routes!(slos::get_slo, slos::update_slo, slos::delete_slo))
        .routes(routes!(slos::slo_burn_down))
}

/// The routes of alerts, silences, webhooks and deliveries.
pub fn alert_routes<S>() -> OpenApiRouter<S>
where
    Alerts: FromRef<S>,
    S: Clone + Send + Sync + 'static,
{
    OpenApiRouter::new()
        .merge(alerts::routes())
        .merge(silences::routes())
        .merge(webhooks::routes())
        .merge(deliveries::routes())
}

#[cfg(test)]
mod tests;
