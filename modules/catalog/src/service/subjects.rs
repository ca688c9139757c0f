//! What each file speaks of, before an import and in it: tells whether two paths are one file, and whether one path has become
//! another file. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mainstay_kernel::Environment;

use crate::{
    facts::{FileId, KnownFact},
    import::{Code, Finding, Place},
    model::{Declaration, Fact},
    store::KnownDeclaration,
};

/// Names listed in a message.
const SHOWN: usize = 5;

/// The services a file describes, and what it declares.
type Subject = BTreeSet<String>;

/// What every file speaks of.
pub(super) struct Subjects {
    before: HashMap<FileId, Subject>,
    now: BTreeMap<String, Subject>,
}

impl Subjects {
    /// From what is kept and what an import brings.
    pub(super) fn of(known: (&[KnownFact], &[KnownDeclaration]), incoming: (&[Fact], &[Declaration])) -> Self {
        let mut before: HashMap<FileId, Subject> = HashMap::new();
        let facts = known
            .0
            .iter()
            .filter_map(|known| Some((known.file()?, service(&known.fact))));
        let declared = known.1.iter().filter_map(|known| {
            let file = known.declaration.source.file.clone()?;
            Some(((known.imported_into.clone(), file), object(&known.declaration)))
        });
        for (file, subject) in facts.chain(declared) {
            before.entry(file).or_default().insert(subject);
        }
        let mut now: BTreeMap<String, Subject> = BTreeMap::new();
        let facts = incoming
            .0
            .iter()
            .filter_map(|fact| Some((fact.source.file.clone()?, service(fact))));
        let declared = incoming.1.iter();
        let declared = declared.filter_map(|one| Some((one.source.file.clone()?, object(one))));
        for (file, subject) in facts.chain(declared) {
            now.entry(file).or_default().insert(subject);
        }
        Self { before, now }
    }

    /// Whether a file of the import is the one that was imported under another path before: they have more than half of what
    /// the smaller one speaks of in common.
    pub(super) fn is_same(&self, now: &str, before: &FileId) -> bool {
        let (Some(now), Some(before)) = (self.now.get(now), self.before.get(before)) else {
            return false;
        };
        now.intersection(before).count() * 2 > now.len().min(before.len())
    }

    /// The paths of the import that stood for something else entirely before: two files of one name, most likely.
    pub(super) fn replaced(&self, environment: &Environment) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (path, now) in &self.now {
            let Some(before) = self.before.get(&(environment.clone(), path.clone())) else {
                continue;
            };
            // One service that became another was most likely renamed.
            let renamed = before.len() == 1 && now.len() == 1;
            if before.is_disjoint(now) && !renamed {
                let place = Place {
                    file: path.clone(),
                    line: 1,
                };
                let message = format!(
                    "Before this import `{path}` was about {}; now it is about {} and none of those, which go with it. If these are two files, import each under a path of its own: `mainstay import --source NAME` puts a name in front.",
                    shown(before),
                    shown(now),
                );
                findings.push(
                    Finding::new(Code::ReplacedFile, place, message)
                        .with_list("before", before.iter().cloned())
                        .with_list("now", now.iter().cloned())
                        .seal(),
                );
            }
        }
        findings
    }
}

fn service(fact: &Fact) -> String {
    fact.service.to_string()
}

fn object(declaration: &Declaration) -> String {
    format!("{} {}", declaration.kind, declaration.name)
}

fn shown(subject: &Subject) -> String {
    let names: Vec<&str> = subject.iter().take(SHOWN).map(String::as_str).collect();
    match subject.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        Some(more) => format!("{} and {more} more", names.join(", ")),
        None => names.join(", "),
    }
}
