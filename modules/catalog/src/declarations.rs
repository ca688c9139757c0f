//! What other modules declared in imported files: kept here, judged there. A module that understands a kind of declaration
//! implements [`DeclarationValidator`]; the app hands it to the catalog.

use std::{collections::BTreeMap, sync::Arc};

use mainstay_kernel::Environment;

use crate::{
    import::{Analysis, Code, Finding, Place, sort},
    model::Declaration,
    report::{ChangeKind, DeclarationChange},
};

/// The longest name of a declaration, in bytes.
const MAX_NAME: usize = 200;

/// Judges declarations of one kind, on behalf of the module that will use them.
pub trait DeclarationValidator: Send + Sync {
    /// The kind it understands, such as `slo`.
    fn kind(&self) -> &str;

    /// Everything that is wrong with the declaration, each in a sentence for its author; empty when it can be used.
    fn validate(&self, declaration: &Declaration) -> Vec<String>;

    /// What keeps the declaration from being used although it must not be taken out of its file, each in a sentence for its
    /// author: because what it said before stays in force, or because it can be used as soon as something else is mended.
    fn hindrances(&self, _declaration: &Declaration) -> Vec<String> {
        Vec::new()
    }
}

/// Takes the declarations that their modules refuse out of an analysis, and says why in its findings; what only hinders one
/// is said as well. A kind that nobody understands is kept as it is.
pub fn refuse_invalid(analysis: &mut Analysis, validators: &[Arc<dyn DeclarationValidator>]) {
    let mut refused = Vec::new();
    let mut hindered = Vec::new();
    analysis.declarations.retain(|declaration| {
        let before = refused.len();
        if let Some(message) = unusable_name(&declaration.name) {
            refused.push(finding(declaration, message));
        }
        for validator in validators
            .iter()
            .filter(|validator| validator.kind() == declaration.kind)
        {
            let messages = validator.validate(declaration);
            refused.extend(messages.iter().map(|message| finding(declaration, message)));
            let messages = validator.hindrances(declaration);
            hindered.extend(messages.iter().map(|message| finding(declaration, message)));
        }
        refused.len() == before
    });
    analysis.findings.extend(refused);
    analysis.findings.extend(hindered);
    sort(&mut analysis.findings);
}

/// The declarations that count: by kind, environment and name, and of several with one name the first by precedence.
pub(crate) fn in_force(mut declarations: Vec<Declaration>) -> Vec<Declaration> {
    declarations.sort_by(|a, b| {
        object(a)
            .cmp(&object(b))
            .then_with(|| a.source.precedence(&b.source))
            .then_with(|| a.source.line.cmp(&b.source.line))
    });
    declarations.dedup_by(|later, first| object(later) == object(first));
    declarations
}

/// What a declaration declares: kind, environment and name.
fn object(declaration: &Declaration) -> (&str, &Environment, &str) {
    (&declaration.kind, &declaration.environment, &declaration.name)
}

/// How what is declared differs from before; both as [`in_force`] gives them. Where it stands does not matter.
pub(crate) fn difference(before: &[Declaration], after: &[Declaration]) -> Vec<DeclarationChange> {
    let mut changes = Vec::new();
    let mut left: BTreeMap<_, &Declaration> = before
        .iter()
        .map(|declaration| (object(declaration), declaration))
        .collect();
    for declaration in after {
        match left.remove(&object(declaration)) {
            None => changes.push(DeclarationChange::of(ChangeKind::Added, declaration)),
            Some(old) if old.body != declaration.body => {
                changes.push(DeclarationChange::of(ChangeKind::Changed, declaration));
            }
            Some(_) => {}
        }
    }
    let removed = left.into_values();
    changes.extend(removed.map(|declaration| DeclarationChange::of(ChangeKind::Removed, declaration)));
    changes
}

/// What is wrong with a name that is kept, listed and searched for.
fn unusable_name(name: &str) -> Option<&'static str> {
    if name.trim().is_empty() {
        Some("its name is empty")
    } else if name.len() > MAX_NAME {
        Some("its name is longer than 200 bytes")
    } else if name.chars().any(char::is_control) {
        Some("its name holds a control character")
    } else {
        None
    }
}

fn finding(declaration: &Declaration, message: &str) -> Finding {
    let shown: String = declaration.name.chars().take(MAX_NAME).collect();
    let place = Place {
        file: declaration.source.file.clone().unwrap_or_default(),
        line: declaration.source.line.unwrap_or(1),
    };
    let text = format!("The {} `{shown}` cannot be used: {message}", declaration.kind);
    Finding::new(Code::InvalidDeclaration, place, text)
        .with("kind", declaration.kind.clone())
        .with("name", shown)
        .with("problem", message)
        .seal()
}
