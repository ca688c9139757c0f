//! What other modules declared in imported files: kept here, judged there. A module that understands a kind of declaration
//! implements [`DeclarationValidator`]; the app hands it to the catalog.

use std::sync::Arc;

use crate::{
    import::{Analysis, Code, Finding, Place, sort},
    model::Declaration,
};

/// The longest name of a declaration, in bytes.
const MAX_NAME: usize = 200;

/// Judges declarations of one kind, on behalf of the module that will use them.
pub trait DeclarationValidator: Send + Sync {
    /// The kind it understands, such as `slo`.
    fn kind(&self) -> &str;

    /// Everything that is wrong with the declaration, each in a sentence for its author; empty when it can be used.
    fn validate(&self, declaration: &Declaration) -> Vec<String>;
}

/// Takes the declarations that their modules refuse out of an analysis, and says why in its findings. A kind that nobody
/// understands is kept as it is.
pub fn refuse_invalid(analysis: &mut Analysis, validators: &[Arc<dyn DeclarationValidator>]) {
    let mut refused = Vec::new();
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
        }
        refused.len() == before
    });
    analysis.findings.extend(refused);
    sort(&mut analysis.findings);
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
