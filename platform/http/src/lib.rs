//! The HTTP kit every module serves its API with: extractors, problem+json, paging, idempotency, live events, health.
//!
//! **Invariant:** no module is known here. A module's `api/` folder uses this kit and holds no decision of its own.

mod error;
mod events;
mod extract;
mod guard;
mod health;
mod idempotency;
mod observe;
mod respond;
mod server;

pub use error::{ApiError, ApiResult, ProblemBody};
pub use events::{EventHub, Events, LiveEvent, events_routes};
pub use extract::{ApiJson, ApiPath, ApiQuery, Caller, IfMatch, PageQuery, ScopeQuery};
pub use guard::loopback_only;
pub use health::{Health, ReadyCheck, ReadyStatus, health_routes};
pub use idempotency::{Idempotency, idempotency};
pub use observe::{RequestId, observe};
pub use respond::{Created, Paged, Tagged, etag};
pub use server::{ServeError, serve};
