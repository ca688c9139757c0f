//! Webhooks declared in Mainstay YAML: brought into line with the files whenever these change. Their secrets stay in files
//! of their own (`secret_file`), so that the declaration can be under version control.
//!
//! A declaration that cannot be used is never dropped for it: a typing error must not silence a pager. What was in force
//! stays so, and the webhook says what is wrong with its declaration.

use std::{
    collections::BTreeSet,
    io::Read,
    path::{Path, PathBuf},
};

use mainstay_catalog::Declaration;
use mainstay_kernel::{FieldError, Problem, Scope};
use mainstay_providers::Outgoing;
use serde::Deserialize;

use super::{
    model::{Format, ManagedBy, Webhook, WebhookId},
    service::{Deliveries, WebhookDraft, judge_draft},
    signature::Secret,
};

/// The kind of declaration this module understands.
pub const KIND: &str = "webhook";

/// A file that is longer than this is no secret.
const LONGEST_SECRET: u64 = 4_096;

/// The body of a declaration of the kind `webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// Stands beside the body in files; repeated in some.
    #[serde(default)]
    name: Option<String>,
    url: String,
    #[serde(default)]
    format: Format,
    #[serde(default)]
    secret_file: Option<PathBuf>,
    #[serde(default = "yes")]
    enabled: bool,
}

fn yes() -> bool {
    true
}

impl Spec {
    /// The secret file, whose path must mean the same wherever the declaration is read: an import reaches the server without
    /// the folder it was sent from.
    fn secret_path(&self) -> Result<Option<&Path>, String> {
        match &self.secret_file {
            Some(path) if !path.is_absolute() => Err(format!(
                "its `secret_file: {}` is relative, and the server does not know from which folder; write the absolute path of the \
                 file as the server sees it, such as `/etc/mainstay/{}`",
                path.display(),
                path.file_name().unwrap_or_default().display(),
            )),
            path => Ok(path.as_deref()),
        }
    }
}

/// Everything that is wrong with a declared webhook as far as the file alone says, in sentences for its author; empty when it
/// can be used. Whether its address may be called is seen when it is taken up.
pub fn problems(declaration: &Declaration) -> Vec<String> {
    let spec = match read(declaration) {
        Ok((spec, _)) => spec,
        Err(error) => return vec![error.to_string()],
    };
    let url = spec.url.parse::<url::Url>();
    url.err()
        .map(|error| format!("`url: {}` is no URL: {error}", spec.url))
        .into_iter()
        .chain(spec.secret_path().err())
        .collect()
}

/// The same, and whether this machine can read its secret.
pub fn problems_here(declaration: &Declaration) -> Vec<String> {
    let problems = problems(declaration);
    if problems.is_empty() {
        secret_is_usable(declaration).err().into_iter().collect()
    } else {
        problems
    }
}

/// Every field of a declared webhook that is wrong, by the rules by which it is taken up; asks neither database nor network.
/// Whether its secret can be read is [`secret_is_usable`]'s question.
pub fn judge(declaration: &Declaration, outgoing: &dyn Outgoing) -> Vec<FieldError> {
    // A word that is none fails the whole body, so it is looked at first, where its field is known.
    if let Some(Err(error)) = declaration.body["format"].as_str().map(str::parse::<Format>) {
        return vec![FieldError {
            field: "format".to_owned(),
            message: error.to_string(),
        }];
    }
    match read(declaration) {
        Ok((_, draft)) => judge_draft(&draft, outgoing)
            .err()
            .map(|problem| problem.errors)
            .unwrap_or_default(),
        Err(error) => vec![FieldError {
            field: "url".to_owned(),
            message: error.to_string(),
        }],
    }
}

/// Whether the secret file of a declared webhook can be read and holds a secret; yes when it names none.
///
/// # Errors
/// A sentence about the file, never about its content.
pub fn secret_is_usable(declaration: &Declaration) -> Result<(), String> {
    match read(declaration) {
        Ok((spec, _)) => secret(&spec).map(drop),
        Err(_) => Ok(()),
    }
}

/// The declaration as it is written, and as a person's draft of a webhook.
fn read(declaration: &Declaration) -> Result<(Spec, WebhookDraft), serde_json::Error> {
    let spec: Spec = serde_json::from_value(declaration.body.clone())?;
    let draft = WebhookDraft {
        name: spec.name.clone().unwrap_or_else(|| declaration.name.clone()),
        url: spec.url.clone(),
        format: spec.format,
        secret: None,
        enabled: spec.enabled,
    };
    Ok((spec, draft))
}

impl Deliveries {
    /// Makes the file-managed webhooks those that are declared. Answers one sentence for each that cannot be used; the
    /// others are in force all the same.
    pub(crate) async fn sync_declared(&self, declarations: &[Declaration]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut kept = BTreeSet::new();
        for declaration in declarations.iter().filter(|declaration| declaration.kind == KIND) {
            match self.take_up(declaration).await {
                Ok(id) => {
                    kept.insert(id);
                }
                Err(problem) => {
                    problems.push(format!("webhook `{}`: {}", declaration.name, problem.detail));
                    match self.note_problem(declaration, &problem.detail).await {
                        Ok(id) => kept.extend(id),
                        Err(problem) => problems.push(problem.detail),
                    }
                }
            }
        }
        let gone: Vec<Webhook> = self
            .webhooks
            .snapshot()
            .values()
            .map(|row| row.webhook.clone())
            .filter(|webhook| webhook.managed_by == ManagedBy::File && !kept.contains(&webhook.id))
            .collect();
        for webhook in gone {
            if let Err(problem) = self.remove(&webhook).await {
                problems.push(format!(
                    "webhook `{}` is no longer declared but stays: {}",
                    webhook.name, problem.detail
                ));
            }
        }
        problems
    }

    fn named(&self, scope: &Scope, name: &str) -> Option<Webhook> {
        self.list_webhooks(scope)
            .into_iter()
            .find(|webhook| webhook.name == name)
    }

    async fn take_up(&self, declaration: &Declaration) -> Result<WebhookId, Problem> {
        let invalid = |message: String| Problem::invalid("invalid-webhook", message);
        let (spec, draft) = read(declaration).map_err(|error| invalid(error.to_string()))?;
        let scope = Scope::of(declaration.environment.clone());
        self.validate(&draft)?;
        let name = draft.name;
        let secret = secret(&spec).map_err(invalid)?;
        // A declared webhook takes over one of the same name that was made by hand.
        let stored = self.named(&scope, &name);
        let wanted = Webhook {
            id: stored.as_ref().map_or_else(|| self.world.id(), |stored| stored.id),
            name,
            url: spec.url,
            format: spec.format,
            secret_set: secret.is_some(),
            enabled: spec.enabled,
            managed_by: ManagedBy::File,
            source: declaration.source.file.clone(),
            version: stored.as_ref().map_or(1, |stored| stored.version),
            created_at: stored
                .as_ref()
                .map_or_else(|| self.world.now(), |stored| stored.created_at),
            problem: None,
            secret,
        };
        let id = wanted.id;
        if stored.as_ref() != Some(&wanted) {
            let before = stored.as_ref().map(|stored| stored.version);
            // That a problem is gone is no edit.
            let edited = stored.is_some_and(|stored| {
                Webhook {
                    problem: None,
                    ..stored
                } != wanted
            });
            let version = wanted.version + i64::from(edited);
            self.save(&scope, Webhook { version, ..wanted }, before).await?;
        }
        Ok(id)
    }

    /// Lets the webhook say why its declaration cannot be used. One that never could be is listed all the same, and not
    /// called: its messages would go out unsigned, or to an address that is not allowed.
    async fn note_problem(&self, declaration: &Declaration, problem: &str) -> Result<Option<WebhookId>, Problem> {
        let scope = Scope::of(declaration.environment.clone());
        let draft = read(declaration).ok().map(|(_, draft)| draft);
        let name = draft.as_ref().map_or(&declaration.name, |draft| &draft.name);
        let noted = match (self.named(&scope, name), draft) {
            (Some(stored), _) if stored.problem.as_deref() == Some(problem) => return Ok(Some(stored.id)),
            (Some(stored), _) => Webhook {
                problem: Some(problem.to_owned()),
                ..stored
            },
            (None, Some(draft)) => Webhook {
                id: self.world.id(),
                name: draft.name,
                url: draft.url,
                format: draft.format,
                secret_set: false,
                enabled: false,
                managed_by: ManagedBy::File,
                source: declaration.source.file.clone(),
                version: 1,
                created_at: self.world.now(),
                problem: Some(problem.to_owned()),
                secret: None,
            },
            // Nothing of it is known but its name.
            (None, None) => return Ok(None),
        };
        let id = noted.id;
        let before = self.webhooks.get(id).map(|row| row.webhook.version);
        self.save(&scope, noted, before).await?;
        Ok(Some(id))
    }
}

fn secret(spec: &Spec) -> Result<Option<Secret>, String> {
    spec.secret_path()?.map(read_secret).transpose()
}

/// Reads a secret file. It is short, and a device or a pipe in its place is not read at all.
fn read_secret(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| {
        format!(
            "its secret file {shown} cannot be read: {error}; put it there, readable for the server, or correct the path"
        )
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(format!("its secret file {shown} is no file"));
    }
    let mut text = String::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_SECRET).read_to_string(&mut text))
        .map_err(unreadable)?;
    Secret::parse(&text).map_err(|error| format!("its secret file {shown} is wrong: {error}"))
}
