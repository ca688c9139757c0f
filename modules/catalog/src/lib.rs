//! Know: which services exist, who owns them, what they depend on, and where each fact came from.
//!
//! Owns the services, their facts and the imports that brought them. Never knows whether a service is up, what was
//! promised about it, or who is woken for it: bodies of checks and SLOs found in files are kept, not interpreted.

mod api;
mod declarations;
mod error;
mod facts;
mod fleet;
mod followers;
pub mod import;
mod model;
mod registries;
mod report;
mod service;
mod snapshot;
mod store;
mod validate;

pub use declarations::{DeclarationValidator, refuse_invalid};
pub use error::CatalogError;
pub use fleet::Fleet;
pub use followers::Follower;
pub use model::{
    Declaration, Dependency, DependencyKind, Endpoint, EndpointKind, Fact, InvalidServiceName, Link, ManagedBy,
    Service, ServiceName, ServiceSpec, Source, SourceKind, Tier, UnknownWord, compare_versions, field,
};
pub use report::{
    Change, ChangeKind, DeclarationChange, Import, ImportFinding, ImportId, ImportSummary, OtherPlace, preview,
};
pub use service::{Catalog, Fleets, ImportRequest, NewService, ServiceEdit, SourcedEdge};
pub use store::MIGRATIONS;
