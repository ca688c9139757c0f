//! The fleet against a naive reading of the same graph.

use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::{ManagedBy, Tier};

fn name(at: usize) -> ServiceName {
    ServiceName::parse(&format!("s{at:05}")).unwrap()
}

fn named(text: &str) -> ServiceName {
    ServiceName::parse(text).unwrap()
}

fn service(name: ServiceName, dependencies: Vec<Dependency>) -> Service {
    Service {
        name,
        description: None,
        owner: None,
        tier: Tier::Standard,
        environment: Environment::production(),
        links: Vec::new(),
        endpoints: Vec::new(),
        dependencies,
        managed_by: ManagedBy::Api,
        source: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        version: 1,
    }
}

fn fleet_of(count: usize, edges: &[(usize, usize, DependencyKind)]) -> Fleet {
    let services = (0..count)
        .map(|from| {
            let dependencies = edges
                .iter()
                .filter(|edge| edge.0 == from)
                .map(|edge| Dependency {
                    service: name(edge.1),
                    kind: edge.2,
                })
                .collect();
            service(name(from), dependencies)
        })
        .collect();
    Fleet::new(Environment::production(), 1, services)
}

fn small(edges: &[(&str, &str, DependencyKind)]) -> Fleet {
    let names: BTreeSet<&str> = edges.iter().flat_map(|edge| [edge.0, edge.1]).collect();
    let services = names
        .into_iter()
        .map(|from| {
            let dependencies = edges
                .iter()
                .filter(|edge| edge.0 == from)
                .map(|edge| Dependency {
                    service: named(edge.1),
                    kind: edge.2,
                })
                .collect();
            service(named(from), dependencies)
        })
        .collect();
    Fleet::new(Environment::production(), 1, services)
}

use DependencyKind::{Hard, Soft};

fn texts(names: &[ServiceName]) -> Vec<&str> {
    names.iter().map(ServiceName::as_str).collect()
}

#[test]
fn the_path_names_both_ends_and_is_the_shortest() {
    let fleet = small(&[
        ("web", "api", Hard),
        ("api", "data", Hard),
        ("web", "app", Hard),
        ("app", "api", Hard),
        ("web", "data", Soft),
    ]);
    let path = fleet.hard_path(&named("web"), &named("data")).unwrap();
    assert_eq!(texts(&path), ["web", "api", "data"]);
    assert_eq!(texts(&fleet.hard_path(&named("web"), &named("web")).unwrap()), ["web"]);
    assert_eq!(fleet.hard_path(&named("data"), &named("web")), None);
    assert_eq!(fleet.hard_path(&named("web"), &named("nobody")), None);
}

#[test]
fn direct_neighbours_are_told_apart_by_kind() {
    let fleet = small(&[("web", "api", Hard), ("monitor", "api", Soft), ("api", "data", Hard)]);
    assert_eq!(texts(fleet.dependants(&named("api"))), ["web"]);
    assert_eq!(texts(fleet.soft_dependants(&named("api"))), ["monitor"]);
    assert_eq!(texts(fleet.hard_dependencies(&named("api"))), ["data"]);
    assert_eq!(texts(fleet.soft_dependencies(&named("monitor"))), ["api"]);
    assert!(fleet.hard_dependencies(&named("nobody")).is_empty());
}

#[test]
fn a_missing_service_is_named_with_the_one_that_was_probably_meant() {
    let fleet = small(&[("web", "payments-api", DependencyKind::Hard)]);
    assert_eq!(fleet.missing(&named("web")), None);
    assert_eq!(
        fleet.missing(&named("paymnets-api")).as_deref(),
        Some("there is no service `paymnets-api` in production (did you mean `payments-api`?)")
    );
    assert_eq!(
        fleet.missing(&named("mail")).as_deref(),
        Some("there is no service `mail` in production")
    );
}

#[test]
fn a_dependency_on_an_unknown_name_is_listed_and_is_no_edge() {
    let api = service(
        named("api"),
        vec![Dependency {
            service: named("auth"),
            kind: Hard,
        }],
    );
    let fleet = Fleet::new(Environment::production(), 1, vec![api]);
    assert!(fleet.hard_dependencies(&named("api")).is_empty());
    assert_eq!(fleet.undefined_dependencies()[0].1.service, named("auth"));
}

#[test]
fn a_cycle_that_needs_a_soft_edge_is_found_and_an_all_soft_one_is_harmless() {
    let fleet = small(&[
        ("main", "monitor", Hard),
        ("monitor", "main", Soft),
        ("monitor", "api", Soft),
    ]);
    assert_eq!(fleet.cycles().len(), 1);
    assert_eq!(texts(&fleet.cycles()[0]), ["main", "monitor"]);
    assert!(small(&[("a", "b", Soft), ("b", "a", Soft)]).cycles().is_empty());
    assert!(small(&[("a", "a", Hard)]).cycles().is_empty());
}

#[test]
fn a_cycle_begins_with_its_first_member_by_name() {
    let fleet = small(&[("c", "a", Hard), ("a", "b", Hard), ("b", "c", Hard), ("x", "c", Hard)]);
    assert_eq!(texts(&fleet.cycles()[0]), ["a", "b", "c"]);
    let reached: Vec<_> = fleet.transitive_hard(&named("a")).map(ServiceName::as_str).collect();
    assert_eq!(reached, ["b", "c"], "the service itself is not among what it needs");
}

#[test]
fn a_chain_of_ten_thousand_services_is_built_and_walked_without_overflowing() {
    let services = (0..10_000)
        .map(|at| {
            let next = Dependency {
                service: name((at + 1) % 10_000),
                kind: Hard,
            };
            service(name(at), vec![next])
        })
        .collect();
    let fleet = Fleet::new(Environment::production(), 1, services);
    assert_eq!(fleet.transitive_hard(&name(0)).count(), 9_999);
    assert_eq!(fleet.hard_path(&name(0), &name(9_999)).unwrap().len(), 10_000);
    assert_eq!(fleet.cycles().len(), 1);
    assert_eq!(fleet.cycles()[0].len(), 10_000);
}

fn graphs() -> impl Strategy<Value = (usize, Vec<(usize, usize, DependencyKind)>)> {
    (1_usize..9).prop_flat_map(|count| {
        let kind = prop_oneof![3 => Just(Hard), 1 => Just(Soft)];
        let edges = prop::collection::btree_map((0..count, 0..count), kind, 0..20);
        (
            Just(count),
            edges.prop_map(|edges| edges.into_iter().map(|((a, b), kind)| (a, b, kind)).collect()),
        )
    })
}

/// Floyd and Warshall: the number of steps between any two, by brute force.
#[expect(clippy::needless_range_loop, reason = "the indices are the ends of an edge")]
fn distances(count: usize, edges: impl Iterator<Item = (usize, usize)>) -> Vec<Vec<Option<usize>>> {
    let mut distance = vec![vec![None; count]; count];
    for (from, to) in edges {
        distance[from][to] = Some(1);
    }
    for at in 0..count {
        distance[at][at] = Some(0);
    }
    for via in 0..count {
        for from in 0..count {
            for to in 0..count {
                if let (Some(a), Some(b)) = (distance[from][via], distance[via][to]) {
                    distance[from][to] = Some(distance[from][to].map_or(a + b, |old: usize| old.min(a + b)));
                }
            }
        }
    }
    distance
}

proptest! {
    #[test]
    #[expect(clippy::needless_range_loop, reason = "the indices are the ends of an edge")]
    fn closure_and_paths_agree_with_brute_force((count, edges) in graphs()) {
        let fleet = fleet_of(count, &edges);
        let hard = edges.iter().filter(|edge| edge.2 == Hard).map(|edge| (edge.0, edge.1));
        let distance = distances(count, hard);
        for from in 0..count {
            let closure: BTreeSet<_> = fleet.transitive_hard(&name(from)).cloned().collect();
            let expected: BTreeSet<_> = (0..count)
                .filter(|to| *to != from && distance[from][*to].is_some())
                .map(name)
                .collect();
            prop_assert_eq!(closure, expected);
            for to in 0..count {
                let path = fleet.hard_path(&name(from), &name(to));
                prop_assert_eq!(path.as_ref().map(|path| path.len() - 1), distance[from][to]);
                for step in path.iter().flat_map(|path| path.windows(2)) {
                    prop_assert!(fleet.hard_dependencies(&step[0]).contains(&step[1]));
                }
                let needs = fleet.transitive_hard(&name(from)).any(|other| *other == name(to));
                let needed = fleet.transitive_dependants(&name(to)).any(|other| *other == name(from));
                prop_assert_eq!(needs, needed);
            }
        }
    }

    #[test]
    fn there_is_a_listed_cycle_exactly_for_each_group_with_a_hard_edge_in_a_ring((count, edges) in graphs()) {
        let fleet = fleet_of(count, &edges);
        let every = distances(count, edges.iter().map(|edge| (edge.0, edge.1)));
        let mutual = |a: usize, b: usize| every[a][b].is_some() && every[b][a].is_some();
        let groups: BTreeSet<Vec<usize>> = edges
            .iter()
            .filter(|edge| edge.2 == Hard && edge.0 != edge.1 && mutual(edge.0, edge.1))
            .map(|edge| (0..count).filter(|other| mutual(edge.0, *other)).collect())
            .collect();
        prop_assert_eq!(fleet.cycles().len(), groups.len());
        for cycle in fleet.cycles() {
            let mut has_hard = false;
            for at in 0..cycle.len() {
                let (from, to) = (&cycle[at], &cycle[(at + 1) % cycle.len()]);
                let is_hard = fleet.hard_dependencies(from).contains(to);
                prop_assert!(is_hard || fleet.soft_dependencies(from).contains(to));
                has_hard |= is_hard;
            }
            prop_assert!(has_hard);
        }
    }
}
