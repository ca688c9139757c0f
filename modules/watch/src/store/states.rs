//! States of checks and services, kept so that a restart goes on where it stopped.

use std::collections::{BTreeMap, HashMap};

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, Micros, OrganizationId, to_micros};
use mainstay_store::{Bind, StoreError, Transaction, Value, sql};

use super::Store;
use crate::model::{
    check::CheckId,
    check_state::{CheckState, Standing},
    failure::{Failure, FailureKind},
    service_state::{ServiceState, ServiceStateChange, State},
    strip::Transition,
};

/// A service's state as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredState {
    /// Where the service runs.
    pub environment: Environment,
    /// The service.
    pub service: ServiceName,
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Micros,
}

/// A change of state, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct TransitionRow {
    environment: Environment,
    service: ServiceName,
    at: Micros,
    before: State,
    after: State,
    since: Micros,
    reason: Option<String>,
    cause: Option<String>,
}

impl TransitionRow {
    /// The row of a change; `None` when only the cause changed.
    pub fn of(change: &ServiceStateChange) -> Option<Self> {
        (change.before.state != change.after.state).then(|| Self {
            environment: change.after.environment.clone(),
            service: change.after.service.clone(),
            at: to_micros(change.at),
            before: change.before.state,
            after: change.after.state,
            since: to_micros(change.after.since),
            reason: change.after.reason.clone(),
            cause: change.after.cause.as_ref().map(|cause| cause.service.to_string()),
        })
    }
}

impl TransitionRow {
    /// The row of a change that nobody wrote when it happened; `None` when nothing changed.
    pub fn since(before: &StoredState, now: &ServiceState) -> Option<Self> {
        (before.state != now.state).then(|| Self {
            environment: now.environment.clone(),
            service: now.service.clone(),
            at: to_micros(now.since),
            before: before.state,
            after: now.state,
            since: to_micros(now.since),
            reason: now.reason.clone(),
            cause: now.cause.as_ref().map(|cause| cause.service.to_string()),
        })
    }
}

impl Store {
    /// Saves states of checks.
    pub async fn put_check_states(
        &self,
        tx: &mut Transaction,
        states: &BTreeMap<CheckId, CheckState>,
    ) -> Result<(), StoreError> {
        let rows = states.iter().map(|(check, state)| {
            vec![
                Value::id(*check),
                Value::id(OrganizationId::DEFAULT),
                state.standing.as_str().into_value(),
                state.since.into_value(),
                state.failing_streak.into_value(),
                state.passing_streak.into_value(),
                state.failing_since.into_value(),
                state.failure.as_ref().map(|failure| failure.kind.code()).into_value(),
                state
                    .failure
                    .as_ref()
                    .map(|failure| failure.message.clone())
                    .into_value(),
            ]
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        tx.insert_many(
            "INSERT INTO watch_check_state (check_id, organization_id, standing, since, failing_streak, passing_streak, \
             failing_since, failure_kind, failure_message) VALUES",
            "ON CONFLICT (check_id) DO UPDATE SET standing = excluded.standing, since = excluded.since, \
             failing_streak = excluded.failing_streak, passing_streak = excluded.passing_streak, \
             failing_since = excluded.failing_since, failure_kind = excluded.failure_kind, \
             failure_message = excluded.failure_message",
            rows,
        )
        .await
        .map(drop)
    }

    /// Every state of a check.
    pub async fn check_states(&self) -> Result<HashMap<CheckId, CheckState>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql("SELECT check_id, standing, since, failing_streak, passing_streak, failing_since, failure_kind, failure_message \
                     FROM watch_check_state WHERE organization_id = $1")
                .id(OrganizationId::DEFAULT),
            )
            .await?;
        rows.iter()
            .map(|row| {
                let streak = |name| Ok::<_, StoreError>(u32::try_from(row.get::<i64>(name)?).unwrap_or_default());
                let kind = row.get::<Option<i64>>("failure_kind")?.and_then(FailureKind::from_code);
                let message: Option<String> = row.get("failure_message")?;
                let state = CheckState {
                    standing: Standing::from_name(&row.get::<String>("standing")?),
                    since: row.time("since")?,
                    failing_streak: streak("failing_streak")?,
                    passing_streak: streak("passing_streak")?,
                    failing_since: row.optional_time("failing_since")?,
                    failure: kind.map(|kind| Failure::new(kind, message.unwrap_or_default())),
                };
                Ok((row.id("check_id")?, state))
            })
            .collect()
    }

    /// Writes changes of services' states, oldest first, and what the states are by them.
    pub async fn put_transitions(&self, tx: &mut Transaction, transitions: &[TransitionRow]) -> Result<(), StoreError> {
        let organization = || Value::id(OrganizationId::DEFAULT);
        let rows = transitions.iter().map(|row| {
            vec![
                organization(),
                (&row.environment).into_value(),
                row.service.as_str().into_value(),
                row.at.into_value(),
                row.before.as_str().into_value(),
                row.after.as_str().into_value(),
                row.reason.clone().into_value(),
                row.cause.clone().into_value(),
            ]
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        tx.insert_many(
            "INSERT INTO watch_transition (organization_id, environment, service, at, state_before, state_after, reason, cause) VALUES",
            "",
            rows,
        )
        .await?;
        // One statement must not meet the same service twice: only the last state of each counts.
        let last: BTreeMap<(&Environment, &ServiceName), &TransitionRow> = transitions
            .iter()
            .map(|row| ((&row.environment, &row.service), row))
            .collect();
        let rows = last.into_values().map(|row| {
            vec![
                organization(),
                (&row.environment).into_value(),
                row.service.as_str().into_value(),
                row.after.as_str().into_value(),
                row.since.into_value(),
            ]
        });
        let rows: Vec<Vec<Value>> = rows.collect();
        tx.insert_many(
            "INSERT INTO watch_service_state (organization_id, environment, service, state, since) VALUES",
            "ON CONFLICT (organization_id, environment, service) DO UPDATE SET state = excluded.state, since = excluded.since",
            rows,
        )
        .await
        .map(drop)
    }

    /// Every service's stored state.
    pub async fn service_states(&self) -> Result<Vec<StoredState>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql("SELECT environment, service, state, since FROM watch_service_state WHERE organization_id = $1")
                    .id(OrganizationId::DEFAULT),
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(StoredState {
                    environment: row.parse("environment")?,
                    service: row.parse("service")?,
                    state: State::from_name(&row.get::<String>("state")?),
                    since: row.get("since")?,
                })
            })
            .collect()
    }

    /// The changes of all services of an environment from `from` on, by service, oldest first.
    pub async fn transitions(
        &self,
        environment: &Environment,
        from: Micros,
    ) -> Result<HashMap<ServiceName, Vec<Transition>>, StoreError> {
        let rows = self
            .db
            .fetch_all(
                sql("SELECT service, at, state_before, state_after FROM watch_transition \
                     WHERE organization_id = $1 AND environment = $2 AND at >= $3 ORDER BY at")
                .id(OrganizationId::DEFAULT)
                .bind(environment)
                .bind(from),
            )
            .await?;
        let mut by_service: HashMap<ServiceName, Vec<Transition>> = HashMap::new();
        for row in rows {
            by_service.entry(row.parse("service")?).or_default().push(Transition {
                at: row.get("at")?,
                before: State::from_name(&row.get::<String>("state_before")?),
                after: State::from_name(&row.get::<String>("state_after")?),
            });
        }
        Ok(by_service)
    }

    /// Deletes changes of state before `cutoff`.
    pub async fn delete_transitions_before(&self, cutoff: Micros) -> Result<u64, StoreError> {
        self.db
            .execute(sql("DELETE FROM watch_transition WHERE at < $1").bind(cutoff))
            .await
    }
}
