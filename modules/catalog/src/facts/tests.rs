//! What wins, by example and by property.

use proptest::prelude::*;

use super::*;
use crate::registries::mark_superseded;

fn fact(kind: SourceKind, file: &str, version: Option<&str>, name: &str, value: Value) -> Fact {
    Fact {
        service: ServiceName::parse("api").unwrap(),
        environment: Environment::production(),
        field: name.to_owned(),
        value,
        source: Source {
            kind,
            file: (kind != SourceKind::Person).then(|| file.to_owned()),
            line: None,
            version: version.map(str::to_owned),
        },
        wins: false,
        superseded: false,
    }
}

fn decide_now(facts: &mut [Fact]) -> Option<Decided> {
    decide(facts, false)
}

fn known(fact: Fact) -> KnownFact {
    KnownFact {
        fact,
        imported_into: Environment::production(),
    }
}

fn needs(name: &str) -> Value {
    json!({"service": name, "kind": "hard"})
}

#[test]
fn the_registry_beats_compose_and_the_loser_stays_visible() {
    let mut facts = vec![
        fact(SourceKind::Compose, "compose.yml", None, field::OWNER, json!("ops")),
        fact(
            SourceKind::Registry,
            "registry.json",
            Some("1.0"),
            field::NAME,
            json!("fks_api"),
        ),
        fact(
            SourceKind::Registry,
            "registry.json",
            Some("1.0"),
            field::OWNER,
            json!("platform"),
        ),
    ];
    let decided = decide_now(&mut facts).unwrap();
    assert_eq!(decided.spec.owner.as_deref(), Some("platform"));
    assert_eq!(decided.managed_by, ManagedBy::Import);
    let owners: Vec<_> = facts
        .iter()
        .filter(|fact| fact.field == field::OWNER)
        .map(|fact| fact.wins)
        .collect();
    assert_eq!(owners, [true, false]);
}

#[test]
fn the_winners_dependencies_replace_those_of_all_others() {
    let mut facts = vec![
        fact(
            SourceKind::Compose,
            "compose.yml",
            None,
            field::DEPENDENCY,
            needs("app"),
        ),
        fact(SourceKind::Registry, "r.json", None, field::NAME, json!("api")),
        fact(SourceKind::Registry, "r.json", None, field::DEPENDENCY, needs("data")),
        fact(SourceKind::Registry, "r.json", None, field::DEPENDENCY, needs("auth")),
    ];
    let decided = decide_now(&mut facts).unwrap();
    let names: Vec<_> = decided
        .spec
        .dependencies
        .iter()
        .map(|dependency| dependency.service.as_str())
        .collect();
    assert_eq!(names, ["auth", "data"]);
    assert_eq!(decided.dependency_sources.len(), 2);
}

#[test]
fn saying_that_there_are_none_is_a_statement() {
    let mut facts = vec![
        fact(SourceKind::Mainstay, "a.yaml", None, field::NAME, json!("api")),
        fact(SourceKind::Mainstay, "a.yaml", None, field::DEPENDENCY, Value::Null),
        fact(
            SourceKind::Compose,
            "compose.yml",
            None,
            field::DEPENDENCY,
            needs("app"),
        ),
    ];
    assert!(decide_now(&mut facts).unwrap().spec.dependencies.is_empty());
}

#[test]
fn an_older_version_of_a_registry_never_wins_and_alone_makes_no_service() {
    let mut facts = vec![
        fact(
            SourceKind::Registry,
            "old/registry.json",
            Some("1.9"),
            field::NAME,
            json!("api"),
        ),
        fact(
            SourceKind::Registry,
            "new/registry.json",
            Some("1.10"),
            "other",
            json!(1),
        ),
    ];
    let mut known: Vec<_> = facts.drain(..).map(known).collect();
    mark_superseded(&mut known);
    assert!(known[0].fact.superseded);
    assert_eq!(Group::decide(known, &HashSet::new()).decided, None);
}

#[test]
fn a_value_of_the_wrong_shape_never_wins() {
    let mut facts = vec![
        fact(SourceKind::Mainstay, "a.yaml", None, field::NAME, json!("api")),
        fact(SourceKind::Mainstay, "a.yaml", None, field::TIER, json!("urgent")),
        fact(SourceKind::Registry, "r.json", None, field::TIER, json!("high")),
        fact(
            SourceKind::Mainstay,
            "a.yaml",
            None,
            field::LINK,
            json!({"title": "x", "url": "javascript:alert(1)"}),
        ),
        fact(
            SourceKind::Mainstay,
            "a.yaml",
            None,
            field::HEALTH_URL,
            json!("/health"),
        ),
    ];
    let spec = decide_now(&mut facts).unwrap().spec;
    assert_eq!((spec.tier, spec.links.len(), spec.endpoints.len()), (Tier::High, 0, 0));
}

#[test]
fn what_a_person_deleted_stays_away_whatever_the_files_say() {
    let mut facts = vec![fact(SourceKind::Registry, "r.json", None, field::NAME, json!("api"))];
    let spec = decide_now(&mut facts).unwrap().spec;
    facts.push(tombstone(&spec));
    assert_eq!(decide_now(&mut facts), None);
}

#[test]
fn a_file_under_version_control_manages_its_services() {
    let facts = vec![known(fact(
        SourceKind::Mainstay,
        "fleet.yaml",
        None,
        field::NAME,
        json!("api"),
    ))];
    let managed = HashSet::from([(Environment::production(), "fleet.yaml".to_owned())]);
    let decided = Group::decide(facts.clone(), &managed).decided.unwrap();
    assert_eq!(decided.managed_by, ManagedBy::File);
    let elsewhere = HashSet::from([("staging".parse().unwrap(), "fleet.yaml".to_owned())]);
    assert_eq!(
        Group::decide(facts, &elsewhere).decided.unwrap().managed_by,
        ManagedBy::Import
    );
}

#[test]
fn two_files_of_one_version_stay_as_their_import_saw_them() {
    let mut facts: Vec<_> = ["a/registry.json", "b/registry.json"]
        .map(|file| known(fact(SourceKind::Registry, file, Some("1.0"), field::NAME, json!("api"))))
        .into();
    facts[0].fact.superseded = true;
    mark_superseded(&mut facts);
    assert_eq!(
        facts.iter().map(|known| known.fact.superseded).collect::<Vec<_>>(),
        [true, false]
    );
    facts.pop();
    mark_superseded(&mut facts);
    assert!(!facts[0].fact.superseded, "the only one left is in force again");
}

#[test]
fn an_edit_back_to_what_the_files_say_hands_the_field_back() {
    let files = vec![
        fact(SourceKind::Registry, "r.json", None, field::NAME, json!("api")),
        fact(SourceKind::Registry, "r.json", None, field::OWNER, json!("a")),
    ];
    let said = decide_now(&mut files.clone()).unwrap().spec;
    let changed = ServiceSpec {
        owner: Some("b".to_owned()),
        ..said.clone()
    };
    let person = edited(&[], &said, &changed, Some(&said));
    assert!(person.iter().any(|fact| fact.field == field::OWNER));
    let back = edited(&person, &changed, &said, Some(&said));
    assert!(back.iter().all(|fact| fact.field == field::NAME));
}

fn specs() -> impl Strategy<Value = ServiceSpec> {
    let text = || prop::option::of("[a-z]{1,6}");
    let url = || prop::option::of("http://[a-z]{1,4}/");
    let dependencies = prop::collection::btree_map("[b-f]", prop::bool::ANY, 0..4);
    (text(), text(), 0..Tier::ALL.len(), url(), url(), dependencies).prop_map(
        |(owner, description, tier, health, base, dependencies)| {
            let mut spec = ServiceSpec::named(ServiceName::parse("a").unwrap(), Environment::production());
            spec.owner = owner;
            spec.description = description;
            spec.tier = Tier::ALL[tier];
            spec.endpoints = [(EndpointKind::Health, health), (EndpointKind::Base, base)]
                .into_iter()
                .filter_map(|(kind, url)| Some(Endpoint { kind, url: url? }))
                .collect();
            spec.dependencies = dependencies
                .into_iter()
                .map(|(name, hard)| Dependency {
                    service: ServiceName::parse(&name).unwrap(),
                    kind: if hard {
                        DependencyKind::Hard
                    } else {
                        DependencyKind::Soft
                    },
                })
                .collect();
            spec
        },
    )
}

/// What a file with exactly this service says.
fn stated(spec: &ServiceSpec) -> Vec<Fact> {
    let given = FIELDS.iter().copied().collect();
    let mut facts = created(spec, &given);
    for fact in &mut facts {
        fact.source = Source::file(SourceKind::Registry, "r.json", None);
    }
    facts
}

proptest! {
    #[test]
    fn what_a_person_edits_is_what_comes_out(file in specs(), edit in specs()) {
        let mut facts = stated(&file);
        prop_assert_eq!(&decide_now(&mut facts).unwrap().spec, &file);
        facts.extend(edited(&[], &file, &edit, Some(&file)));
        prop_assert_eq!(&decide_now(&mut facts).unwrap().spec, &edit);
    }

    #[test]
    fn no_later_import_changes_a_field_a_person_edited(first in specs(), edit in specs(), second in specs()) {
        let person = edited(&[], &first, &edit, Some(&first));
        let mut facts = stated(&second);
        facts.extend(person);
        let after = decide_now(&mut facts).unwrap().spec;
        for name in FIELDS {
            let expected = if value_of(&edit, name) == value_of(&first, name) { &second } else { &edit };
            prop_assert_eq!(value_of(&after, name), value_of(expected, name), "{}", name);
        }
    }

    #[test]
    fn the_order_in_which_facts_arrive_does_not_matter(first in specs(), second in specs(), flip in prop::bool::ANY) {
        let mut compose = stated(&second);
        for fact in &mut compose {
            fact.source = Source::file(SourceKind::Compose, "compose.yml", None);
        }
        let (mut one, mut two) = (stated(&first), compose);
        if flip {
            std::mem::swap(&mut one, &mut two);
        }
        one.extend(two);
        prop_assert_eq!(decide_now(&mut one).unwrap().spec, first);
    }
}
