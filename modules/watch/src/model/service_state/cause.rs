//! Which service stands behind the trouble of another. The one rule for it, for the states of services and for the alerts that
//! are folded under the alert of their cause (`docs/adr/0005-one-root-alert.md`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why a service is degraded, or what stands behind its being down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Cause {
    /// The service that is down and has nothing down below it.
    #[schema(value_type = String, example = "data")]
    pub service: ServiceName,
    /// The shortest way there over hard dependencies, both ends included.
    #[schema(value_type = Vec<String>, example = json!(["web", "api", "data"]))]
    pub path: Vec<ServiceName>,
}

/// Which of several services that are down comes first: the one whose failing streak began first; names break a tie, so that
/// the choice never flips.
pub type Precedence = (Option<Timestamp>, ServiceName);

/// The service behind the trouble of `service`: among it and everything it cannot work without, the deepest one that is down.
/// Where several are equally deep, because they need each other (a cycle) or have nothing to do with each other, it is the one
/// that comes first by [`Precedence`].
///
/// `needs` answers everything a service cannot work without, directly or through others; `failing_since` answers nothing for
/// a service that is not down, and otherwise since when it fails, as far as that is known.
pub fn root_cause(
    service: &ServiceName,
    needs: impl Fn(&ServiceName) -> Vec<ServiceName>,
    failing_since: impl Fn(&ServiceName) -> Option<Option<Timestamp>>,
) -> Option<ServiceName> {
    let mut below: BTreeSet<ServiceName> = needs(service).into_iter().collect();
    below.insert(service.clone());
    let down: BTreeMap<ServiceName, Option<Timestamp>> = below
        .into_iter()
        .filter_map(|candidate| failing_since(&candidate).map(|since| (candidate, since)))
        .collect();
    if down.len() < 2 {
        return down.into_keys().next();
    }
    let needed: BTreeMap<&ServiceName, BTreeSet<ServiceName>> = down
        .keys()
        .map(|candidate| {
            let below = needs(candidate).into_iter();
            let others = below.filter(|other| other != candidate && down.contains_key(other));
            (candidate, others.collect())
        })
        .collect();
    let need_each_other =
        |one: &ServiceName, other: &ServiceName| needed.get(other).is_some_and(|back| back.contains(one));
    let deepest = needed
        .iter()
        .filter(|(candidate, below)| below.iter().all(|other| need_each_other(candidate, other)));
    let first: Option<Precedence> = deepest
        .map(|(candidate, _)| (down.get(*candidate).copied().flatten(), (*candidate).clone()))
        .min();
    first.map(|(_, root)| root)
}

/// Why a service with this cause is degraded.
pub(super) fn degraded_words(cause: &Cause) -> String {
    let way: Vec<&str> = cause.path.iter().map(ServiceName::as_str).collect();
    if way.len() > 2 {
        format!("needs {}, which is down ({})", cause.service, way.join(" → "))
    } else {
        format!("needs {}, which is down", cause.service)
    }
}
