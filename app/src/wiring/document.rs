//! Every route there is, with its documentation: the API document is made of them without anything behind them, and the router
//! puts the modules there.

use std::sync::Arc;

use mainstay_auth::Auth;
use mainstay_catalog::Catalog;
use mainstay_http::{Events, Health, events_routes, health_routes};
use mainstay_slo::Slo;
use mainstay_watch::Watch;
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    meta::{self, Meta},
    operate::{self, Operate},
};

/// Every route with its documentation, without anything behind it: enough to print the OpenAPI document.
pub(super) struct Routes {
    pub(super) mainstay: OpenApiRouter<Arc<Meta>>,
    pub(super) operate: OpenApiRouter<Operate>,
    pub(super) events: OpenApiRouter<Events>,
    pub(super) health: OpenApiRouter<Health>,
    pub(super) catalog: OpenApiRouter<Catalog>,
    pub(super) watch: OpenApiRouter<Watch>,
    pub(super) slo: OpenApiRouter<Slo>,
    pub(super) auth: OpenApiRouter<Auth>,
}

impl Routes {
    pub(super) fn new() -> Self {
        Self {
            mainstay: meta::routes(),
            operate: operate::routes(),
            events: events_routes(),
            health: health_routes(),
            catalog: Catalog::routes(),
            watch: Watch::routes(),
            slo: Slo::routes(),
            auth: Auth::routes(),
        }
    }
}

fn base_document() -> OpenApi {
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Mainstay")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Keeps a fleet of services standing. Rules that every endpoint follows are in docs/api-design.md.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .build()
}

/// The OpenAPI document of this version.
pub fn openapi_document() -> OpenApi {
    let routes = Routes::new();
    let mut document = base_document();
    document.merge(routes.mainstay.into_openapi());
    document.merge(routes.operate.into_openapi());
    document.merge(routes.events.into_openapi());
    document.merge(routes.health.into_openapi());
    document.merge(routes.catalog.into_openapi());
    document.merge(routes.watch.into_openapi());
    document.merge(routes.slo.into_openapi());
    document.merge(routes.auth.into_openapi());
    document
}

#[cfg(test)]
mod tests;
