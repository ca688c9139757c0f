//! Webhooks declared in Mainstay YAML: brought into line with the files whenever these change. Their secrets stay in files
//! of their own (`secret_file`), so that the declaration can be under version control.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use mainstay_catalog::Declaration;
use mainstay_kernel::{Problem, Scope};
use serde::Deserialize;

use super::{
    model::{Format, ManagedBy, Webhook, WebhookId},
    service::{Deliveries, WebhookDraft},
    signature::Secret,
};

/// The kind of declaration this module understands.
pub const KIND: &str = "webhook";

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

/// Everything that is wrong with a declared webhook, in sentences for its author; empty when it can be used. Whether its
/// address may be called and its secret can be read is seen when it is taken up.
pub fn problems(declaration: &Declaration) -> Vec<String> {
    match serde_json::from_value::<Spec>(declaration.body.clone()) {
        Ok(spec) => match spec.url.parse::<url::Url>() {
            Ok(_) => Vec::new(),
            Err(error) => vec![format!("`url: {}` is no URL: {error}", spec.url)],
        },
        Err(error) => vec![error.to_string()],
    }
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
                    // One that was good before keeps what it had: a typing error must not silence a pager.
                    let scope = Scope::of(declaration.environment.clone());
                    kept.extend(self.named(&scope, &declaration.name).map(|webhook| webhook.id));
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
        let spec: Spec =
            serde_json::from_value(declaration.body.clone()).map_err(|error| invalid(error.to_string()))?;
        let scope = Scope::of(declaration.environment.clone());
        let name = spec.name.unwrap_or_else(|| declaration.name.clone());
        self.validate(&WebhookDraft {
            name: name.clone(),
            url: spec.url.clone(),
            format: spec.format,
            secret: None,
            enabled: spec.enabled,
        })?;
        let secret = match &spec.secret_file {
            Some(path) => Some(read_secret(declaration, path).await.map_err(invalid)?),
            None => None,
        };
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
            secret,
        };
        let id = wanted.id;
        if stored.as_ref() != Some(&wanted) {
            let version = wanted.version + i64::from(stored.is_some());
            self.save(&scope, Webhook { version, ..wanted }).await?;
        }
        Ok(id)
    }
}

/// Reads a secret file; a relative path is meant from the folder of the declaring file.
async fn read_secret(declaration: &Declaration, path: &Path) -> Result<Secret, String> {
    let folder = declaration.source.file.as_deref().map(Path::new).and_then(Path::parent);
    let path = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
    let text = tokio::fs::read_to_string(&path)
        .await
        .map_err(|error| format!("its secret file {} cannot be read: {error}", path.display()))?;
    Secret::parse(&text).map_err(|error| format!("its secret file {} is wrong: {error}", path.display()))
}
