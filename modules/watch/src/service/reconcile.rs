//! Makes the checks that the catalog asks for, and keeps them as it asks. Idempotent: run again, it does nothing.

use std::{collections::HashMap, convert::Infallible, sync::Arc, time::Duration};

use mainstay_catalog::{Declaration, DeclarationValidator, Fleets, ServiceName};
use mainstay_kernel::Environment;
use mainstay_runtime::{Latest, Tasks};

use super::{Watch, WatchConfig};
use crate::{
    engine::Known,
    error::WatchError,
    generate::{DECLARATION_KIND, declared, reconcile, wanted},
    model::{check::Check, probe::Probe},
};

/// How often the same checks made by others are taken over before that counts as an error.
const TRIES: usize = 3;
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Judges declared checks when files are imported; needs nothing that runs.
#[derive(Debug, Clone, Default)]
pub struct CheckValidator(Latest<WatchConfig>);

impl DeclarationValidator for CheckValidator {
    fn kind(&self) -> &str {
        DECLARATION_KIND
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        declared(declaration, &self.0.get().defaults).err().unwrap_or_default()
    }
}

impl Watch {
    /// Judges declared checks when files are imported.
    pub fn declaration_validator(&self) -> Arc<dyn DeclarationValidator> {
        Arc::new(CheckValidator(self.inner.config.clone()))
    }

    /// Takes over what the catalog already knows and watch has not heard of yet: whoever made a service a moment ago may
    /// speak of it.
    pub(super) async fn catch_up(&self, environment: &Environment, service: &ServiceName) -> Result<(), WatchError> {
        let listed = self
            .inner
            .catalog
            .fleets()
            .get()
            .get(environment)
            .is_some_and(|fleet| fleet.service(service).is_some());
        if listed && self.service_state(environment, service).is_none() {
            self.reconcile().await?;
        }
        Ok(())
    }

    /// Says that there is no such service, and which one was probably meant.
    pub(super) fn no_such_service(&self, environment: &Environment, service: &ServiceName) -> String {
        let fleets = self.inner.catalog.fleets();
        let fleet = fleets.get().get(environment).cloned();
        fleet
            .and_then(|fleet| fleet.missing(service))
            .unwrap_or_else(|| format!("there is no service `{service}` in {environment}"))
    }

    /// Brings the checks and the declared maintenance windows in line with the catalog.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn reconcile(&self) -> Result<(), WatchError> {
        for _ in 0..TRIES {
            match self.reconcile_once().await {
                // Another replica made the same checks a moment before.
                Err(WatchError::Store(error)) if error.is_conflict() && self.share().is_shared() => {
                    self.take_over_changes().await?;
                }
                outcome => return outcome,
            }
        }
        self.reconcile_once().await
    }

    async fn reconcile_once(&self) -> Result<(), WatchError> {
        let inner = &self.inner;
        let _edits = inner.edits.lock().await;
        let fleets: Fleets = inner.catalog.fleets().get();
        let wanted = wanted(&fleets, &inner.catalog.declared_checks(), &inner.config.get().defaults);
        let now = inner.world.now();
        let mut tx = inner.store.begin().await?;
        let plan = reconcile(inner.store.checks_with_retired(&mut tx).await?, wanted);
        let mut saved = Vec::with_capacity(plan.insert.len() + plan.update.len());
        if !plan.insert.is_empty() {
            let count = i64::try_from(plan.insert.len()).unwrap_or(i64::MAX);
            let first = inner.store.take_numbers(&mut tx, count).await?;
            for (key, want) in (first..).zip(plan.insert) {
                let check = Check {
                    id: inner.world.id(),
                    key,
                    environment: want.environment,
                    service: want.service,
                    name: want.name,
                    spec: want.spec,
                    paused: want.paused.unwrap_or(false),
                    managed_by: want.managed_by,
                    source: want.source,
                    edited: Vec::new(),
                    version: 1,
                    created_at: now,
                    updated_at: now,
                };
                inner.store.insert_check(&mut tx, &check).await?;
                saved.push(check);
            }
        }
        for mut check in plan.update {
            check.version += 1;
            check.updated_at = now;
            inner.store.update_check(&mut tx, &check).await?;
            saved.push(check);
        }
        for id in &plan.retire {
            inner.store.retire_check(&mut tx, *id, now).await?;
        }
        tx.commit().await?;

        let retired = plan.retire;
        inner.engine.change(|known: &mut Known, now| {
            let mut changes = known.remove_checks(&retired, now);
            changes.extend(known.put_checks(saved.clone(), now));
            changes.extend(known.put_fleets(fleets, now));
            changes
        });
        let nothing = retired.is_empty() && saved.is_empty();
        inner.scheduler.remove(retired);
        self.schedule(saved.iter());
        if !nothing {
            inner.share.changed().await;
        }
        self.reconcile_windows().await
    }

    /// Starts the task `watch.reconcile`.
    pub(super) fn follow_catalog(&self, mut fleets: mainstay_runtime::Follower<Fleets>, tasks: &Tasks) {
        let watch = self.clone();
        let follower = self.inner.catalog.follower();
        let mut config = self.inner.config.follow();
        tasks.spawn("watch.reconcile", |context| async move {
            if let Err(error) = watch.recall_last_probes().await {
                context.failed(error);
            }
            loop {
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    () = fleets.changed() => {}
                    () = config.changed() => {}
                }
                fleets.mark_seen();
                let version = fleets.get().values().map(|fleet| fleet.version()).max();
                while let Err(error) = watch.reconcile().await {
                    context.failed(error);
                    if !context.sleep(TRY_AGAIN_AFTER).await {
                        return Ok(());
                    }
                }
                if let (Some(follower), Some(version)) = (&follower, version) {
                    follower.reached(version);
                }
                context.ran(format!("{} checks", watch.inner.engine.known().checks().count()));
            }
        });
    }

    /// After a restart, what the last probes found is shown until there are new ones.
    async fn recall_last_probes(&self) -> Result<(), WatchError> {
        let stored = self.inner.store.last_probes().await?;
        let mut by_key: HashMap<i64, Probe> = stored.into_iter().map(|stored| (stored.key, stored.probe)).collect();
        for live in self.inner.engine.known().checks() {
            if let Some(probe) = by_key.remove(&live.check.key) {
                live.memory().last.get_or_insert(probe);
            }
        }
        Ok(())
    }
}
