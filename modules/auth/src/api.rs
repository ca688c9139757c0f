//! Accounts over HTTP: parse, call one use case, shape the answer. Paths and bodies are those that existing clients use, where
//! they have some. No decision is made here.

mod changes;
mod cookie;
mod factors;
mod gate;
mod links;
mod me;
mod rescue;
mod sessions;
mod shapes;
mod sign_in;
mod signed;
mod teams;
mod tokens;
mod users;
mod well_known;

use utoipa_axum::router::OpenApiRouter;

pub use self::{
    gate::{Gate, gate},
    signed::{ClientAddress, Signed},
};
use crate::service::Auth;

/// The routes of accounts.
pub(crate) fn routes() -> OpenApiRouter<Auth> {
    OpenApiRouter::new()
        .merge(well_known::routes())
        .merge(sign_in::routes())
        .merge(links::routes())
        .merge(me::routes())
        .merge(sessions::routes())
        .merge(tokens::routes())
        .merge(factors::routes())
        .merge(users::routes())
        .merge(rescue::routes())
        .merge(teams::routes())
        .merge(changes::routes())
}

impl Auth {
    /// The routes of accounts and their documentation.
    pub fn routes() -> OpenApiRouter<Self> {
        routes()
    }
}

#[cfg(test)]
mod tests;
