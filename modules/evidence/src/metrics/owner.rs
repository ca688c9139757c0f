//! Whose a series is: by labels, by the name of its file, by names of components inside its own name.

use std::collections::{BTreeMap, BTreeSet};

use super::{Owner, Series, Side};
use crate::{component::of_instance, source::Origin};

/// Names of labels and columns that hold a component, the surest first: what is deployed, then an instance of it, then
/// where it runs. Compared without case and signs.
const COMPONENT: [&str; 26] = [
    "service",
    "servicename",
    "microservice",
    "component",
    "destinationworkload",
    "workload",
    "deployment",
    "app",
    "application",
    "applicationname",
    "pod",
    "podname",
    "k8spodname",
    "k8sdeploymentname",
    "container",
    "containername",
    "kubernetespodname",
    "node",
    "cmdbid",
    "job",
    "instance",
    "instanceid",
    "host",
    "hostname",
    "nodename",
    "server",
];

/// Pairs of labels that hold both ends of an edge: the caller's and the callee's.
const EDGE: [(&str, &str); 9] = [
    ("source", "destination"),
    ("sourceworkload", "destinationworkload"),
    ("sourceservice", "destinationservice"),
    ("sourceapp", "destinationapp"),
    ("caller", "callee"),
    ("client", "server"),
    ("src", "dst"),
    ("from", "to"),
    ("upstream", "downstream"),
];

/// A name without case and signs.
pub fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// How sure a label names a component: the smaller the surer, none when it does not.
pub fn component_rank(label: &str) -> Option<usize> {
    let plain = plain(label);
    COMPONENT.iter().position(|known| *known == plain)
}

/// The owner by labels, which lose what became the owner.
pub fn of_labels(labels: &mut BTreeMap<String, String>) -> Option<(Owner, &'static str)> {
    let plains: Vec<(String, String)> = labels.keys().map(|key| (plain(key), key.clone())).collect();
    let find = |wanted: &str| plains.iter().find(|(plain, _)| plain == wanted).map(|(_, key)| key);
    for (from, to) in EDGE {
        if let (Some(from), Some(to)) = (find(from), find(to)) {
            let seen_by = match find("reporter").and_then(|key| labels.get(key)).map(String::as_str) {
                Some("source" | "client") => Side::Caller,
                Some("destination" | "server") => Side::Callee,
                _ => Side::Unknown,
            };
            let (from, to) = (from.clone(), to.clone());
            let owner = Owner::Edge {
                caller: of_instance(&labels.remove(&from)?).to_owned(),
                callee: of_instance(&labels.remove(&to)?).to_owned(),
                seen_by,
            };
            return Some((owner, "two labels name both ends"));
        }
    }
    let key = plains
        .iter()
        .filter(|(_, key)| labels.get(key).is_some_and(|value| !value.trim().is_empty()))
        .filter_map(|(_, key)| Some((component_rank(key)?, key)))
        .min()
        .map(|(_, key)| key.clone())?;
    let name = labels.remove(&key)?;
    let component = of_instance(name.trim());
    if component != name {
        // The instance stays what tells replicas apart.
        labels.insert(key, name.clone());
    }
    Some((Owner::Component(component.to_owned()), "a label or column names it"))
}

/// Words of file names that are no component.
const GENERIC: [&str; 22] = [
    "metric",
    "metrics",
    "data",
    "all",
    "values",
    "series",
    "timeseries",
    "kpi",
    "kpis",
    "normal",
    "abnormal",
    "anomalous",
    "anomaly",
    "noissue",
    "simple",
    "prometheus",
    "export",
    "query",
    "result",
    "results",
    "samples",
    "test",
];

/// The stem of a source's name: without folders, endings and words like `_metric`.
pub fn stem(origin: &Origin) -> &str {
    let name = origin.member.as_deref().unwrap_or(&origin.file);
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let mut stem = name;
    while let Some((head, end)) = stem.rsplit_once('.') {
        let known = ["csv", "tsv", "txt", "json", "jsonl", "ndjson", "gz", "zst", "prom"].contains(&end);
        if !known || head.is_empty() {
            break;
        }
        stem = head;
    }
    for end in ["metrics", "metric", "kpi", "data"] {
        if let Some(head) = stem
            .strip_suffix(end)
            .and_then(|head| head.strip_suffix(['_', '-', '.']))
            && !head.is_empty()
        {
            return head;
        }
    }
    stem
}

/// The component that the name of a file names, unless it is an ordinary word.
pub fn of_file(origin: &Origin) -> Option<Owner> {
    let stem = stem(origin);
    let words = super::role::words(stem);
    let ordinary = words
        .iter()
        .all(|word| GENERIC.contains(&word.as_str()) || word.bytes().all(|byte| byte.is_ascii_digit()));
    (!ordinary && stem != "-").then(|| Owner::Component(of_instance(stem).to_owned()))
}

/// Which side a file of edges was measured on, by its name.
fn side(stem: &str) -> Side {
    let lower = stem.to_ascii_lowercase();
    if ["source", "caller", "client"].iter().any(|word| lower.contains(word)) {
        Side::Caller
    } else if ["destination", "callee", "server"]
        .iter()
        .any(|word| lower.contains(word))
    {
        Side::Callee
    } else {
        Side::Unknown
    }
}

/// Whether the name is `CALLER_CALLEE`, both known.
pub fn edge(name: &str, stem: &str, known: &BTreeSet<String>) -> Option<Owner> {
    name.char_indices()
        .filter(|(_, letter)| matches!(letter, '_' | '/' | ':' | '>' | '-' | '|'))
        .find_map(|(at, letter)| {
            let from = name[..at].trim_end_matches(['-', '=', ' ']);
            let to = name[at + letter.len_utf8()..].trim_start_matches(['>', ' ']);
            (known.contains(from) && known.contains(to)).then(|| Owner::Edge {
                caller: from.to_owned(),
                callee: to.to_owned(),
                seen_by: side(stem),
            })
        })
}

/// A component by another spelling: `Frontend` is `frontend` where only that has instances.
pub fn respell(series: &mut Series, instances: &BTreeMap<String, String>) {
    if let Owner::Component(name) = &series.owner
        && let Some(known) = instances.get(&name.to_lowercase())
        && known != name
    {
        series.owner = Owner::Component(known.clone());
        series.reasons.owner = "it is named so but for the case of letters".into();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_after_its_component() {
        let stem_of = |name: &str| stem(&Origin::file(name)).to_owned();
        assert_eq!(
            stem_of("day/cart-675f68bb96-2kq8z_metric.csv.gz"),
            "cart-675f68bb96-2kq8z"
        );
        assert_eq!(stem_of("source_50.csv"), "source_50");
        assert_eq!(
            of_file(&Origin::file("day/cart-675f68bb96-2kq8z_metric.csv.gz")),
            Some(Owner::Component("cart".into()))
        );
        assert_eq!(of_file(&Origin::file("simple_metrics.csv")), None);
        assert_eq!(of_file(&Origin::file("noissue/metrics.csv")), None);
    }

    #[test]
    fn labels_name_a_component_or_both_ends_of_an_edge() {
        let labels = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let mut pod = labels(&[("instance", "10.0.0.1:9090"), ("pod", "cart-675f68bb96-2kq8z")]);
        assert_eq!(
            of_labels(&mut pod).map(|(owner, _)| owner),
            Some(Owner::Component("cart".into()))
        );
        assert_eq!(pod.len(), 2, "the instance stays");
        let mut mesh = labels(&[
            ("source_workload", "front"),
            ("destination_workload", "cart"),
            ("reporter", "destination"),
        ]);
        let edge = Owner::Edge {
            caller: "front".into(),
            callee: "cart".into(),
            seen_by: Side::Callee,
        };
        assert_eq!(of_labels(&mut mesh).map(|(owner, _)| owner), Some(edge));
        assert_eq!(of_labels(&mut labels(&[("zone", "a")])), None);
    }

    #[test]
    fn an_edge_is_two_known_names() {
        let known = ["front", "cart_db", "cart"].map(str::to_owned).into();
        let expected = Owner::Edge {
            caller: "front".into(),
            callee: "cart_db".into(),
            seen_by: Side::Caller,
        };
        assert_eq!(edge("front_cart_db", "source_50", &known), Some(expected));
        assert_eq!(edge("front_other", "source_50", &known), None);
    }
}
