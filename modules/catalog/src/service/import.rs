//! Importing files: analyse, compare with what is known, and either show the difference or make it, in one transaction.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use mainstay_kernel::{Actor, Cursor, FieldError, Page, PageRequest, Scope, TypedId, from_micros};
use mainstay_store::{StoreError, Transaction};

use super::{
    Catalog,
    files::FileChange,
    plan::{Input, Plan, plan},
    request::{ImportRequest, check},
};
use crate::{
    declarations::refuse_invalid,
    error::CatalogError,
    import::{Analysis, Finding, ImportOptions, InputFile, analyse},
    model::{Declaration, ServiceName},
    report::{Import, ImportId, Occasion},
    store::ImportRow,
};

impl Catalog {
    /// Analyses the files and applies what they say, or shows what applying would change.
    ///
    /// # Errors
    /// When the request is wrong, a file under version control would be replaced, or the database fails; then nothing
    /// changed. Mistakes inside the files are findings, not errors.
    pub async fn import(&self, scope: &Scope, actor: &Actor, request: ImportRequest) -> Result<Import, CatalogError> {
        let wanted = check(&request)?;
        let inner = &self.inner;
        let mut aliases = inner.store.aliases(scope).await?;
        let renames = wanted
            .aliases
            .iter()
            .filter_map(|(name, to)| Some((name.clone(), to.clone()?)));
        let renames: BTreeMap<ServiceName, ServiceName> = renames.collect();
        for (name, service) in &wanted.aliases {
            match service {
                Some(service) => drop(aliases.insert(name.to_string(), service.to_string())),
                None => drop(aliases.remove(name.as_str())),
            }
        }
        let files = Arc::new(request.files);
        let options = ImportOptions {
            left_out: request.left_out,
            aliases,
            environment: scope.environment.clone(),
        };
        let mut analysis = analyse_aside(Arc::clone(&files), options).await?;
        let validators = inner.validators.read().unwrap_or_else(PoisonError::into_inner).clone();
        refuse_invalid(&mut analysis, &validators);

        let mut accepted = inner.store.accepted_findings(scope).await?;
        accepted.extend(request.accept.iter().cloned());

        let mut tx = inner.store.begin().await?;
        if !request.dry_run {
            inner.store.lock(&mut tx, scope).await?;
        }
        let stored_files = inner.store.files_in(&mut tx, scope).await?;
        let files_change = FileChange::of(scope, &wanted, &analysis.files, &stored_files)?;
        let now = from_micros(inner.world.now_micros());
        let plan = plan(Input {
            known: inner.store.facts_in(&mut tx, scope).await?,
            services: inner.store.services_in(&mut tx, scope).await?,
            incoming: std::mem::take(&mut analysis.facts),
            into: scope.environment.clone(),
            replaced: files_change.replaced.clone(),
            renames,
            file_managed: files_change.file_managed.clone(),
            now,
        });

        analysis.findings.retain(|finding| !settled(finding, scope, &plan));
        let declarations = std::mem::take(&mut analysis.declarations);
        let occasion = Occasion {
            id: inner.world.id::<ImportId>(),
            at: now,
            dry_run: request.dry_run,
            accepted: &accepted,
        };
        let report = Import::of(&occasion, analysis, &files, plan.changes.clone());

        if !request.dry_run {
            for (name, service) in &wanted.aliases {
                match service {
                    Some(service) => inner.store.put_alias(&mut tx, scope, name.as_str(), service).await?,
                    None => inner.store.delete_alias(&mut tx, scope, name.as_str()).await?,
                }
            }
            inner
                .store
                .accept_findings(&mut tx, scope, now, &request.accept)
                .await?;
            self.apply(&mut tx, scope, &plan, &files_change, &report, &declarations)
                .await?;
        }
        inner.store.insert_import(&mut tx, scope, &row(&report, actor)).await?;
        tx.commit().await?;
        if !request.dry_run {
            self.refresh_after_commit().await;
        }
        Ok(report)
    }

    /// Reports of imports into an environment, newest first.
    ///
    /// # Errors
    /// When the cursor is of another list, or the database fails.
    pub async fn imports(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Import>, CatalogError> {
        let before = page
            .cursor
            .as_ref()
            .map(|cursor| cursor.part::<uuid::Uuid>(0))
            .transpose();
        let before = before.map_err(|error| {
            CatalogError::Invalid(vec![FieldError {
                field: "cursor".to_owned(),
                message: error.to_string(),
            }])
        })?;
        let reports = self.inner.store.imports(scope, page, before).await?;
        let reports = reports
            .iter()
            .map(|report| parse(report))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::from_overfetch(reports, page.limit, |report| {
            Cursor::of(&report.id)
        }))
    }

    /// The report of one import.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn import_report(&self, scope: &Scope, id: ImportId) -> Result<Import, CatalogError> {
        let report = self.inner.store.import(scope, id.as_uuid()).await?;
        let report = report.ok_or(CatalogError::NoImport(id.as_uuid()))?;
        Ok(parse(&report)?)
    }

    async fn apply(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        plan: &Plan,
        files: &FileChange,
        report: &Import,
        declarations: &[Declaration],
    ) -> Result<(), CatalogError> {
        let (store, world) = (&self.inner.store, &self.inner.world);
        for (_, path) in &files.replaced {
            store.delete_facts_of_file(tx, scope, path).await?;
            store.delete_declarations_of_file(tx, scope, path).await?;
            store.delete_file(tx, scope, path).await?;
        }
        for path in &plan.rewritten {
            store.delete_facts_of_file(tx, scope, path).await?;
        }
        store.insert_facts(tx, world, scope, &plan.insert).await?;
        store.insert_declarations(tx, world, scope, declarations).await?;
        for (file, superseded) in &plan.superseded {
            store.set_superseded(tx, scope, file, *superseded).await?;
        }
        store.put_files(tx, scope, report.at, &files.given).await?;
        store.put_services(tx, scope, &plan.put).await?;
        for (environment, name) in &plan.delete {
            let place = Scope {
                organization: scope.organization,
                environment: environment.clone(),
            };
            store.delete_service(tx, &place, name).await?;
        }
        Ok(())
    }
}

/// Analyses on a thread of its own: a large import takes long enough to delay a probe.
async fn analyse_aside(files: Arc<Vec<InputFile>>, options: ImportOptions) -> Result<Analysis, CatalogError> {
    tokio::task::spawn_blocking(move || analyse(files.as_slice(), &options))
        .await
        .map_err(CatalogError::Analysis)
}

/// Whether what is already in the catalog answers the finding: the files of one import cannot know of services that others
/// brought.
fn settled(finding: &Finding, scope: &Scope, plan: &Plan) -> bool {
    let name = match finding.code {
        "undefined-dependency" => finding.values.get("dependency"),
        "unknown-slo-service" => finding.values.get("service"),
        _ => None,
    };
    let name = name.and_then(|value| ServiceName::parse(value.as_str()?).ok());
    name.is_some_and(|name| plan.after.contains(&(scope.environment.clone(), name)))
}

fn row(report: &Import, actor: &Actor) -> ImportRow {
    let count = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
    ImportRow {
        id: report.id.as_uuid(),
        at: report.at,
        actor: actor.label(),
        dry_run: report.dry_run,
        files: count(report.summary.files),
        services: count(report.summary.services),
        errors: count(report.summary.errors),
        warnings: count(report.summary.warnings),
        infos: count(report.summary.infos),
        // A report is made of strings, numbers and lists of them, whose serialisation cannot fail.
        report: serde_json::to_string(report).unwrap_or_default(),
    }
}

fn parse(report: &str) -> Result<Import, StoreError> {
    serde_json::from_str(report).map_err(|error| StoreError::corrupt(format_args!("the report of an import: {error}")))
}
