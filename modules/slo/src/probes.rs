//! Reactions to what watch announces: probes are counted as they end, and written in the transaction that keeps them.

use async_trait::async_trait;
use mainstay_kernel::to_micros;
use mainstay_store::{StoreError, Transaction};
use mainstay_watch::{FailureKind, FlushParticipant, ProbeEvent};

use crate::{
    ledger::Counted,
    model::{CheckFacts, Observation, Outcome},
    service::Objectives,
};

impl Objectives {
    /// Counts a finished probe, and decides at once where it is a bad one.
    pub(crate) fn on_probe(&self, event: &ProbeEvent) {
        // What happens during announced maintenance was promised to nobody.
        if event.in_maintenance {
            return;
        }
        let inner = &self.inner;
        let (environment, service, probe) = (&event.environment, &event.service, observation(event));
        match event.foreign {
            None => inner.ledger.observe(environment, service, &probe, inner.sink.as_ref()),
            Some(flush) => inner
                .ledger
                .follow(environment, service, &probe, flush, inner.sink.as_ref()),
        }
    }
}

#[async_trait]
impl FlushParticipant for Objectives {
    async fn persist(&self, tx: &mut Transaction, events: &[ProbeEvent]) -> Result<(), StoreError> {
        let counted = events
            .iter()
            .filter(|event| !event.in_maintenance)
            .map(|event| Counted {
                environment: &event.environment,
                service: &event.service,
                probe: observation(event),
            });
        Objectives::persist(self, tx, counted).await
    }
}

/// A probe as an event of objectives. It counts at the moment its outcome was known, which is its beginning plus the
/// measured duration: a probe that timed out belongs to the moment it did, or a short window would already be over when
/// it is noticed.
fn observation(event: &ProbeEvent) -> Observation<'_> {
    Observation {
        check: CheckFacts {
            name: &event.check_name,
            role: event.role.as_str(),
        },
        at: to_micros(event.at).saturating_add(event.duration_us),
        duration_us: event.duration_us,
        outcome: outcome(event),
    }
}

fn outcome(event: &ProbeEvent) -> Outcome {
    match event.failure.as_ref().map(|failure| failure.kind) {
        None if event.ok => Outcome::Good,
        Some(FailureKind::Assertion | FailureKind::Protocol | FailureKind::TooLarge) => Outcome::WrongAnswer,
        _ => Outcome::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mainstay_catalog::ServiceName;
    use mainstay_kernel::{Environment, World};
    use mainstay_watch::{CheckRole, Failure, Phases};

    use super::*;

    fn event(failure: Option<FailureKind>) -> ProbeEvent {
        ProbeEvent {
            check: World::system().id(),
            check_name: "health".into(),
            role: CheckRole::Health,
            service: ServiceName::parse("api").unwrap(),
            environment: Environment::production(),
            at: Timestamp::UNIX_EPOCH,
            finished_at: Timestamp::UNIX_EPOCH,
            duration_us: 2_000_000,
            ok: failure.is_none(),
            in_maintenance: false,
            failure: failure.map(|kind| Failure {
                kind,
                message: "did not answer within 2 s".to_owned(),
            }),
            phases: Phases::default(),
            foreign: None,
        }
    }

    #[test]
    fn a_probe_counts_when_its_outcome_is_known() {
        assert_eq!(observation(&event(Some(FailureKind::Timeout))).at, 2_000_000);
    }

    #[test]
    fn only_what_the_service_answered_is_a_wrong_answer() {
        let of = |kind| outcome(&event(kind));
        assert_eq!(of(None), Outcome::Good);
        assert_eq!(of(Some(FailureKind::Assertion)), Outcome::WrongAnswer);
        assert_eq!(of(Some(FailureKind::ConnectRefused)), Outcome::NoAnswer);
        assert_eq!(of(Some(FailureKind::Timeout)), Outcome::NoAnswer);
    }
}
