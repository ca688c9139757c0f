//! What somebody wants to promise, as JSON.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{Draft, DraftWindow, Window};

/// What somebody wants to promise.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SloInput {
    /// Unique in its environment; the service and the indicator when absent.
    #[schema(example = "payments-api-availability")]
    name: Option<String>,
    /// The service the promise is about.
    #[schema(example = "payments-api")]
    service: String,
    /// What is promised, in a sentence or two.
    description: Option<String>,
    /// What is measured; availability when absent.
    sli: Option<SliInput>,
    /// The percentage that must be good: above 0, at most 99.9999.
    #[schema(example = 99.9)]
    objective: f64,
    /// Over which time; the last 30 days when absent.
    window: Option<WindowBody>,
    /// The burn-rate rules to watch; all four when absent.
    #[schema(example = json!(["page-quick", "page-slow", "ticket-quick", "ticket-slow"]))]
    rules: Option<Vec<String>>,
    /// The spent share of the budget that is announced by a ticket, in percent; 80 when absent.
    budget_alert_percent: Option<f64>,
}

/// What is measured.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SliInput {
    /// `availability`, `latency`, `error-rate` or `throughput`.
    #[schema(example = "availability")]
    kind: Option<String>,
    /// Roles or names of checks; health, readiness and liveness when absent.
    checks: Option<Vec<String>>,
    /// For latency: the longest good answer in milliseconds.
    threshold_ms: Option<f64>,
    /// For throughput: the fewest successful probes per second.
    minimum_per_s: Option<f64>,
}

/// A window.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum WindowBody {
    /// The last so many seconds.
    Rolling {
        /// From ten minutes (600) to 366 days.
        #[schema(example = 2_592_000)]
        seconds: i64,
    },
    /// The current period of the calendar.
    Calendar {
        /// `week`, `month`, `quarter` or `year`.
        #[schema(example = "month")]
        unit: String,
        /// An IANA time zone.
        #[schema(example = "Europe/Berlin")]
        time_zone: String,
    },
}

impl From<SloInput> for Draft {
    fn from(input: SloInput) -> Self {
        let sli = input.sli.unwrap_or(SliInput {
            kind: None,
            checks: None,
            threshold_ms: None,
            minimum_per_s: None,
        });
        Self {
            name: input.name,
            service: Some(input.service),
            description: input.description,
            sli_kind: sli.kind,
            checks: sli.checks,
            threshold_ms: sli.threshold_ms,
            minimum_per_s: sli.minimum_per_s,
            objective: Some(input.objective),
            window: input.window.map(|window| match window {
                WindowBody::Rolling { seconds } => DraftWindow::Rolling(seconds),
                WindowBody::Calendar { unit, time_zone } => DraftWindow::Calendar(unit, time_zone),
            }),
            rules: input.rules,
            budget_alert_percent: input.budget_alert_percent,
        }
    }
}

impl From<&Window> for WindowBody {
    fn from(window: &Window) -> Self {
        match window {
            Window::Rolling { seconds } => Self::Rolling { seconds: *seconds },
            Window::Calendar { unit, zone } => Self::Calendar {
                unit: unit.as_str().to_owned(),
                time_zone: zone.iana_name().unwrap_or("UTC").to_owned(),
            },
        }
    }
}
