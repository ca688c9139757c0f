//! The catalog over HTTP: parse, call one use case, shape the answer. No decision is made here.

use utoipa_axum::router::OpenApiRouter;

use crate::service::Catalog;

mod dependencies;
mod facts;
mod imports;
mod services;

#[cfg(test)]
mod tests;

/// The routes of the catalog, under `/api/v1`.
pub(crate) fn routes() -> OpenApiRouter<Catalog> {
    OpenApiRouter::new()
        .merge(services::routes())
        .merge(facts::routes())
        .merge(dependencies::routes())
        .merge(imports::routes())
}
