//! What an import does to the declarations that are kept for other modules. Pure.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use mainstay_kernel::Environment;

use crate::{
    declarations::{difference, in_force},
    facts::FileId,
    model::{Declaration, ServiceName},
    report::DeclarationChange,
    store::KnownDeclaration,
};

/// Which declarations to write, and what to tell.
#[derive(Debug, Default)]
pub(super) struct Declared {
    /// To insert.
    pub(super) insert: Vec<Declaration>,
    /// Files that were not given and whose declarations are among those to insert, because the name of a service in them
    /// means another one now.
    pub(super) rewritten: BTreeSet<String>,
    /// The difference, by kind and name.
    pub(super) changes: Vec<DeclarationChange>,
}

impl Declared {
    /// From what is kept and what the files bring.
    pub(super) fn of(
        known: Vec<KnownDeclaration>,
        incoming: Vec<Declaration>,
        into: &Environment,
        replaced: &HashSet<FileId>,
        renames: &BTreeMap<ServiceName, ServiceName>,
    ) -> Self {
        let before = in_force(known.iter().map(|known| known.declaration.clone()).collect());
        let mut kept: Vec<KnownDeclaration> = known;
        kept.retain(|known| file(known).is_none_or(|file| !replaced.contains(&file)));
        let mut rewritten = BTreeSet::new();
        for known in kept.iter_mut().filter(|known| known.imported_into == *into) {
            if rename(&mut known.declaration, renames) {
                rewritten.extend(known.declaration.source.file.clone());
            }
        }
        let is_rewritten = |known: &&KnownDeclaration| {
            let path = known.declaration.source.file.as_ref();
            known.imported_into == *into && path.is_some_and(|path| rewritten.contains(path))
        };
        let again = kept.iter().filter(is_rewritten).map(|known| known.declaration.clone());
        let insert: Vec<Declaration> = again.chain(incoming.iter().cloned()).collect();
        let after = kept.into_iter().map(|known| known.declaration).chain(incoming);
        Self {
            changes: difference(&before, &in_force(after.collect())),
            insert,
            rewritten,
        }
    }
}

fn file(known: &KnownDeclaration) -> Option<FileId> {
    let path = known.declaration.source.file.clone()?;
    Some((known.imported_into.clone(), path))
}

/// Puts the service that a name means in its place; answers whether it did.
fn rename(declaration: &mut Declaration, renames: &BTreeMap<ServiceName, ServiceName>) -> bool {
    let Some(service) = declaration.body.get_mut("service") else {
        return false;
    };
    let meant = service
        .as_str()
        .and_then(|name| ServiceName::parse(name).ok())
        .and_then(|name| renames.get(&name));
    match meant {
        Some(meant) => {
            *service = meant.as_str().into();
            true
        }
        None => false,
    }
}
