//! Whether the catalog knows the service that somebody speaks of. A promise about a service nobody knows would count nothing,
//! and a silence of one would silence nothing, without a word.

use mainstay_catalog::{Fleet, ServiceName};
use mainstay_kernel::Environment;

use crate::alert::Fleets;

/// What is said of a service that the environment does not have; nothing when it has it.
pub(crate) fn missing(fleets: &Fleets, environment: &Environment, service: &ServiceName) -> Option<String> {
    match fleets.get().get(environment) {
        Some(fleet) => fleet.missing(service),
        None => Fleet::empty(environment.clone()).missing(service),
    }
}
