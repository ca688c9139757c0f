//! Watch over HTTP: parse, call one use case, shape the answer. No decision is made here.

use utoipa_axum::router::OpenApiRouter;

use crate::service::Watch;

mod checks;
mod history;
mod maintenance;
mod probes;
mod service_states;
mod strips;

#[cfg(test)]
mod tests;

impl Watch {
    /// The routes of watch, under `/api/v1`.
    pub fn routes() -> OpenApiRouter<Self> {
        OpenApiRouter::new()
            .merge(checks::routes())
            .merge(probes::routes())
            .merge(history::routes())
            .merge(service_states::routes())
            .merge(strips::routes())
            .merge(maintenance::routes())
    }
}
