//! Which source wins, what stays visible, and when two names are one service.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{codes, files, import, needs, only, registry, service, url};
use crate::import::{Analysis, FileStatus, ImportOptions, analyse};

const MAINSTAY: &str = "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: web}\nspec: {endpoints: {health: http://mainstay:1/health}, port: 1}";
const SERVICE_LIST: &str = "services: {web: {health_url: http://list:1/health, port: 1}}";
const SERVICE_YAML: &str = "service: {name: web, port: 1, health_url: http://yaml:1/health}";
const COMPOSE: &str =
    "services: {web: {image: w, ports: ['1:1'], healthcheck: {test: 'curl http://localhost:1/health'}}}";
const KUBERNETES: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, ports: [{containerPort: 1}]}]}}}";

fn health(analysis: &Analysis) -> String {
    url(service(analysis, "web"), "health")
}

#[test]
fn sources_win_in_the_documented_order_and_losers_stay_visible() {
    let registry = registry("1", &[("web", 1, &[])]);
    let ranked: Vec<(&str, &str, &str)> = vec![
        ("z-mainstay.yaml", MAINSTAY, "http://mainstay:1/health"),
        ("y-registry.json", &registry, "http://web:1/health"),
        ("x-list.yaml", SERVICE_LIST, "http://list:1/health"),
        ("w-service.yaml", SERVICE_YAML, "http://yaml:1/health"),
        ("v-compose.yml", COMPOSE, "http://localhost:1/health"),
        ("u-kubernetes.yaml", KUBERNETES, ""),
    ];
    for first in 0..ranked.len() {
        let given: Vec<(&str, &str)> = ranked[first..].iter().map(|(path, text, _)| (*path, *text)).collect();
        let analysis = import(&given);
        assert_eq!(health(&analysis), ranked[first].2, "{}", ranked[first].0);
        let facts = analysis.facts.iter().filter(|fact| fact.field == "name");
        assert_eq!(facts.clone().count(), given.len());
        assert_eq!(facts.filter(|fact| fact.wins).count(), 1);
    }
}

#[test]
fn of_several_versions_only_the_newest_speaks() {
    let old = registry("1.9", &[("web", 1, &["gone"]), ("old", 2, &[])]);
    let new = registry("1.10", &[("web", 3, &[])]);
    let analysis = import(&[("b/service_registry.json", &old), ("a/service_registry.json", &new)]);
    assert_eq!(health(&analysis), "http://web:3/health");
    assert_eq!(
        analysis.services.len(),
        1,
        "a service that only an old version has is none"
    );
    let status: Vec<(FileStatus, &str)> = analysis
        .files
        .iter()
        .map(|file| (file.status, file.note.as_str()))
        .collect();
    assert_eq!(
        status,
        [(FileStatus::Read, ""), (FileStatus::Superseded, "superseded by 1.10")]
    );
    let old_facts = analysis
        .facts
        .iter()
        .filter(|fact| fact.source.version.as_deref() == Some("1.9"));
    assert!(old_facts.clone().count() > 0 && old_facts.clone().all(|fact| fact.superseded && !fact.wins));
    // It is judged by itself and compared with nothing; the date of 1.10 in this fixture is earlier.
    let finding = only(&analysis, "undefined-dependency");
    assert_eq!(
        (finding.severity.as_str(), finding.values["superseded_by"].as_str()),
        ("info", Some("1.10"))
    );
    assert_eq!(codes(&analysis), ["version-date", "undefined-dependency"]);
}

#[test]
fn registries_of_one_name_that_describe_other_services_are_two_registries() {
    let shop = registry("1", &[("web", 1, &["api"]), ("api", 2, &[])]);
    let bank = registry("9", &[("ledger", 3, &[]), ("teller", 4, &["ledger"])]);
    let shop_before = registry("0.9", &[("web", 1, &[]), ("api", 2, &[])]);
    let analysis = import(&[
        ("bank/service_registry.json", &bank),
        ("old/service_registry.json", &shop_before),
        ("shop/service_registry.json", &shop),
    ]);
    assert_eq!(analysis.services.len(), 4);
    let notes: Vec<&str> = analysis.files.iter().map(|file| file.note.as_str()).collect();
    assert_eq!(notes, ["", "superseded by 1", ""]);
    assert!(
        !codes(&analysis).contains(&"stale-reference"),
        "{:?}",
        analysis.findings
    );
}

#[test]
fn an_empty_dependency_list_is_a_statement_and_wins() {
    let registry = registry("1", &[("web", 1, &[]), ("db", 2, &[])]);
    let yaml = "service: {name: web, port: 1}\ndependencies:\n  db: {}\n";
    let analysis = import(&[("r.json", &registry), ("web.yaml", yaml)]);
    assert!(needs(service(&analysis, "web")).is_empty());
    assert_eq!(
        only(&analysis, "dependency-drift").values["extra"],
        serde_json::json!(["db"])
    );
}

#[test]
fn names_that_differ_in_case_and_underscores_are_one_service() {
    let analysis = import(&[
        ("r.json", &registry("1", &[("fks_web", 1, &[])])),
        ("c.yml", "services: {FKS-Web: {image: w, ports: ['1:1']}}"),
    ]);
    assert_eq!(analysis.services.len(), 1);
    assert!(codes(&analysis).is_empty());
}

#[test]
fn a_match_by_prefix_container_or_image_is_proposed_and_merged_only_by_an_alias() {
    let registry = registry("1", &[("fks_web", 1, &[]), ("fks_api", 2, &[]), ("fks_db", 3, &[])]);
    let compose = "services:\n  web: {image: x, ports: ['1:1']}\n  front: {container_name: fks_web, image: x}\n  back: {image: 'registry.example:5000/me/fks-api:1@sha256:0'}\n";
    let given = [("r.json", registry.as_str()), ("compose.yml", compose)];
    let analysis = import(&given);
    let proposed: Vec<(&str, &str)> = analysis
        .proposals
        .iter()
        .map(|proposal| (proposal.name.as_str(), proposal.matches.as_str()))
        .collect();
    assert_eq!(
        proposed,
        [("web", "fks-web"), ("front", "fks-web"), ("back", "fks-api")]
    );
    assert_eq!(analysis.services.len(), 6, "nothing is merged by itself");
    let by: Vec<&str> = analysis
        .findings
        .iter()
        .filter_map(|finding| finding.values.get("by")?.as_str())
        .collect();
    assert_eq!(by, ["prefix", "container", "image"]);

    let aliases = BTreeMap::from(
        [("Web", "fks_web"), ("front", "fks_web"), ("back", "fks_api")]
            .map(|(from, to)| (from.to_owned(), to.to_owned())),
    );
    let options = ImportOptions {
        aliases,
        ..ImportOptions::default()
    };
    let analysis = analyse(files(&given), &options);
    assert_eq!(analysis.services.len(), 3);
    assert!(analysis.proposals.is_empty());
}

#[test]
fn equal_files_are_one_source() {
    let registry = registry("1", &[("web", 1, &["gone"])]);
    let analysis = import(&[("b/r.json", &registry), ("a/r.json", &registry)]);
    assert_eq!(only(&analysis, "undefined-dependency").file, "a/r.json");
    assert_eq!(
        (analysis.files[1].status, analysis.files[1].note.as_str()),
        (FileStatus::Superseded, "copy of a/r.json")
    );
}

#[test]
fn defined_twice_in_one_file_the_last_definition_counts_as_a_whole() {
    let document = |owner: &str, needs: &str| {
        format!(
            "apiVersion: mainstay/v1\nkind: Service\nmetadata: {{name: web}}\nspec:\n  owner: {owner}\n  dependencies: [{needs}]\n"
        )
    };
    let others = "---\napiVersion: mainstay/v1\nkind: Service\nmetadata: {name: a}\n---\napiVersion: mainstay/v1\nkind: Service\nmetadata: {name: b}\n";
    let text = format!("{}---\n{}{others}", document("first", "a"), document("last", "b"));
    let analysis = import(&[("m.yaml", &text)]);
    let web = service(&analysis, "web");
    assert_eq!(
        (web.owner.as_deref(), needs(web)),
        (Some("last"), vec!["b:hard".to_owned()])
    );
    assert_eq!(only(&analysis, "duplicate-service").line, 10);
    let owners: Vec<_> = analysis
        .facts
        .iter()
        .filter(|fact| fact.field == "owner")
        .map(|fact| (fact.value.as_str().unwrap(), fact.wins))
        .collect();
    assert_eq!(owners, [("last", true), ("first", false)]);
}

#[test]
fn a_value_that_no_service_can_have_is_shown_and_does_not_win() {
    let mainstay = "apiVersion: mainstay/v1\nkind: Service\nmetadata: {name: web}\nspec: {links: [{title: x, url: 'javascript:alert(1)'}]}";
    let analysis = import(&[("m.yaml", mainstay)]);
    assert!(service(&analysis, "web").links.is_empty());
    let link = analysis.facts.iter().find(|fact| fact.field == "link").unwrap();
    assert!(!link.wins);
}

proptest! {
    #[test]
    fn the_order_of_the_files_does_not_matter(order in Just(vec![0_usize, 1, 2, 3, 4]).prop_shuffle()) {
        let registry = registry("1", &[("web", 2, &["gone"]), ("api", 2, &[])]);
        let all = [
            ("mainstay.yaml", MAINSTAY), ("registry.json", registry.as_str()), ("list.yaml", SERVICE_LIST),
            ("compose.yml", COMPOSE), ("kubernetes.yaml", KUBERNETES),
        ];
        let expected = import(&all);
        let shuffled: Vec<(&str, &str)> = order.iter().map(|index| all[*index]).collect();
        let found = import(&shuffled);
        prop_assert_eq!(&expected.findings, &found.findings);
        prop_assert_eq!(&expected.facts, &found.facts);
        prop_assert_eq!(&expected.files, &found.files);
    }
}
