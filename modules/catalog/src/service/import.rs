//! Importing files: analyse, compare with what is known, and either show the difference or make it, in one transaction.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use mainstay_kernel::{Actor, Cursor, FieldError, Page, PageRequest, Scope, TypedId, from_micros};
use mainstay_store::{StoreError, Transaction};

use super::{
    Catalog,
    declared::Declared,
    files::FileChange,
    plan::{Input, Plan, plan},
    request::{ImportRequest, check},
    subjects::Subjects,
};
use crate::{
    declarations::refuse_invalid,
    error::CatalogError,
    import::{Analysis, Finding, ImportOptions, InputFile, analyse, sort},
    model::{ManagedBy, ServiceName},
    report::{Differences, Import, ImportId, Occasion},
    store::ImportRow,
};

/// How long an import waits for what it brought to be in force before it answers without.
const APPLY_WITHIN: Duration = Duration::from_secs(2);

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
            catalog: Some(self.known_places()),
        };
        let mut analysis = analyse_aside(Arc::clone(&files), options).await?;
        let validators = inner.validators.read().unwrap_or_else(PoisonError::into_inner).clone();
        refuse_invalid(&mut analysis, &validators);

        let mut accepted = inner.store.accepted_findings(scope).await?;
        accepted.extend(request.accept.iter().cloned());

        let mut tx = inner.store.begin().await?;
        let version = if request.dry_run {
            None
        } else {
            Some(inner.store.lock(&mut tx, scope).await?)
        };
        let stored_files = inner.store.files_in(&mut tx, scope).await?;
        let known = inner.store.facts_in(&mut tx, scope).await?;
        let declared = inner.store.declarations_in(&mut tx, scope).await?;
        let subjects = Subjects::of((&known, &declared), (&analysis.facts, &analysis.declarations));
        let files_change = FileChange::of(scope, &wanted, &analysis.files, &stored_files, &subjects)?;
        let now = from_micros(inner.world.now_micros());
        let plan = plan(Input {
            known,
            services: inner.store.services_in(&mut tx, scope).await?,
            incoming: std::mem::take(&mut analysis.facts),
            into: scope.environment.clone(),
            replaced: files_change.replaced.clone(),
            renames: renames.clone(),
            file_managed: files_change.file_managed.clone(),
            now,
        });

        analysis
            .findings
            .retain(|finding| !settled(finding, scope, &plan) && !said_before(finding, &wanted.aliases));
        // What the configuration names stays one file whatever becomes of it.
        if wanted.managed_by != ManagedBy::File {
            analysis.findings.extend(subjects.replaced(&scope.environment));
            sort(&mut analysis.findings);
        }
        let declared = Declared::of(
            declared,
            std::mem::take(&mut analysis.declarations),
            &scope.environment,
            &files_change.replaced,
            &renames,
        );
        let occasion = Occasion {
            id: inner.world.id::<ImportId>(),
            at: now,
            dry_run: request.dry_run,
            accepted: &accepted,
            aliases: wanted
                .aliases
                .iter()
                .map(|(name, to)| (name.to_string(), to.clone()))
                .collect(),
        };
        let differences = Differences {
            services: plan.changes.clone(),
            declarations: declared.changes.clone(),
        };
        let mut report = Import::of(&occasion, analysis, &files, differences);

        if !request.dry_run {
            self.remember_aliases(&mut tx, scope, &wanted.aliases).await?;
            inner
                .store
                .accept_findings(&mut tx, scope, now, &request.accept)
                .await?;
            self.apply(&mut tx, scope, &plan, &files_change, &report, &declared)
                .await?;
        }
        inner.store.insert_import(&mut tx, scope, &row(&report, actor)).await?;
        tx.commit().await?;
        if let Some(version) = version {
            self.refresh_after_commit().await;
            report.applied = Some(inner.followers.reach(version, APPLY_WITHIN).await);
            self.keep_outcome(scope, &report).await;
        }
        Ok(report)
    }

    async fn remember_aliases(
        &self,
        tx: &mut Transaction,
        scope: &Scope,
        aliases: &BTreeMap<ServiceName, Option<ServiceName>>,
    ) -> Result<(), StoreError> {
        for (name, service) in aliases {
            match service {
                Some(service) => self.inner.store.put_alias(tx, scope, name.as_str(), service).await?,
                None => self.inner.store.delete_alias(tx, scope, name.as_str()).await?,
            }
        }
        Ok(())
    }

    /// Keeps what became of an import that was made, and stays made if this fails.
    async fn keep_outcome(&self, scope: &Scope, report: &Import) {
        let text = text(report);
        let kept = self.inner.store.change_import(scope, report.id.as_uuid(), &text);
        if let Err(error) = kept.await {
            tracing::warn!(%error, "the report of an import could not be completed");
        }
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
        declared: &Declared,
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
        for path in &declared.rewritten {
            store.delete_declarations_of_file(tx, scope, path).await?;
        }
        store.insert_facts(tx, world, scope, &plan.insert).await?;
        store.insert_declarations(tx, world, scope, &declared.insert).await?;
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
    let text = |key: &str| finding.values.get(key).and_then(serde_json::Value::as_str);
    let name = match finding.code {
        "undefined-dependency" => text("dependency"),
        // An alias makes the service it means, so that one is there afterwards whether or not it was meant.
        "undefined-service" if text("kind") != Some("alias") => text("service"),
        _ => None,
    };
    let Some(name) = name.and_then(|name| ServiceName::parse(name).ok()) else {
        return false;
    };
    let environment = text("environment").and_then(|environment| environment.parse().ok());
    plan.after
        .contains(&(environment.unwrap_or_else(|| scope.environment.clone()), name))
}

/// Whether the finding is about an alias of an earlier import, which was told about then.
fn said_before(finding: &Finding, asked: &BTreeMap<ServiceName, Option<ServiceName>>) -> bool {
    let text = |key: &str| finding.values.get(key).and_then(serde_json::Value::as_str);
    let is_asked = |name: &str| asked.keys().any(|asked| asked.as_str() == name);
    finding.code == "undefined-service"
        && text("kind") == Some("alias")
        && text("name").is_none_or(|name| !is_asked(name))
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
        report: text(report),
    }
}

fn text(report: &Import) -> String {
    // A report is made of strings, numbers and lists of them, whose serialisation cannot fail.
    serde_json::to_string(report).unwrap_or_default()
}

fn parse(report: &str) -> Result<Import, StoreError> {
    serde_json::from_str(report).map_err(|error| StoreError::corrupt(format_args!("the report of an import: {error}")))
}
