//! What an import will change: from the facts that are known, the facts the files give and the services that exist, to the
//! services that shall exist and the difference between the two. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;
use mainstay_kernel::Environment;
use serde_json::{Value, json};

use super::edit::stored;
use crate::{
    facts::{FIELDS, FileId, Group, KnownFact, Place, decide_all, value_of},
    model::{Dependency, Fact, ServiceName, field},
    registries::mark_superseded,
    report::{Change, ChangeKind, difference},
    store::StoredService,
};

/// What is known before an import, and what it brings.
pub(super) struct Input {
    /// Every fact that is kept.
    pub(super) known: Vec<KnownFact>,
    /// Every service that is kept.
    pub(super) services: Vec<StoredService>,
    /// The facts of the files.
    pub(super) incoming: Vec<Fact>,
    /// The environment the files are imported into.
    pub(super) into: Environment,
    /// The files whose old facts the incoming ones replace: those given, and those that are gone.
    pub(super) replaced: HashSet<FileId>,
    /// Names that from now on mean another service.
    pub(super) renames: BTreeMap<ServiceName, ServiceName>,
    /// The files under version control.
    pub(super) file_managed: HashSet<FileId>,
    /// The time of the import.
    pub(super) now: Timestamp,
}

/// What to write, and what to tell.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The facts to insert, with their final marks.
    pub(super) insert: Vec<Fact>,
    /// Files that were not given and whose facts are among those to insert, because a name in them means another service
    /// now.
    pub(super) rewritten: BTreeSet<String>,
    /// Files that stay as they are and whose facts are now replaced by a newer version, or no longer so.
    pub(super) superseded: BTreeMap<FileId, bool>,
    /// Services to insert or replace.
    pub(super) put: Vec<StoredService>,
    /// Services to delete.
    pub(super) delete: Vec<Place>,
    /// The difference, by service.
    pub(super) changes: Vec<Change>,
    /// All services there will be.
    pub(super) after: BTreeSet<Place>,
}

pub(super) fn plan(input: Input) -> Plan {
    let Input {
        mut known,
        services,
        incoming,
        into,
        replaced,
        renames,
        file_managed,
        now,
    } = input;
    let mut rewritten = BTreeSet::new();
    for known in known.iter_mut().filter(|known| known.imported_into == into) {
        if let Some((_, path)) = known.file()
            && rename(&mut known.fact, &renames)
        {
            rewritten.insert(path);
        }
    }
    let had_files: HashSet<Place> = known
        .iter()
        .filter(|known| !known.is_person())
        .map(|known| (known.fact.environment.clone(), known.fact.service.clone()))
        .collect();
    known.retain(|known| known.file().is_none_or(|file| !replaced.contains(&file)));
    rewritten.retain(|path| !replaced.contains(&(into.clone(), path.clone())));
    let marks_before: HashMap<FileId, bool> = marks(&known).collect();

    let kept = known.len();
    known.extend(incoming.into_iter().map(|fact| KnownFact {
        fact,
        imported_into: into.clone(),
    }));
    mark_superseded(&mut known);
    let is_rewritten = |known: &KnownFact| {
        known.imported_into == into && known.file().is_some_and(|(_, path)| rewritten.contains(&path))
    };
    let insert = known
        .iter()
        .enumerate()
        .filter(|(at, known)| *at >= kept || is_rewritten(known))
        .map(|(_, known)| known.fact.clone())
        .collect();
    let superseded = marks(known.get(..kept).unwrap_or_default())
        .filter(|(file, mark)| marks_before.get(file) != Some(mark))
        .collect();

    let groups = decide_all(known, &file_managed);
    let mut before: BTreeMap<Place, StoredService> = services
        .into_iter()
        .map(|stored| {
            (
                (stored.service.environment.clone(), stored.service.name.clone()),
                stored,
            )
        })
        .collect();
    let mut plan = Plan {
        insert,
        rewritten,
        superseded,
        ..Plan::default()
    };
    let mut changes: BTreeMap<Place, Vec<Change>> = BTreeMap::new();
    for (place, group) in groups {
        let old = before.remove(&place);
        let mut told = kept_by_people(&group, &into, &replaced, had_files.contains(&place));
        match (&group.decided, old) {
            (Some(decided), old) => {
                plan.after.insert(place.clone());
                told.extend(difference(
                    old.as_ref().map(|old| old.service.spec()).as_ref(),
                    Some(&decided.spec),
                ));
                let new = stored(decided.clone(), old.as_ref(), now);
                if old.is_none_or(|old| !same(&old, &new)) {
                    plan.put.push(new);
                }
            }
            (None, Some(old)) => {
                told.extend(difference(Some(&old.service.spec()), None));
                plan.delete.push(place.clone());
            }
            (None, None) => {}
        }
        changes.insert(place, told);
    }
    for (place, old) in before {
        changes.insert(place.clone(), difference(Some(&old.service.spec()), None));
        plan.delete.push(place);
    }
    plan.changes = changes.into_values().flatten().collect();
    plan
}

/// Puts the service that a name means in its place, wherever the fact holds that name; answers whether it did.
fn rename(fact: &mut Fact, renames: &BTreeMap<ServiceName, ServiceName>) -> bool {
    let mut changed = false;
    if let Some(service) = renames.get(&fact.service) {
        fact.service = service.clone();
        changed = true;
    }
    if fact.field == field::DEPENDENCY
        && let Ok(mut dependency) = serde_json::from_value::<Dependency>(fact.value.clone())
        && let Some(service) = renames.get(&dependency.service)
    {
        dependency.service = service.clone();
        fact.value = json!(dependency);
        changed = true;
    }
    changed
}

/// Whether each file's facts are marked as replaced by a newer version; a mark holds for a whole file.
fn marks(facts: &[KnownFact]) -> impl Iterator<Item = (FileId, bool)> {
    facts
        .iter()
        .filter_map(|known| Some((known.file()?, known.fact.superseded)))
}

/// Whether nothing changed but the time and number of the version.
fn same(old: &StoredService, new: &StoredService) -> bool {
    old.dependency_sources == new.dependency_sources
        && old.service.managed_by == new.service.managed_by
        && old.service.source == new.service.source
        && old.service.spec() == new.service.spec()
}

/// Where the files of this import say something else than a person did, and the person's word stays.
fn kept_by_people(group: &Group, into: &Environment, replaced: &HashSet<FileId>, had_files: bool) -> Vec<Change> {
    let says_now = |known: &&KnownFact| {
        known.imported_into == *into
            && !known.fact.superseded
            && known.file().is_some_and(|file| replaced.contains(&file))
    };
    if !group.facts.iter().any(KnownFact::is_person) {
        return Vec::new();
    }
    let Some(decided) = &group.decided else {
        // A person deleted the service, and a file still knows it.
        let named = group
            .facts
            .iter()
            .filter(says_now)
            .find(|known| known.fact.field == field::NAME);
        return named
            .and_then(|named| {
                let spec = group.files_say()?;
                let value = named.fact.value.clone();
                Some(Change::of(
                    ChangeKind::Kept,
                    &spec,
                    Some((field::NAME, Value::Null, value)),
                ))
            })
            .into_iter()
            .collect();
    };
    let Some(files_say) = group.files_say() else {
        // The last file that knew the service is gone; what the person wrote stays, and with it the service.
        let gone = had_files
            && !group
                .facts
                .iter()
                .any(|known| !known.is_person() && !known.fact.superseded);
        let name = json!(decided.spec.name);
        let kept = Change::of(ChangeKind::Kept, &decided.spec, Some((field::NAME, name, Value::Null)));
        return gone.then_some(kept).into_iter().collect();
    };
    let mut kept = Vec::new();
    for name in FIELDS {
        let of_field = || group.facts.iter().filter(|known| known.fact.field == *name);
        let person_wins = of_field().any(|known| known.fact.wins && known.is_person());
        let (person, file) = (value_of(&decided.spec, name), value_of(&files_say, name));
        if person_wins && person != file && of_field().any(|known| says_now(&known)) {
            kept.push(Change::of(ChangeKind::Kept, &decided.spec, Some((name, person, file))));
        }
    }
    kept
}
