//! The files that the configuration names: read at every start and on every reload, imported when they changed.

use std::{collections::HashMap, path::PathBuf};

use mainstay_kernel::{Actor, Environment, Scope};

use super::{
    Catalog,
    request::{ImportRequest, digests},
};
use crate::{
    error::CatalogError,
    import::{FoundFiles, read_paths},
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
        let found = tokio::task::spawn_blocking(move || read_paths(&paths))
            .await
            .map_err(CatalogError::Analysis)??;
        if self.configured_as_before(&scope, &found).await? {
            return Ok(format!("{} files, unchanged", found.files.len() + found.left_out.len()));
        }
        let request = ImportRequest {
            managed_by: ManagedBy::File,
            replace: true,
            ..ImportRequest::of_found(found)
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

    async fn configured_as_before(&self, scope: &Scope, found: &FoundFiles) -> Result<bool, CatalogError> {
        let stored = self.inner.store.files_managed_by(scope, ManagedBy::File).await?;
        let before: HashMap<String, String> = stored.into_iter().map(|file| (file.path, file.digest)).collect();
        Ok(before == digests(&found.files, &found.left_out))
    }
}
