//! The steps of the story, in order, each with the place it is read from.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Look, StoryError, Teller,
    evidence::{alerts_since, arrivals, burns, list, not_in, out_of_order, root_alerts},
};
use crate::demo::mainstay::{Alert, Budget, ServiceState};

/// Every step of a complete story, in order. `fault` and `heal` are what the demo does; the others are observed.
pub const EXPECTED: [&str; 11] = [
    "all-up",
    "fault",
    "check-down",
    "dependants-degraded",
    "budget-burning",
    "alert-opened",
    "alert-delivered",
    "heal",
    "recovered",
    "alert-resolved",
    "cause-found",
];

const STATES: &str = "GET /api/v1/service-states";
const CHECKS: &str = "GET /api/v1/checks";
const SLOS: &str = "GET /api/v1/slos";
const ALERTS: &str = "GET /api/v1/alerts";
const RECEIVER: &str = "receiver";
const INVESTIGATION: &str = "mainstay investigate";
/// The state of a service in an announced window.
const MAINTENANCE: &str = "maintenance";

/// What the story has found out so far.
#[derive(Debug, Clone)]
pub struct Observed {
    /// When all was well.
    calm_since: Timestamp,
    budgets: BTreeMap<String, Budget>,
    root: String,
    down_since: Option<Timestamp>,
    alert: Option<Alert>,
    delivered_at: Option<Timestamp>,
}

impl Observed {
    /// When the alert opened.
    pub fn alerted_at(&self) -> Option<Timestamp> {
        self.alert.as_ref().map(|alert| alert.opened_at)
    }
}

impl Teller {
    /// The fleet is well: every service the catalog knows is up, and each promise has a budget to compare with.
    ///
    /// # Errors
    /// [`StoryError::Missing`].
    pub async fn all_up(&mut self) -> Result<Observed, StoryError> {
        let told = self.seen_all_up().await;
        self.unless_interrupted(told).await
    }

    async fn seen_all_up(&mut self) -> Result<Observed, StoryError> {
        let world = self.world.clone();
        self.until("all-up", STATES, async |api, _| {
            let names = api.service_names().await?;
            let states = api.service_states().await?;
            let others = not_in(&states, "up");
            if names.is_empty() || states.len() < names.len() || !others.is_empty() {
                let seen = format!(
                    "{} services, {} with a state, not up: {}",
                    names.len(),
                    states.len(),
                    list(&others)
                );
                return Ok(Look::NotYet(seen));
            }
            let slos = api.slos().await?;
            let empty: Vec<_> = slos
                .iter()
                .filter(|slo| slo.budget.total == 0)
                .map(|slo| slo.name.clone())
                .collect();
            if slos.is_empty() || !empty.is_empty() {
                return Ok(Look::NotYet(format!(
                    "{} SLOs, without events yet: {}",
                    slos.len(),
                    list(&empty)
                )));
            }
            let detail = json!({ "services": states.len(), "slos": slos.len() });
            let observed = Observed {
                calm_since: world.now(),
                budgets: slos.into_iter().map(|slo| (slo.id, slo.budget)).collect(),
                root: String::new(),
                down_since: None,
                alert: None,
                delivered_at: None,
            };
            Ok(Look::Seen((observed, detail)))
        })
        .await
    }

    /// Budgets as they are just before something breaks.
    pub async fn remember_budgets(&mut self, observed: &mut Observed) {
        // Without a newer answer the budgets of the first step are as good to compare with.
        if let Ok(slos) = self.api.slos().await {
            observed.budgets = slos.into_iter().map(|slo| (slo.id, slo.budget)).collect();
        }
        observed.calm_since = self.world.now();
    }

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

    /// What the investigation of the fleet's own files found, which must be the service that was down.
    ///
    /// # Errors
    /// [`StoryError::Wrong`] when it found another, or none.
    pub fn cause_found(&mut self, observed: &Observed, found: Value) -> Result<(), StoryError> {
        if found["service"].as_str() == Some(observed.root.as_str()) {
            self.tell("cause-found", INVESTIGATION, found);
            return Ok(());
        }
        let named = found["service"].as_str().unwrap_or("no cause");
        let what = format!(
            "the investigation found {named}, but {} was down; the report is {}",
            observed.root, found["report"]
        );
        Err(self.wrong("cause-found", what))
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

    /// One alert reaches people: the root's. Alerts of others are folded under it.
    async fn exactly_one_root(&mut self, step: &'static str, observed: &Observed) -> Result<(), StoryError> {
        let (alerts, arrivals) = match (
            alerts_since(&self.api, observed.calm_since).await,
            arrivals(&self.log_url, observed.calm_since).await,
        ) {
            (Ok(alerts), Ok(arrivals)) => (alerts, arrivals),
            (Err(error), _) | (_, Err(error)) => return Err(self.wrong(step, error.to_string())),
        };
        let roots: Vec<_> = root_alerts(&alerts).map(|alert| alert.title.clone()).collect();
        if roots.len() != 1 {
            return Err(self.wrong(
                step,
                format!("there must be one root alert, but there are: {}", list(&roots)),
            ));
        }
        let opened = arrivals.iter().filter(|arrival| arrival.event == "alert.opened");
        let strangers: Vec<_> = opened
            .filter(|arrival| arrival.service != observed.root)
            .map(|arrival| arrival.service.clone())
            .collect();
        if strangers.is_empty() {
            return Ok(());
        }
        Err(self.wrong(
            step,
            format!("alerts of dependants were delivered on their own: {}", list(&strangers)),
        ))
    }
}
