//! What was asked of open alerts, here or at other replicas, is done by the engine.

use jiff::Timestamp;
use mainstay_kernel::{Environment, Scope};
use mainstay_runtime::TaskContext;

use super::{
    Answer,
    apply::{Batch, Refusal},
    run::Run,
};
use crate::{
    alert::{
        model::{AlertId, What},
        store::{self, Order, Record},
    },
    delivery::model::DeliveryEvent,
};

impl Run {
    /// Does what was asked of an alert, or says why not.
    pub(super) fn order(&mut self, batch: &mut Batch, scope: Scope, id: AlertId, order: Order, answer: Answer) {
        let now = self.alerts.inner.world.now();
        match self.open_record(&scope.environment, id) {
            Ok(record) => {
                let told = record.open.told_at.is_some();
                let (what, detail) = obey(record, order, now);
                self.book.step(batch, id, now, what, Some(detail));
                if told && what == What::Acknowledged {
                    self.book.tell(batch, id, now, DeliveryEvent::Acknowledged);
                }
                batch.done.push((id, answer));
            }
            Err(Some(title)) => batch.refusals.push((Refusal::AlreadyResolved(title), answer)),
            Err(None) => batch.refusals.push((Refusal::NoSuchAlert(scope, id), answer)),
        }
    }

    /// What was asked at other replicas.
    pub(super) async fn take_orders(&mut self, batch: &mut Batch, context: &TaskContext) {
        match store::waiting_commands(&self.alerts.inner.db).await {
            Ok(commands) => {
                for command in commands {
                    let answer = Answer::Elsewhere(command.id);
                    self.order(batch, command.scope, command.alert, command.order, answer);
                }
            }
            Err(error) => context.failed(error),
        }
    }

    /// The record of an open alert; otherwise the title of the one that is over, if it is known.
    fn open_record(&mut self, environment: &Environment, id: AlertId) -> Result<&mut Record, Option<String>> {
        match self.book.records.get_mut(&id) {
            Some(record) if record.open.key.environment != *environment => Err(None),
            Some(record) if record.resolved_at.is_some() => Err(Some(record.title.clone())),
            Some(record) => Ok(record),
            // It was open when it was asked for, so it was resolved since.
            None => Err(Some("This alert".to_owned())),
        }
    }
}

/// Changes the record as somebody asked; answers what that is called, and who asked it.
fn obey(record: &mut Record, order: Order, now: Timestamp) -> (What, String) {
    match order {
        Order::Acknowledge { by, note } => {
            let detail = note.map_or_else(|| format!("By {by}."), |note| format!("By {by}: {note}"));
            record.acknowledged_at = Some(now);
            record.acknowledged_by = Some(by);
            (What::Acknowledged, detail)
        }
        Order::Unacknowledge { by } => {
            record.acknowledged_at = None;
            record.acknowledged_by = None;
            (What::Unacknowledged, format!("By {by}."))
        }
    }
}
