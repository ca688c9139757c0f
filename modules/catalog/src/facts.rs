//! Decides, from everything the sources say about a service, what is in force: the one place where precedence becomes a
//! service, for the catalog and for an analysis of files alone. Pure; knows nothing of files, databases or HTTP.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet, HashSet},
};

use mainstay_kernel::Environment;
use serde_json::{Value, json};

use crate::{
    model::{
        Dependency, DependencyKind, Endpoint, EndpointKind, Fact, Link, ManagedBy, ServiceName, ServiceSpec, Source,
        SourceKind, Tier, field,
    },
    store::storable,
    validate,
};

/// The fields that make up a service, in the order in which changes are reported.
pub(crate) const FIELDS: &[&str] = &[
    field::DESCRIPTION,
    field::OWNER,
    field::TIER,
    field::BASE_URL,
    field::HEALTH_URL,
    field::READINESS_URL,
    field::LIVENESS_URL,
    field::METRICS_URL,
    field::LINK,
    field::DEPENDENCY,
];

/// A service as its facts make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) spec: ServiceSpec,
    pub(crate) managed_by: ManagedBy,
    pub(crate) source: Option<Source>,
    /// Who says so, for each of the dependencies, in their order.
    pub(crate) dependency_sources: Vec<Source>,
}

/// A service where it runs.
pub(crate) type Place = (Environment, ServiceName);

/// A file of the catalog: the environment it was imported into, and its path.
pub(crate) type FileId = (Environment, String);

/// A fact, and the environment its file was imported into: together with the path that is the file's identity.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KnownFact {
    pub(crate) fact: Fact,
    pub(crate) imported_into: Environment,
}

impl KnownFact {
    /// The file the fact comes from; `None` for a person's.
    pub(crate) fn file(&self) -> Option<FileId> {
        let file = self.fact.source.file.clone()?;
        Some((self.imported_into.clone(), file))
    }

    pub(crate) fn is_person(&self) -> bool {
        self.fact.source.kind == SourceKind::Person
    }
}

/// Everything known about one service, the winners first, and what it makes.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) facts: Vec<KnownFact>,
    /// `None` when nothing says any more that the service exists, or a person said that it does not.
    pub(crate) decided: Option<Decided>,
}

impl Group {
    /// Decides one service from all facts about it.
    pub(crate) fn decide(mut facts: Vec<KnownFact>, file_managed: &HashSet<FileId>) -> Self {
        facts.sort_by(|a, b| by_precedence(&a.fact, &b.fact).then_with(|| a.imported_into.cmp(&b.imported_into)));
        let managed = facts
            .iter()
            .any(|known| !known.fact.superseded && known.file().is_some_and(|file| file_managed.contains(&file)));
        let mut plain: Vec<Fact> = facts.iter().map(|known| known.fact.clone()).collect();
        let decided = decide(&mut plain, managed);
        // Both lists were sorted by the same stable order, so the marks belong to the same facts.
        for (known, fact) in facts.iter_mut().zip(plain) {
            known.fact = fact;
        }
        Self { facts, decided }
    }

    /// What the files alone would make of it.
    pub(crate) fn files_say(&self) -> Option<ServiceSpec> {
        let mut facts: Vec<Fact> = self
            .facts
            .iter()
            .filter(|known| !known.is_person())
            .map(|known| known.fact.clone())
            .collect();
        decide(&mut facts, false).map(|decided| decided.spec)
    }

    /// What people said.
    pub(crate) fn person(&self) -> Vec<Fact> {
        let person = self.facts.iter().filter(|known| known.is_person());
        person.map(|known| known.fact.clone()).collect()
    }
}

/// Sorts facts by service and field, the winner first.
pub(crate) fn by_precedence(a: &Fact, b: &Fact) -> Ordering {
    a.service
        .cmp(&b.service)
        .then_with(|| a.field.cmp(&b.field))
        .then_with(|| a.superseded.cmp(&b.superseded))
        .then_with(|| a.source.precedence(&b.source))
}

/// Decides every service that the facts speak of.
pub(crate) fn decide_all(facts: Vec<KnownFact>, file_managed: &HashSet<FileId>) -> BTreeMap<Place, Group> {
    let mut groups: BTreeMap<Place, Vec<KnownFact>> = BTreeMap::new();
    for known in facts {
        groups
            .entry((known.fact.environment.clone(), known.fact.service.clone()))
            .or_default()
            .push(known);
    }
    groups
        .into_iter()
        .map(|(place, facts)| (place, Group::decide(facts, file_managed)))
        .collect()
}

/// Decides one service from all facts about it: sorts them, marks the winners, and makes the service of them. What one file
/// says about one field must come in the order in which it counts. `None` when nothing says that the service exists, or a
/// person said that it does not.
pub(crate) fn decide(facts: &mut [Fact], file_managed: bool) -> Option<Decided> {
    facts.sort_by(by_precedence);
    mark_winners(facts);
    let first = facts.first()?;
    let mut spec = ServiceSpec::named(first.service.clone(), first.environment.clone());
    if !exists(facts) {
        return None;
    }

    let winning = |name: &str| facts.iter().find(|fact| fact.wins && fact.field == name);
    let text = |name: &str| winning(name).and_then(|fact| kept_text(&fact.value));
    spec.description = text(field::DESCRIPTION);
    spec.owner = text(field::OWNER);
    spec.tier = text(field::TIER).and_then(|tier| tier.parse().ok()).unwrap_or_default();
    spec.endpoints = EndpointKind::ALL
        .iter()
        .filter_map(|kind| {
            Some(Endpoint {
                kind: *kind,
                url: text(kind.field())?,
            })
        })
        .collect();
    spec.links = facts
        .iter()
        .filter(|fact| fact.wins && fact.field == field::LINK)
        .filter_map(|fact| serde_json::from_value::<Link>(fact.value.clone()).ok())
        .collect();
    let mut dependencies: BTreeMap<ServiceName, (DependencyKind, Source)> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| fact.wins && fact.field == field::DEPENDENCY) {
        let Ok(dependency) = serde_json::from_value::<Dependency>(fact.value.clone()) else {
            continue;
        };
        if dependency.service == spec.name {
            continue;
        }
        let entry = (dependency.kind, fact.source.clone());
        // Named twice, the harder one counts.
        match dependencies.get_mut(&dependency.service) {
            Some(known) if known.0 <= dependency.kind => {}
            Some(known) => *known = entry,
            None => drop(dependencies.insert(dependency.service, entry)),
        }
    }
    let mut dependency_sources = Vec::with_capacity(dependencies.len());
    for (service, (kind, source)) in dependencies {
        spec.dependencies.push(Dependency { service, kind });
        dependency_sources.push(source);
    }

    // Facts without a name, such as objectives, are about a service that somebody else brought.
    let source = facts
        .iter()
        .find(|fact| fact.field == field::NAME && !fact.superseded && fact.source.kind != SourceKind::Person)
        .map(|fact| fact.source.clone());
    let managed_by = if file_managed {
        ManagedBy::File
    } else if source.is_some() {
        ManagedBy::Import
    } else {
        ManagedBy::Api
    };
    Some(Decided {
        spec,
        managed_by,
        source,
        dependency_sources,
    })
}

/// A service exists when a source that is not superseded names it, or a person edited it; a person's `name: null` says
/// that it shall not.
fn exists(facts: &[Fact]) -> bool {
    let person = |fact: &&Fact| fact.source.kind == SourceKind::Person;
    if facts
        .iter()
        .filter(person)
        .any(|fact| fact.field == field::NAME && fact.value.is_null())
    {
        return false;
    }
    facts.iter().any(|fact| person(&fact)) || facts.iter().any(|fact| fact.field == field::NAME && !fact.superseded)
}

/// Expects the facts of one service sorted by [`by_precedence`].
fn mark_winners(facts: &mut [Fact]) {
    let mut winner: Option<(String, Source)> = None;
    for fact in facts {
        fact.wins = match &winner {
            _ if fact.superseded || !usable(fact) => false,
            Some((name, source)) if *name == fact.field => is_list(name) && source.same_origin(&fact.source),
            _ => true,
        };
        if fact.wins {
            winner = Some((fact.field.clone(), fact.source.clone()));
        }
    }
}

fn is_list(name: &str) -> bool {
    name == field::DEPENDENCY || name == field::LINK
}

/// Whether the value has the shape its field needs; one that has not is shown and never wins. A link that is no web page
/// (`javascript:...`) would run in the dashboard of whoever clicks it.
fn usable(fact: &Fact) -> bool {
    if fact.value.is_null() {
        return true;
    }
    match fact.field.as_str() {
        field::TIER => fact.value.as_str().is_some_and(|text| text.parse::<Tier>().is_ok()),
        field::DEPENDENCY => serde_json::from_value::<Dependency>(fact.value.clone()).is_ok(),
        field::LINK => serde_json::from_value::<Link>(fact.value.clone())
            .is_ok_and(|link| validate::url(&link.url, false).is_none()),
        field::DESCRIPTION | field::OWNER => fact.value.is_string(),
        field::BASE_URL | field::HEALTH_URL | field::READINESS_URL | field::LIVENESS_URL | field::METRICS_URL => fact
            .value
            .as_str()
            .is_some_and(|address| validate::url(address, true).is_none()),
        _ => true,
    }
}

/// The text as it can be kept; nothing for an empty one.
fn kept_text(value: &Value) -> Option<String> {
    let text = storable(value.as_str()?);
    (!text.is_empty()).then_some(text)
}

/// The value of one of [`FIELDS`] in a form that can be compared and shown: text, `null`, or a list of objects.
pub(crate) fn value_of(spec: &ServiceSpec, name: &str) -> Value {
    match name {
        field::DESCRIPTION => json!(spec.description),
        field::OWNER => json!(spec.owner),
        field::TIER => json!(spec.tier),
        field::LINK => json!(spec.links),
        field::DEPENDENCY => json!(spec.dependencies),
        _ => {
            let endpoint = spec.endpoints.iter().find(|endpoint| endpoint.kind.field() == name);
            json!(endpoint.map(|endpoint| &endpoint.url))
        }
    }
}

/// The person's facts after an edit from `before` to `after`.
///
/// A field that the edit leaves alone keeps the person's facts it has. A changed field gets new ones, unless the new value
/// is what the files say anyway: then the person hands it back to them.
pub(crate) fn edited(
    person: &[Fact],
    before: &ServiceSpec,
    after: &ServiceSpec,
    files_say: Option<&ServiceSpec>,
) -> Vec<Fact> {
    let mut facts = vec![person_fact(after, field::NAME, json!(after.name))];
    for name in FIELDS {
        let value = value_of(after, name);
        if value == value_of(before, name) {
            facts.extend(person.iter().filter(|fact| fact.field == *name).cloned());
        } else if files_say.is_none_or(|spec| value_of(spec, name) != value) {
            facts.extend(person_facts(after, name));
        }
    }
    facts
}

/// The person's facts for a new service: one for every field that was given.
pub(crate) fn created(spec: &ServiceSpec, given: &BTreeSet<&str>) -> Vec<Fact> {
    let mut facts = vec![person_fact(spec, field::NAME, json!(spec.name))];
    for name in FIELDS.iter().filter(|name| given.contains(**name)) {
        facts.extend(person_facts(spec, name));
    }
    facts
}

/// The person's fact that says: this service shall not exist, whatever the files say.
pub(crate) fn tombstone(spec: &ServiceSpec) -> Fact {
    person_fact(spec, field::NAME, Value::Null)
}

fn person_facts(spec: &ServiceSpec, name: &str) -> Vec<Fact> {
    match value_of(spec, name) {
        Value::Array(items) if items.is_empty() => vec![person_fact(spec, name, Value::Null)],
        Value::Array(items) => items.into_iter().map(|item| person_fact(spec, name, item)).collect(),
        value => vec![person_fact(spec, name, value)],
    }
}

fn person_fact(spec: &ServiceSpec, name: &str, value: Value) -> Fact {
    Fact {
        service: spec.name.clone(),
        environment: spec.environment.clone(),
        field: name.to_owned(),
        value,
        source: Source::person(),
        wins: false,
        superseded: false,
    }
}

#[cfg(test)]
mod tests;
