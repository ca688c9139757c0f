//! What a person does to checks: create, change, pause, run, delete.

use std::sync::Arc;

use mainstay_catalog::ServiceName;
use mainstay_http::IfMatch;
use mainstay_kernel::{Cursor, FieldError, Page, PageRequest, Scope};
use mainstay_store::Transaction;

use super::Watch;
use crate::{
    engine::{CheckView, Known, Live},
    error::WatchError,
    generate::changed_fields,
    model::{
        check::{Check, CheckId, CheckManager},
        draft::CheckDraft,
        probe::Probe,
    },
};

/// Longest name of a check, in characters.
const NAME_MAX: usize = 100;

impl Watch {
    /// A page of the checks of an environment, or of one service, by service and name.
    ///
    /// # Errors
    /// When the cursor is of another list.
    pub fn checks(
        &self,
        scope: &Scope,
        service: Option<&ServiceName>,
        page: &PageRequest,
    ) -> Result<Page<CheckView>, WatchError> {
        let after: Option<(String, String)> = page
            .cursor
            .as_ref()
            .map(|cursor| Ok::<_, WatchError>((cursor.part(0)?, cursor.part(1)?)))
            .transpose()?;
        let known = self.inner.engine.known();
        let mut found: Vec<&Arc<Live>> = known
            .checks()
            .filter(|live| live.check.environment == scope.environment)
            .filter(|live| service.is_none_or(|service| live.check.service == *service))
            .filter(|live| {
                after.as_ref().is_none_or(|(service, name)| {
                    (live.check.service.as_str(), live.check.name.as_str()) > (service.as_str(), name.as_str())
                })
            })
            .collect();
        found.sort_unstable_by(|a, b| (&a.check.service, &a.check.name).cmp(&(&b.check.service, &b.check.name)));
        found.truncate(page.limit.saturating_add(1));
        let now = self.inner.world.now();
        let views = found.into_iter().map(|live| known.view(live, now)).collect();
        Ok(Page::from_overfetch(views, page.limit, |view: &CheckView| {
            Cursor(vec![view.check.service.to_string(), view.check.name.clone()])
        }))
    }

    /// How many checks there are in every environment.
    pub fn check_count(&self) -> usize {
        self.inner.engine.known().checks().count()
    }

    /// One check.
    ///
    /// # Errors
    /// When there is none.
    pub fn check(&self, id: CheckId) -> Result<CheckView, WatchError> {
        let known = self.inner.engine.known();
        let live = known.check(id).ok_or(WatchError::NoCheck(id))?;
        Ok(known.view(&live, self.inner.world.now()))
    }

    /// Creates a check.
    ///
    /// # Errors
    /// When a field is wrong, the name is taken, or the database fails.
    pub async fn create_check(&self, scope: &Scope, draft: CheckDraft) -> Result<CheckView, WatchError> {
        let inner = &self.inner;
        if let Some(Ok(service)) = draft.service.as_deref().map(ServiceName::parse) {
            self.catch_up(&scope.environment, &service).await?;
        }
        let _edits = inner.edits.lock().await;
        let place = self.place(scope, &draft, None);
        let paused = draft.paused.unwrap_or(false);
        let ((service, name), spec) = both(place, draft.build(&inner.config.get().defaults, None))?;
        let now = inner.world.now();
        let mut tx = inner.store.begin().await?;
        inner
            .store
            .delete_retired(&mut tx, &scope.environment, &service, &name)
            .await?;
        let check = Check {
            id: inner.world.id(),
            key: inner.store.take_numbers(&mut tx, 1).await?,
            environment: scope.environment.clone(),
            service,
            name,
            spec,
            paused,
            managed_by: CheckManager::Api,
            source: None,
            edited: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
        };
        inner
            .store
            .insert_check(&mut tx, &check)
            .await
            .map_err(|error| taken(error, &check))?;
        self.saved(tx, check).await
    }

    /// Makes the check what the draft says. Of a generated check, the fields that change become a person's and stay.
    ///
    /// # Errors
    /// When there is no such check, a file manages it, it changed since, a field is wrong, or the database fails.
    pub async fn replace_check(
        &self,
        id: CheckId,
        based_on: IfMatch,
        draft: CheckDraft,
    ) -> Result<CheckView, WatchError> {
        let inner = &self.inner;
        if let Some(Ok(service)) = draft.service.as_deref().map(ServiceName::parse) {
            let environment = self.check(id)?.check.environment.clone();
            self.catch_up(&environment, &service).await?;
        }
        let _edits = inner.edits.lock().await;
        let mut tx = inner.store.begin().await?;
        let before = self.editable(&mut tx, id, based_on).await?;
        let scope = Scope::of(before.environment.clone());
        let place = self.place(&scope, &draft, Some(&before));
        let paused = draft.paused.unwrap_or(before.paused);
        // Role and name of a generated check tie it to its endpoint.
        let draft = match before.managed_by {
            CheckManager::Catalog => CheckDraft {
                role: draft.role.or(Some(before.spec.role)),
                ..draft
            },
            CheckManager::Api | CheckManager::File => draft,
        };
        let ((service, name), spec) = both(place, draft.build(&inner.config.get().defaults, Some(&before.spec)))?;
        let mut edited = before.edited.clone();
        if before.managed_by == CheckManager::Catalog {
            edited.extend(changed_fields(&before.spec, &spec));
            edited.sort_unstable();
            edited.dedup();
        }
        let after = Check {
            service,
            name,
            spec,
            paused,
            edited,
            version: before.version + 1,
            updated_at: inner.world.now(),
            ..before
        };
        inner
            .store
            .update_check(&mut tx, &after)
            .await
            .map_err(|error| taken(error, &after))?;
        self.saved(tx, after).await
    }

    /// Pauses a check or resumes it, whoever manages it.
    ///
    /// # Errors
    /// When there is no such check, it changed since, or the database fails.
    pub async fn pause_check(&self, id: CheckId, based_on: IfMatch, paused: bool) -> Result<CheckView, WatchError> {
        let inner = &self.inner;
        let _edits = inner.edits.lock().await;
        let mut tx = inner.store.begin().await?;
        let before = inner
            .store
            .check_in(&mut tx, id)
            .await?
            .ok_or(WatchError::NoCheck(id))?;
        based_on.check(before.version).map_err(|_| WatchError::Stale)?;
        if before.paused == paused {
            tx.rollback().await?;
            return self.check(id);
        }
        let after = Check {
            paused,
            version: before.version + 1,
            updated_at: inner.world.now(),
            ..before
        };
        inner.store.update_check(&mut tx, &after).await?;
        self.saved(tx, after).await
    }

    /// Deletes a check.
    ///
    /// # Errors
    /// When there is no such check, a file or the catalog makes it, it changed since, or the database fails.
    pub async fn delete_check(&self, id: CheckId, based_on: IfMatch) -> Result<(), WatchError> {
        let inner = &self.inner;
        let _edits = inner.edits.lock().await;
        let mut tx = inner.store.begin().await?;
        let before = self.editable(&mut tx, id, based_on).await?;
        if before.managed_by == CheckManager::Catalog {
            return Err(WatchError::Generated {
                name: before.name,
                service: before.service,
            });
        }
        inner.store.delete_check(&mut tx, id).await?;
        tx.commit().await?;
        inner.scheduler.remove(vec![id]);
        inner
            .engine
            .change(|known: &mut Known, now| known.remove_checks(&[id], now));
        inner.share.changed().await;
        Ok(())
    }

    /// Probes now and waits. Of a paused check the result is only shown: it counts nowhere.
    ///
    /// # Errors
    /// When there is no such check or nothing is probed at the moment.
    pub async fn run_check(&self, id: CheckId) -> Result<Probe, WatchError> {
        let live = self.inner.engine.known().check(id).ok_or(WatchError::NoCheck(id))?;
        // What another replica probes, this one only tries: counting is that one's business.
        let probe = if live.check.paused || !self.inner.share.owns(id) {
            self.inner.share.kick(id).await;
            self.inner.engine.try_out(&live).await
        } else {
            self.inner.scheduler.run_now(id).await
        };
        // Whoever asked looks for it among the probes next. The writer keeps what it could not write, and reports it.
        if let Err(error) = self.inner.writer.flush().await {
            tracing::debug!(check.id = %id, error = %error, "a probe by hand is not written yet");
        }
        probe.ok_or(WatchError::NotRunning)
    }

    /// Commits a changed check and takes it over.
    async fn saved(&self, tx: Transaction, check: Check) -> Result<CheckView, WatchError> {
        tx.commit().await?;
        let id = check.id;
        self.inner
            .engine
            .change(|known: &mut Known, now| known.put_checks(vec![check.clone()], now));
        self.schedule(std::iter::once(&check));
        self.inner.share.changed().await;
        self.check(id)
    }

    async fn editable(&self, tx: &mut Transaction, id: CheckId, based_on: IfMatch) -> Result<Check, WatchError> {
        let check = self
            .inner
            .store
            .check_in(tx, id)
            .await?
            .ok_or(WatchError::NoCheck(id))?;
        if check.managed_by == CheckManager::File {
            let file = check.source.and_then(|source| source.file);
            return Err(WatchError::FileManaged {
                name: check.name,
                file: file.map_or_else(|| "a file".to_owned(), |file| format!("the file {file}")),
            });
        }
        based_on.check(check.version).map_err(|_| WatchError::Stale)?;
        Ok(check)
    }

    /// Whose check it is and what it is called. A check that exists stays where it is unless the draft says otherwise.
    fn place(
        &self,
        scope: &Scope,
        draft: &CheckDraft,
        before: Option<&Check>,
    ) -> Result<(ServiceName, String), Vec<FieldError>> {
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, message: String| {
            wrong.push(FieldError {
                field: field.to_owned(),
                message,
            });
        };
        let fixed = before.is_some_and(|before| before.managed_by == CheckManager::Catalog);
        let service = match (&draft.service, before) {
            (Some(text), _) => ServiceName::parse(text).map_err(|error| error.to_string()),
            (None, Some(before)) => Ok(before.service.clone()),
            (None, None) => Err("name the service the check speaks for".to_owned()),
        };
        let service = service.and_then(|service| {
            let moved = before.is_none_or(|before| before.service != service);
            match self.service_state(&scope.environment, &service) {
                _ if fixed && moved => Err("a check made from an endpoint stays with its service".to_owned()),
                None if moved => Err(self.no_such_service(&scope.environment, &service)),
                _ => Ok(service),
            }
        });
        let name = match (&draft.name, before) {
            (Some(name), Some(before)) if fixed && *name != before.name => {
                Err("a check made from an endpoint keeps its name".to_owned())
            }
            (Some(name), _) => check_name(name),
            (None, Some(before)) => Ok(before.name.clone()),
            (None, None) => Err("give the check a name, unique among its service's".to_owned()),
        };
        match (service, name) {
            (Ok(service), Ok(name)) => Ok((service, name)),
            (service, name) => {
                if let Err(message) = service {
                    refuse("service", message);
                }
                if let Err(message) = name {
                    refuse("name", message);
                }
                Err(wrong)
            }
        }
    }
}

fn check_name(name: &str) -> Result<String, String> {
    let name = name.trim();
    let fits = !name.is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(format!("use 1 to {NAME_MAX} visible characters"))
    }
}

/// Both results, or everything that is wrong with either.
fn both<A, B>(a: Result<A, Vec<FieldError>>, b: Result<B, Vec<FieldError>>) -> Result<(A, B), WatchError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(WatchError::Invalid(
            a.err().into_iter().chain(b.err()).flatten().collect(),
        )),
    }
}

fn taken(error: mainstay_store::StoreError, check: &Check) -> WatchError {
    if error.is_conflict() {
        WatchError::Exists {
            service: check.service.clone(),
            name: check.name.clone(),
        }
    } else {
        error.into()
    }
}
