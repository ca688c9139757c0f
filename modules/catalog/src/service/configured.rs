//! The files that the configuration names: read at every start and on every reload, imported when they changed.

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
};

use mainstay_kernel::{Actor, Environment, Scope};

use super::{
    Catalog,
    request::{ImportRequest, digest},
};
use crate::{
    error::CatalogError,
    import::{InputFile, read_paths},
    model::ManagedBy,
};

impl Catalog {
    /// Imports the configured files and folders, unless all of them are as they were the last time. They are all the
    /// configured files there are: one that is gone is forgotten. Answers in a sentence what came of it.
    ///
    /// # Errors
    /// When a path cannot be read or the database fails; then nothing changed.
    pub async fn import_paths(&self, environment: &Environment, paths: &[PathBuf]) -> Result<String, CatalogError> {
        let scope = Scope::of(environment.clone());
        let actor = Actor::File {
            path: paths
                .iter()
                .map(|path| path.display().to_string())
                .collect::<Vec<_>>()
                .join(", "),
        };
        let paths = paths.to_vec();
        let files = tokio::task::spawn_blocking(move || read_paths(&paths))
            .await
            .map_err(CatalogError::Analysis)??;
        if self.configured_as_before(&scope, &files).await? {
            return Ok(format!("{} files, unchanged", files.len()));
        }
        let request = ImportRequest {
            managed_by: ManagedBy::File,
            replace: true,
            ..ImportRequest::of(files)
        };
        let report = self.import(&scope, &actor, request).await?;
        let summary = report.summary;
        Ok(format!(
            "{} files, {} services: {} changes, {} errors, {} warnings",
            summary.files,
            summary.services,
            report.changes.len(),
            summary.errors,
            summary.warnings
        ))
    }

    async fn configured_as_before(&self, scope: &Scope, files: &[InputFile]) -> Result<bool, CatalogError> {
        let stored = self.inner.store.files_managed_by(scope, ManagedBy::File).await?;
        let before: HashMap<String, String> = stored.into_iter().map(|file| (file.path, file.digest)).collect();
        let now: BTreeMap<&str, String> = files.iter().map(|file| (file.path.as_str(), digest(file))).collect();
        Ok(before.len() == now.len() && now.iter().all(|(path, digest)| before.get(*path) == Some(digest)))
    }
}
