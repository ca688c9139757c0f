//! From the first check that turns to the delivered alert.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    super::{
        Look, StoryError, Teller,
        evidence::{alerts_since, arrivals, burns, list, not_in, root_alerts},
    },
    ALERTS, CHECKS, MAINTENANCE, Observed, RECEIVER, SLOS, STATES,
};
use crate::demo::mainstay::ServiceState;

impl Teller {
    /// From the first check that turns to the delivered alert.
    ///
    /// # Errors
    /// When a step is missing, or more than one root alert was delivered.
    pub async fn breaks(&mut self, observed: &mut Observed) -> Result<(), StoryError> {
        let told = self.seen_breaking(observed).await;
        self.unless_interrupted(told).await
    }

    async fn seen_breaking(&mut self, observed: &mut Observed) -> Result<(), StoryError> {
        self.check_down(observed).await?;
        self.dependants_degraded(observed).await?;
        self.budget_burning(observed).await?;
        self.alert_opened(observed).await?;
        self.alert_delivered(observed).await
    }

    async fn check_down(&mut self, observed: &mut Observed) -> Result<(), StoryError> {
        let (root, since) = self
            .until("check-down", CHECKS, async |api, _| {
                let states = api.service_states().await?;
                let others = not_in(&states, "up");
                let Some(state) = states.iter().find(|state| state.state == "down") else {
                    return Ok(Look::NotYet(format!("no service is down; not up: {}", list(&others))));
                };
                let checks = api.checks().await?;
                let own = checks
                    .iter()
                    .filter(|check| check.service == state.service && check.state == "down");
                let Some(check) = own.min_by_key(|check| check.since) else {
                    return Ok(Look::NotYet(format!(
                        "{} is down, but none of its checks is",
                        state.service
                    )));
                };
                let failure = check.last.as_ref().and_then(|probe| probe.failure.as_ref());
                let detail = json!({
                    "service": state.service,
                    "check": check.name,
                    "since": check.since,
                    "reason": state.reason,
                    "probe": failure.map(|failure| &failure.message),
                });
                Ok(Look::Seen(((state.service.clone(), check.since), detail)))
            })
            .await?;
        self.is_about(&root);
        observed.root = root;
        observed.down_since = since;
        Ok(())
    }

    async fn dependants_degraded(&mut self, observed: &Observed) -> Result<(), StoryError> {
        let root = observed.root.clone();
        self.until("dependants-degraded", STATES, async |api, _| {
            let dependants = api.dependants(&root).await?;
            let states = api.service_states().await?;
            let blames_root = |state: &ServiceState| state.cause.as_ref().is_some_and(|cause| cause.service == root);
            let (spared, judged): (Vec<_>, Vec<_>) = states
                .iter()
                .filter(|state| dependants.contains(&state.service))
                .partition(|state| state.state == MAINTENANCE);
            let (suffering, others): (Vec<_>, Vec<_>) = judged
                .into_iter()
                .partition(|state| state.state == "degraded" && blames_root(state));
            if suffering.len() + spared.len() < dependants.len() {
                let others: Vec<_> = others
                    .iter()
                    .map(|state| format!("{} is {}", state.service, state.state))
                    .collect();
                return Ok(Look::NotYet(list(&others)));
            }
            let down: Vec<_> = states
                .iter()
                .filter(|state| state.state == "down")
                .map(|state| &state.service)
                .collect();
            let paths: BTreeMap<_, _> = suffering
                .iter()
                .map(|state| (&state.service, state.cause.as_ref().map(|cause| &cause.path)))
                .collect();
            let detail = json!({ "cause": root, "degraded": paths, "down": down });
            Ok(Look::Seen(((), detail)))
        })
        .await
    }

    async fn budget_burning(&mut self, observed: &Observed) -> Result<(), StoryError> {
        let (root, before) = (observed.root.clone(), observed.budgets.clone());
        self.until("budget-burning", SLOS, async |api, _| {
            let slos = api.slos().await?;
            let own: Vec<_> = slos.iter().filter(|slo| slo.service == root).collect();
            let burning = own
                .iter()
                .find_map(|slo| Some((slo, before.get(&slo.id).filter(|then| burns(then, slo))?)));
            let Some((slo, then)) = burning else {
                let seen: Vec<_> = own
                    .iter()
                    .map(|slo| format!("{}: {} bad", slo.name, slo.budget.bad))
                    .collect();
                return Ok(Look::NotYet(list(&seen)));
            };
            let detail = json!({
                "slo": slo.name,
                "service": slo.service,
                "bad_before": then.bad,
                "bad": slo.budget.bad,
                "total": slo.budget.total,
                "remaining_ratio_before": then.remaining_ratio,
                "remaining_ratio": slo.budget.remaining_ratio,
                "burn_rate": slo.budget.burn_rate,
            });
            Ok(Look::Seen(((), detail)))
        })
        .await
    }

    async fn alert_opened(&mut self, observed: &mut Observed) -> Result<(), StoryError> {
        let (root, since) = (observed.root.clone(), observed.calm_since);
        let alert = self
            .until("alert-opened", ALERTS, async |api, _| {
                let alerts = alerts_since(api, since).await?;
                let roots: Vec<_> = root_alerts(&alerts).collect();
                let Some(alert) = roots.iter().find(|alert| alert.service == root) else {
                    let seen: Vec<_> = alerts
                        .iter()
                        .map(|alert| format!("{} ({})", alert.title, alert.kind))
                        .collect();
                    return Ok(Look::NotYet(list(&seen)));
                };
                let detail = json!({
                    "alert": alert.id,
                    "kind": alert.kind,
                    "service": alert.service,
                    "title": alert.title,
                    "opened_at": alert.opened_at,
                });
                Ok(Look::Seen(((*alert).clone(), detail)))
            })
            .await?;
        observed.alert = Some(alert);
        Ok(())
    }

    async fn alert_delivered(&mut self, observed: &mut Observed) -> Result<(), StoryError> {
        let Some(alert) = observed.alert.clone() else {
            return Err(self.wrong("alert-delivered", "no alert had opened"));
        };
        let since = observed.calm_since;
        let delivered_at = self
            .until("alert-delivered", RECEIVER, async |api, log| {
                let arrivals = arrivals(log, since).await?;
                let Some(arrival) = arrivals.iter().find(|arrival| arrival.is("alert.opened", &alert.id)) else {
                    let seen: Vec<_> = arrivals
                        .iter()
                        .map(|arrival| format!("{} of {}", arrival.event, arrival.service))
                        .collect();
                    return Ok(Look::NotYet(format!("received: {}", list(&seen))));
                };
                let alerts = alerts_since(api, since).await?;
                // Mainstay writes down a moment later that the receiver has accepted it; until then it is told, not delivered.
                if !alerts.iter().any(|other| other.id == alert.id && other.delivered) {
                    return Ok(Look::NotYet(
                        "received, but Mainstay does not call it delivered".to_owned(),
                    ));
                }
                let detail = json!({
                    "alert": alert.id,
                    "delivery": arrival.id,
                    "accepted_at": arrival.at,
                    "after_opening_ms": arrival.at.as_millisecond() - alert.opened_at.as_millisecond(),
                    "root_alerts": root_alerts(&alerts).count(),
                });
                Ok(Look::Seen((arrival.at, detail)))
            })
            .await?;
        observed.delivered_at = Some(delivered_at);
        self.exactly_one_root("alert-delivered", observed).await
    }
}
