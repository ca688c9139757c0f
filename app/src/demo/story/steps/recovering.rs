//! From the mended fleet to the delivered end of the alert.

use jiff::Timestamp;
use serde_json::json;

use super::{
    super::{
        Look, StoryError, Teller,
        evidence::{arrivals, list, not_in, out_of_order},
    },
    EXPECTED, MAINTENANCE, Observed, RECEIVER, STATES,
};

impl Teller {
    /// From the mended fleet to the delivered end of the alert.
    ///
    /// # Errors
    /// When a step is missing or came in the wrong order.
    pub async fn recovers(&mut self, observed: &Observed) -> Result<(), StoryError> {
        let told = self.seen_recovering(observed).await;
        self.unless_interrupted(told).await
    }

    async fn seen_recovering(&mut self, observed: &Observed) -> Result<(), StoryError> {
        let recovered_at = self.recovered(observed).await?;
        self.alert_resolved(observed, recovered_at).await
    }

    async fn recovered(&mut self, observed: &Observed) -> Result<Option<Timestamp>, StoryError> {
        let root = observed.root.clone();
        self.until("recovered", STATES, async |api, _| {
            let states = api.service_states().await?;
            // Announced maintenance of another service is no part of this story.
            let (spared, judged): (Vec<_>, Vec<_>) = states
                .into_iter()
                .partition(|state| state.state == MAINTENANCE && state.service != root);
            let others = not_in(&judged, "up");
            if judged.is_empty() || !others.is_empty() {
                return Ok(Look::NotYet(format!("not up: {}", list(&others))));
            }
            let since = judged
                .iter()
                .find(|state| state.service == root)
                .and_then(|state| state.since);
            let spared: Vec<_> = spared.into_iter().map(|state| state.service).collect();
            let detail = json!({ "services": judged.len(), "service": root, "since": since, "in_maintenance": spared });
            Ok(Look::Seen((since, detail)))
        })
        .await
    }

    async fn alert_resolved(&mut self, observed: &Observed, recovered_at: Option<Timestamp>) -> Result<(), StoryError> {
        let Some(alert) = observed.alert.clone() else {
            return Err(self.wrong("alert-resolved", "no alert had opened"));
        };
        let since = observed.calm_since;
        let resolved_at = self
            .until("alert-resolved", RECEIVER, async |api, log| {
                let alerts = api.alerts().await?;
                let resolved = alerts
                    .iter()
                    .find(|other| other.id == alert.id && other.state == "resolved");
                let arrivals = arrivals(log, since).await?;
                let arrival = arrivals.iter().find(|arrival| arrival.is("alert.resolved", &alert.id));
                let (Some(resolved), Some(arrival)) = (resolved, arrival) else {
                    let seen = format!(
                        "resolved: {}, its delivery received: {}",
                        resolved.is_some(),
                        arrival.is_some()
                    );
                    return Ok(Look::NotYet(seen));
                };
                // Only now all of them are known: a budget burns for a while before it makes an alert of its own.
                let folded = alerts
                    .iter()
                    .filter(|other| other.opened_at >= since && other.folded_under.is_some());
                let detail = json!({
                    "alert": alert.id,
                    "resolved_at": resolved.resolved_at,
                    "accepted_at": arrival.at,
                    "delivery": arrival.id,
                    "folded_alerts": folded.count(),
                });
                Ok(Look::Seen((resolved.resolved_at, detail)))
            })
            .await?;
        let times = [
            ("the check turned", observed.down_since),
            ("the alert opened", Some(alert.opened_at)),
            ("the alert was delivered", observed.delivered_at),
            ("the service recovered", recovered_at),
            ("the alert was resolved", resolved_at),
        ];
        if let Some(what) = out_of_order(&times) {
            return Err(self.wrong("alert-resolved", what));
        }
        self.exactly_one_root("alert-resolved", observed).await?;
        // The cause is looked for when all is over.
        if EXPECTED.split_last().is_some_and(|(_, before)| self.done == before) {
            return Ok(());
        }
        Err(self.wrong("alert-resolved", format!("the steps must be {}", EXPECTED.join(", "))))
    }
}
