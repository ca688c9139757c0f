//! How a budget went, and what explains it.

use jiff::Timestamp;
use mainstay_kernel::{PageRequest, Scope, from_micros};

use crate::{
    error::SloError,
    model::{BurnDownPoint, Period, SloId},
    objective::Promise,
    service::Objectives,
    store,
};

/// More would not be told apart on a graph.
const MOST_MAINTENANCE: usize = 200;

/// What kind of thing explains a burn-down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Explanation {
    /// An alert of the SLO or of its service was opened.
    Alert,
    /// Probes did not count.
    Maintenance,
    /// The SLO was made or changed.
    Change,
}

impl Explanation {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Maintenance => "maintenance",
            Self::Change => "change",
        }
    }
}

/// Something that happened on the way.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HistoryEvent {
    pub(crate) at: Timestamp,
    pub(crate) kind: Explanation,
    pub(crate) title: String,
    pub(crate) id: Option<String>,
}

/// A burn-down and what happened on the way, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    pub(crate) points: Vec<BurnDownPoint>,
    pub(crate) events: Vec<HistoryEvent>,
}

impl Objectives {
    /// How the budget of the present window went between `from` and `to`, in at most `points` steps.
    ///
    /// # Errors
    /// When there is no such SLO or the database cannot be read.
    pub(crate) async fn history(
        &self,
        id: SloId,
        from: Option<Timestamp>,
        to: Option<Timestamp>,
        points: usize,
    ) -> Result<History, SloError> {
        let (promise, period, points) = self.burn_down(id, from, to, points)?;
        let alerts = store::alerts_between(&self.inner.db, &promise, period).await?;
        let mut events: Vec<_> = alerts
            .into_iter()
            .map(|alert| HistoryEvent {
                at: alert.opened_at,
                kind: Explanation::Alert,
                title: alert.title,
                id: Some(alert.id.to_string()),
            })
            .collect();
        let inside = from_micros(period.from)..=from_micros(period.to);
        events.extend(changes(&promise).into_iter().filter(|event| inside.contains(&event.at)));
        events.extend(self.maintenance(&promise, period).await?);
        events.sort_by_key(|event| event.at);
        Ok(History { points, events })
    }
}

impl Objectives {
    /// The newest maintenance windows of the service that overlap the period.
    async fn maintenance(&self, promise: &Promise, period: Period) -> Result<Vec<HistoryEvent>, SloError> {
        let Some(watch) = self.inner.watch.get() else {
            return Ok(Vec::new());
        };
        let definition = &promise.definition;
        let scope = Scope::of(definition.environment.clone());
        let page = watch.maintenance(&scope, &PageRequest::first(MOST_MAINTENANCE)).await?;
        let (from, to) = (from_micros(period.from), from_micros(period.to));
        Ok(page
            .items
            .into_iter()
            .filter(|window| {
                window
                    .service
                    .as_ref()
                    .is_none_or(|service| *service == definition.service)
            })
            .filter(|window| window.starts_at <= to && window.ends_at > from)
            .map(|window| HistoryEvent {
                at: window.starts_at.max(from),
                kind: Explanation::Maintenance,
                title: format!("Maintenance: {}", window.reason),
                id: Some(window.id.to_string()),
            })
            .collect())
    }
}

fn changes(promise: &Promise) -> Vec<HistoryEvent> {
    let event = |at, what: &str| HistoryEvent {
        at,
        kind: Explanation::Change,
        title: format!("{} was {what}", promise.definition.name),
        id: Some(promise.id.to_string()),
    };
    let mut events = vec![event(promise.created_at, "promised")];
    if promise.version > 1 {
        events.push(event(promise.updated_at, "changed"));
    }
    events
}
