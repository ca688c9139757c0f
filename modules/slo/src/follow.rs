//! Following files: what they declare becomes a promise, and what a person made, changed or deleted is left alone.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use mainstay_catalog::{Declaration, ManagedBy, SourceKind};
use mainstay_kernel::Environment;
use mainstay_store::{StoreError, Transaction};

use crate::{
    declaration::{self, validate_declaration},
    error::SloError,
    objective::Promise,
    service::Objectives,
    store,
    term::Term,
};

/// What following the files changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// SLOs that are new or came back.
    pub added: usize,
    /// SLOs whose definition or place in its file changed.
    pub changed: usize,
    /// SLOs that left their file.
    pub retired: usize,
    /// Declarations that cannot be used, each with the reason.
    pub refused: Vec<String>,
}

impl Reconciled {
    fn is_empty(&self) -> bool {
        self.added + self.changed + self.retired == 0
    }
}

impl Objectives {
    /// Follows what files declare. What a person made, changed or deleted is left as it is.
    ///
    /// # Errors
    /// When the database refuses; then nothing was changed.
    pub async fn reconcile(&self, declarations: &[Declaration]) -> Result<Reconciled, SloError> {
        self.reconcile_under(None, declarations).await
    }

    /// The same as the one replica that does this: another may have seen newer files.
    pub(crate) async fn reconcile_under(
        &self,
        term: Option<&Term>,
        declarations: &[Declaration],
    ) -> Result<Reconciled, SloError> {
        let _changing = self.inner.changing.lock().await;
        let mut report = Reconciled::default();
        let wanted = self.wanted(declarations, &mut report);
        let now = self.inner.world.now();
        let mut tx = self.begin_change().await?;
        if let Some(term) = term {
            term.guard(&mut tx).await?;
        }
        let stored = store::all_in(&mut tx).await?;
        let mut seen = HashSet::new();
        for before in &stored {
            let key = (before.definition.environment.clone(), before.definition.name.clone());
            let declared = wanted.get(&key);
            seen.insert(key);
            if before.managed_by != ManagedBy::Api {
                self.follow(&mut tx, before, declared, now, &mut report).await?;
            }
        }
        for (key, promise) in &wanted {
            if !seen.contains(key) {
                store::insert(&mut tx, promise).await?;
                report.added += 1;
            }
        }
        if !report.is_empty() {
            tx.commit().await?;
            self.refresh().await?;
        }
        Ok(report)
    }

    async fn follow(
        &self,
        tx: &mut Transaction,
        before: &Promise,
        declared: Option<&Promise>,
        now: Timestamp,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let Some(declared) = declared else {
            if before.retired_at.is_none() {
                let retired = Promise {
                    retired_at: Some(now),
                    ..before.clone()
                };
                store::retire(tx, &retired).await?;
                report.retired += 1;
            }
            return Ok(());
        };
        let same = before.definition == declared.definition
            && before.source == declared.source
            && before.managed_by == declared.managed_by;
        if same && before.retired_at.is_none() {
            return Ok(());
        }
        let after = Promise {
            managed_by: declared.managed_by,
            source: declared.source.clone(),
            retired_at: None,
            ..self.successor(before, declared.definition.clone(), now)
        };
        store::change(tx, &after).await?;
        if before.retired_at.is_some() {
            report.added += 1;
        } else {
            report.changed += 1;
        }
        Ok(())
    }

    fn wanted(&self, declarations: &[Declaration], report: &mut Reconciled) -> HashMap<(Environment, String), Promise> {
        let now = self.inner.world.now();
        let mut wanted = HashMap::new();
        for declaration in declarations
            .iter()
            .filter(|declaration| declaration.kind == declaration::KIND)
        {
            let limits = self.inner.settings.get().limits;
            let checked = validate_declaration(&declaration.body, &declaration.environment, &limits);
            let definition = match checked {
                Ok(validated) => validated.definition,
                Err(errors) => {
                    let reasons: Vec<_> = errors
                        .into_iter()
                        .map(|error| format!("`{}`: {}", error.field, error.message))
                        .collect();
                    report
                        .refused
                        .push(format!("{}: {}", declaration.name, reasons.join("; ")));
                    continue;
                }
            };
            let managed_by = match declaration.source.kind {
                SourceKind::Mainstay => ManagedBy::File,
                _ => ManagedBy::Import,
            };
            let key = (definition.environment.clone(), definition.name.clone());
            wanted.entry(key).or_insert_with(|| Promise {
                id: self.inner.world.id(),
                definition,
                managed_by,
                source: Some(declaration.source.clone()),
                series: self.inner.world.id(),
                series_since: self.counts_from(now),
                version: 1,
                created_at: now,
                updated_at: now,
                retired_at: None,
            });
        }
        wanted
    }
}
