//! Know: which services exist, who owns them, what they depend on, and where each fact came from.
//!
//! Owns the services, their facts and the imports that brought them. Never knows whether a service is up, what was
//! promised about it, or who is woken for it: bodies of checks and SLOs found in files are kept, not interpreted.

mod fleet;
mod model;

pub use fleet::Fleet;
pub use model::{
    Declaration, Dependency, DependencyKind, Endpoint, EndpointKind, Fact, InvalidServiceName, Link, ManagedBy, Service,
    ServiceName, ServiceSpec, Source, SourceKind, Tier, UnknownWord, compare_versions, field,
};
