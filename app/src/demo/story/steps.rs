//! The steps of the story, in order, each with the place it is read from.

mod breaking;
mod recovering;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Look, StoryError, Teller,
    evidence::{alerts_since, arrivals, list, not_in, root_alerts},
};
use crate::demo::mainstay::{Alert, Budget};

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
