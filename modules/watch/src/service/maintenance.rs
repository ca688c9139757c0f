//! Planning maintenance windows.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::{Actor, Cursor, FieldError, Page, PageRequest, Scope, to_micros};

use super::Watch;
use crate::{
    declared_windows,
    engine::Known,
    error::WatchError,
    model::maintenance::{Maintenance, MaintenanceId, REASON_MAX},
};

/// A window to be planned.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMaintenance {
    /// The service; `None` for every service of the environment.
    pub service: Option<ServiceName>,
    /// Why.
    pub reason: String,
    /// Its first moment.
    pub starts_at: Timestamp,
    /// The first moment after it.
    pub ends_at: Timestamp,
}

impl Watch {
    /// A page of the windows of an environment, the last to end first.
    ///
    /// # Errors
    /// When the cursor is of another list or the database fails.
    pub async fn maintenance(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Maintenance>, WatchError> {
        let before = page
            .cursor
            .as_ref()
            .map(|cursor| Ok::<_, WatchError>((cursor.part(0)?, cursor.part(1)?)))
            .transpose()?;
        let windows = self
            .inner
            .store
            .maintenance(&scope.environment, before, page.overfetch())
            .await?;
        Ok(Page::from_overfetch(windows, page.limit, |window: &Maintenance| {
            Cursor(vec![to_micros(window.ends_at).to_string(), window.id.to_string()])
        }))
    }

    /// Plans a window.
    ///
    /// # Errors
    /// When a field is wrong or the database fails.
    pub async fn plan_maintenance(
        &self,
        scope: &Scope,
        actor: &Actor,
        new: NewMaintenance,
    ) -> Result<Maintenance, WatchError> {
        let inner = &self.inner;
        if let Some(service) = &new.service {
            self.catch_up(&scope.environment, service).await?;
        }
        let now = inner.world.now();
        let mut wrong = Vec::new();
        let mut refuse = |field: &str, message: String| {
            wrong.push(FieldError {
                field: field.to_owned(),
                message,
            });
        };
        if new.ends_at <= new.starts_at {
            refuse("ends_at", "it must be after `starts_at`".to_owned());
        } else if new.ends_at <= now {
            refuse("ends_at", "the window would already be over".to_owned());
        }
        if let Some(service) = &new.service
            && self.service_state(&scope.environment, service).is_none()
        {
            refuse("service", self.no_such_service(&scope.environment, service));
        }
        if new.reason.trim().is_empty() || new.reason.len() > REASON_MAX {
            refuse("reason", "say in 1 to 1000 characters why".to_owned());
        }
        if !wrong.is_empty() {
            return Err(WatchError::Invalid(wrong));
        }
        let _edits = inner.edits.lock().await;
        let window = Maintenance {
            id: inner.world.id(),
            environment: scope.environment.clone(),
            service: new.service,
            reason: new.reason.trim().to_owned(),
            starts_at: new.starts_at,
            ends_at: new.ends_at,
            declared: None,
        };
        inner.store.insert_maintenance(&window, &actor.label(), now).await?;
        self.reload_windows().await?;
        inner.share.changed().await;
        Ok(window)
    }

    /// Deletes a window; if it is open, it ends now.
    ///
    /// # Errors
    /// When there is none, a file declares it, or the database fails.
    pub async fn delete_maintenance(&self, id: MaintenanceId) -> Result<(), WatchError> {
        let _edits = self.inner.edits.lock().await;
        let now = self.inner.world.now();
        let declared = self.inner.store.declared_maintenance().await?;
        // One that is over comes back no more.
        let still = declared
            .into_iter()
            .find(|window| window.id == id && window.ends_at > now);
        if let Some(declared) = still.and_then(|window| window.declared) {
            return Err(WatchError::WindowFileManaged {
                name: declared.name,
                file: declared.file.unwrap_or_else(|| "a file".to_owned()),
            });
        }
        if !self.inner.store.delete_maintenance(id).await? {
            return Err(WatchError::NoMaintenance(id));
        }
        self.reload_windows().await?;
        self.inner.share.changed().await;
        Ok(())
    }

    /// Makes the windows those that files declare, beside the ones that people plan. Called with the edits held.
    pub(super) async fn reconcile_windows(&self) -> Result<(), WatchError> {
        let inner = &self.inner;
        let now = inner.world.now();
        let mut wanted: Vec<Maintenance> = Vec::new();
        for declaration in inner.catalog.declared_maintenance() {
            match declared_windows::read(&declaration, inner.world.id()) {
                Ok(window) => wanted.push(window),
                Err(problems) => tracing::warn!(
                    maintenance.name = declaration.name,
                    problems = problems.join("; "),
                    "a declared maintenance window cannot be used"
                ),
            }
        }
        let stored = inner.store.declared_maintenance().await?;
        let plan = declared_windows::plan(stored, wanted, now);
        if plan.is_empty() {
            return Ok(());
        }
        inner.store.change_maintenance(&plan, now).await?;
        self.reload_windows().await?;
        inner.share.changed().await;
        Ok(())
    }

    /// Takes over the windows that another replica may have changed.
    pub(crate) async fn take_over_windows(&self) -> Result<(), WatchError> {
        let windows = self
            .inner
            .store
            .maintenance_ending_after(self.inner.world.now_micros())
            .await?;
        if self.inner.engine.known().windows() != windows {
            self.inner
                .engine
                .change(|known: &mut Known, now| known.put_windows(windows, now));
        }
        Ok(())
    }

    async fn reload_windows(&self) -> Result<(), WatchError> {
        let inner = &self.inner;
        let windows = inner.store.maintenance_ending_after(inner.world.now_micros()).await?;
        inner
            .engine
            .change(|known: &mut Known, now| known.put_windows(windows, now));
        Ok(())
    }
}
