//! What people do with alerts and silences.

use jiff::Timestamp;
use mainstay_kernel::{Page, PageRequest, Problem, ProblemKind, Scope};
use mainstay_store::StoreError;
use tokio::sync::oneshot;

use super::{Alerts, Answer, Input};
use crate::{
    alert::{
        model::{Alert, AlertId, Silence, SilenceId, TimelineEntry},
        store::{self, AlertFilter, Order, SilenceRow},
    },
    known,
    store::{Kept, changing},
};

impl Alerts {
    pub(crate) async fn list(
        &self,
        scope: &Scope,
        filter: &AlertFilter,
        page: &PageRequest,
    ) -> Result<Page<Alert>, Problem> {
        let page = store::list(&self.inner.db, scope, filter, page).await?;
        Ok(page.map(|record| record.shown(self.is_silenced(&record))))
    }

    pub(crate) async fn find(&self, scope: &Scope, id: AlertId) -> Result<(Alert, Vec<TimelineEntry>), Problem> {
        let record = store::find(&self.inner.db, scope, id)
            .await?
            .ok_or_else(|| no_such_alert(scope, id))?;
        let timeline = store::timeline(&self.inner.db, id).await?;
        Ok((record.shown(self.is_silenced(&record)), timeline))
    }

    /// Somebody takes an alert on.
    pub(crate) async fn acknowledge(
        &self,
        scope: &Scope,
        id: AlertId,
        by: String,
        note: Option<String>,
    ) -> Result<Alert, Problem> {
        self.order(scope, id, Order::Acknowledge { by, note }).await
    }

    /// Somebody gives an alert back.
    pub(crate) async fn unacknowledge(&self, scope: &Scope, id: AlertId, by: String) -> Result<Alert, Problem> {
        self.order(scope, id, Order::Unacknowledge { by }).await
    }

    /// Done here, if this replica decides alerts, and otherwise by the one that does.
    async fn order(&self, scope: &Scope, id: AlertId, order: Order) -> Result<Alert, Problem> {
        self.check_open(scope, id).await?;
        if !self.leads() {
            return self.ask(scope, id, order).await;
        }
        let (answer, answered) = oneshot::channel();
        self.tell(Input::Order {
            scope: scope.clone(),
            id,
            order,
            answer: Answer::Here(answer),
        });
        answered.await.unwrap_or_else(|_| Err(moved()))
    }

    async fn check_open(&self, scope: &Scope, id: AlertId) -> Result<(), Problem> {
        let record = store::find(&self.inner.db, scope, id)
            .await?
            .ok_or_else(|| no_such_alert(scope, id))?;
        match record.resolved_at {
            None => Ok(()),
            Some(_) => Err(already_resolved(&record.title)),
        }
    }

    pub(crate) async fn list_silences(&self, scope: &Scope, page: &PageRequest) -> Result<Page<Silence>, Problem> {
        store::list_silences(&self.inner.db, scope, page).await
    }

    /// Adds a silence; it counts at once.
    pub(crate) async fn silence(&self, scope: &Scope, silence: Silence) -> Result<Silence, Problem> {
        self.check_silence(scope, &silence)?;
        let row = SilenceRow {
            scope: scope.clone(),
            silence,
        };
        let mut tx = self.inner.db.begin().await?;
        changing(&mut tx, Kept::Silences).await?;
        store::add_silence(&mut tx, &row).await?;
        tx.commit().await?;
        self.take_over_silences().await?;
        Ok(row.silence)
    }

    fn check_silence(&self, scope: &Scope, silence: &Silence) -> Result<(), Problem> {
        let invalid = |field: &str, message: &str| {
            Err(Problem::invalid(
                "invalid-silence",
                format!("The silence cannot be made. `{field}`: {message}."),
            )
            .field(field, message))
        };
        let now: Timestamp = self.inner.world.now();
        if silence.ends_at <= silence.starts_at {
            return invalid("ends_at", "must be after `starts_at`");
        }
        if silence.ends_at <= now {
            return invalid("ends_at", "is in the past");
        }
        if silence.reason.trim().is_empty() {
            return invalid("reason", "must say why, for those who find it");
        }
        let missing = |service| known::missing(&self.inner.fleets, &scope.environment, service);
        if let Some(missing) = silence.service.as_ref().and_then(missing) {
            return invalid("service", &missing);
        }
        Ok(())
    }

    /// Lifts a silence at once, unless a file would bring it back.
    pub(crate) async fn lift_silence(&self, scope: &Scope, id: SilenceId) -> Result<(), Problem> {
        let now = self.inner.world.now();
        let declared = store::declared_silences(&self.inner.db).await?;
        let still = declared.into_iter().map(|row| row.silence);
        if let Some(file) = still
            .filter(|silence| silence.id == id && silence.ends_at > now)
            .find_map(|silence| silence.source)
        {
            return Err(Problem::conflict(
                "file-managed",
                format!("The silence is declared in {file} and would come back. Take it out of that file."),
            ));
        }
        let mut tx = self.inner.db.begin().await?;
        changing(&mut tx, Kept::Silences).await?;
        if !store::delete_silence(&mut tx, scope, id).await? {
            return Err(Problem::not_found(format_args!(
                "silence `{id}` in {}",
                scope.environment
            )));
        }
        tx.commit().await?;
        self.take_over_silences().await?;
        Ok(())
    }

    /// Reads the silences again, after they were changed here or by another replica.
    pub(crate) async fn take_over_silences(&self) -> Result<(), StoreError> {
        self.reload_silences().await?;
        self.tell(Input::Silences);
        Ok(())
    }
}

pub(super) fn already_resolved(title: &str) -> Problem {
    Problem::conflict(
        "already-resolved",
        format!("\"{title}\" is resolved already; nothing is left to take on."),
    )
}

pub(super) fn no_such_alert(scope: &Scope, id: AlertId) -> Problem {
    Problem::not_found(format_args!("alert `{id}` in {}", scope.environment))
}

/// Whoever decided alerts here has stopped in the middle of it.
fn moved() -> Problem {
    Problem::new(
        ProblemKind::Unavailable,
        "moved",
        "This replica of Mainstay has just stopped deciding alerts, and another takes over within seconds. Look at the alert, \
         then try again.",
    )
}
