//! Manifests of Kubernetes: paths begin with what is configured, and what the cluster adds by itself is left out.

use crate::{
    changes::{owner::without_end, settings::Found},
    component::of_instance,
};

/// What the cluster writes, not people.
const WRITTEN_BY_CLUSTER: [&str; 8] = [
    "status.",
    "metadata.resourceVersion",
    "metadata.uid",
    "metadata.generation",
    "metadata.creationTimestamp",
    "metadata.managedFields",
    "metadata.selfLink",
    "metadata.annotations.kubectl.kubernetes.io/last-applied-configuration",
];

/// Rewrites the values of one document, which begin at `first`.
pub(super) fn keyed(found: &mut Vec<Found>, first: usize, document: usize) {
    let own = |path: &str| {
        found[first..]
            .iter()
            .find(|found| found.path == path)
            .map(|found| found.text.clone())
    };
    let (kind, name) = (own("kind"), own("metadata.name"));
    if own("apiVersion").is_none()
        && document == 0
        && !found[first..].iter().any(|found| found.path.starts_with("services."))
    {
        return;
    }
    match (kind.as_deref(), name) {
        (Some(kind), Some(name)) => {
            let prefix = format!("{kind}/{}/{name}", own("metadata.namespace").unwrap_or_default());
            prefixed(found, first, &prefix, &name);
        }
        (Some("List"), _) => {
            for value in &mut found[first..] {
                let Some((identity, rest)) = value.path.strip_prefix("items[").and_then(|rest| rest.split_once("]."))
                else {
                    continue;
                };
                value.component = identity
                    .rsplit('/')
                    .next()
                    .map(|name| without_end(of_instance(name)).to_owned());
                value.path = format!("{identity}:{rest}");
            }
            found.retain(|value| !value.path.split_once(':').is_some_and(|(_, rest)| is_clusters(rest)));
        }
        _ => {
            for value in &mut found[first..] {
                // Compose files name a service after `services`.
                value.component = value
                    .path
                    .strip_prefix("services.")
                    .and_then(|rest| rest.split('.').next())
                    .map(str::to_owned);
                if document > 0 {
                    value.path = format!("document {}:{}", document + 1, value.path);
                }
            }
        }
    }
}

fn prefixed(found: &mut Vec<Found>, first: usize, prefix: &str, name: &str) {
    let mut place = 0;
    found.retain(|value| {
        place += 1;
        place <= first || !is_clusters(&value.path)
    });
    for value in found.iter_mut().skip(first) {
        value.path = format!("{prefix}:{}", value.path);
        value.component = Some(without_end(of_instance(name)).to_owned());
    }
}

fn is_clusters(path: &str) -> bool {
    WRITTEN_BY_CLUSTER.iter().any(|written| path.starts_with(written))
}
