//! The words of alerting: what an alert is to those who read it, and what silences one. Pure data; the lifecycle is in
//! `fold`, the sending in `delivery`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::typed_id;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    model::SloId,
    signal::{AlertKey, AlertKind, Severity},
};

typed_id!(
    /// Identifies an alert from its opening to its resolution and after.
    AlertId
);
typed_id!(
    /// Identifies a silence.
    SilenceId
);

/// Declares an enum whose variants have one kebab-case text, the same on the wire and in the database.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$variant_meta:meta])* $variant:ident = $text:tt),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
        )]
        pub enum $name {
            $($(#[$variant_meta])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// The text on the wire and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::alert::model::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => Err($crate::alert::model::UnknownWord {
                        text: text.chars().take(100).collect(),
                        what: $what,
                        known: &[$($text),+],
                    }),
                }
            }
        }
    };
}
pub(crate) use words;

/// The text is none of the words that are known here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {what}: use one of {}", known.join(", "))]
pub struct UnknownWord {
    /// The text, cut after 100 characters.
    pub text: String,
    /// What it should have been.
    pub what: &'static str,
    /// The words that are known.
    pub known: &'static [&'static str],
}

words!(
    /// What kind of condition an alert is about, without the severity of a burn-rate rule.
    Kind, "a kind of alert" {
        /// The service's own checks fail.
        ServiceDown = "service-down",
        /// An error budget is spent too fast.
        BurnRate = "burn-rate",
        /// A given share of an error budget is spent.
        BudgetSpent = "budget-spent",
    }
);

impl From<AlertKind> for Kind {
    fn from(kind: AlertKind) -> Self {
        match kind {
            AlertKind::ServiceDown => Self::ServiceDown,
            AlertKind::BurnRate { .. } => Self::BurnRate,
            AlertKind::BudgetSpent => Self::BudgetSpent,
        }
    }
}

words!(
    /// Whether the condition of an alert still holds.
    Condition, "a state of an alert" {
        /// It holds.
        Open = "open",
        /// It is over.
        Resolved = "resolved",
    }
);

/// An alert as people and programs see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Alert {
    /// The same from its opening on.
    #[schema(value_type = String, format = "uuid")]
    pub id: AlertId,
    /// What kind of condition it is about.
    pub kind: Kind,
    /// How urgent it is.
    pub severity: Severity,
    /// Whether the condition still holds.
    pub state: Condition,
    /// The service it is about.
    pub service: ServiceName,
    /// The objective it is about; absent when it is about the service itself.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub slo_id: Option<SloId>,
    /// A few words.
    #[schema(example = "payments-api is down")]
    pub title: String,
    /// One sentence with numbers and units.
    #[schema(example = "3 of 3 probes of payments-api timed out after 2 s.")]
    pub summary: String,
    /// When the condition began to hold.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// When it ceased to.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub resolved_at: Option<Timestamp>,
    /// When somebody took it on.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
    /// Who took it on.
    pub acknowledged_by: Option<String>,
    /// Whether a silence keeps it from being delivered now.
    pub silenced: bool,
    /// The alert under which it is folded, because that one is about its cause.
    pub folded_under: Option<FoldedUnder>,
    /// Whether at least one webhook has accepted its opening.
    pub delivered: bool,
    /// Who was told of its opening; null while nobody is to be told, because it waits, is folded or is silenced.
    pub told: Option<Told>,
    /// The numbers of the summary by name.
    #[schema(value_type = Object)]
    pub values: BTreeMap<String, serde_json::Value>,
}

/// Who was told of the opening of an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = AlertTold)]
pub struct Told {
    /// How many webhooks it was handed to: those that existed and were enabled.
    pub webhooks: u64,
    /// How many of them have accepted it so far.
    pub accepted: u64,
    /// Both in a sentence.
    #[schema(example = "1 of 2 webhooks accepted it.")]
    pub summary: String,
}

impl Told {
    pub(crate) fn of(webhooks: usize, accepted: i64) -> Self {
        let webhooks = webhooks as u64;
        let accepted = accepted.max(0).unsigned_abs().min(webhooks);
        let summary = match (webhooks, accepted) {
            (0, _) => "Nobody was told: no webhook was enabled.".to_owned(),
            (1, 0) => "1 webhook was told and has not accepted it yet.".to_owned(),
            (_, 0) => format!("{webhooks} webhooks were told; none has accepted it yet."),
            (1, _) => "1 webhook accepted it.".to_owned(),
            _ if accepted == webhooks => format!("{webhooks} webhooks accepted it."),
            _ => format!("{accepted} of {webhooks} webhooks accepted it."),
        };
        Self {
            webhooks,
            accepted,
            summary,
        }
    }
}

/// The root of a folded alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FoldedUnder {
    /// The root alert.
    #[schema(value_type = String, format = "uuid")]
    pub alert_id: AlertId,
    /// The service the root is about.
    pub service: ServiceName,
    /// The hard dependencies from this alert's service to the root's.
    #[schema(example = json!(["web", "api", "data"]))]
    pub path: Vec<ServiceName>,
}

/// One thing that happened to an alert.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TimelineEntry {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// A sentence for people, where there is more to say.
    pub detail: Option<String>,
}

words!(
    /// What happened to an alert.
    What, "a step of an alert" {
        /// The condition began to hold.
        Opened = "opened",
        /// It waits for news of the service's dependencies.
        Held = "held",
        /// It was handed to the webhooks.
        Told = "told",
        /// There was no webhook to hand it to.
        NobodyTold = "nobody-told",
        /// A webhook accepted a message about it.
        Delivered = "delivered",
        /// A webhook did not accept a message about it, and no further attempt is made.
        GivenUp = "given-up",
        /// It was put under the alert of its cause.
        Folded = "folded",
        /// The alert of its cause was resolved.
        RootResolved = "root-resolved",
        /// It stands on its own again.
        Unfolded = "unfolded",
        /// A silence keeps it from being delivered.
        Silenced = "silenced",
        /// It became more urgent.
        Escalated = "escalated",
        /// Somebody took it on.
        Acknowledged = "acknowledged",
        /// Somebody gave it back.
        Unacknowledged = "unacknowledged",
        /// The condition ceased to hold.
        Resolved = "resolved",
    }
);

/// Keeps alerts from being delivered for a while. What it does not name matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Silence {
    /// Identifies it.
    #[schema(value_type = String, format = "uuid")]
    pub id: SilenceId,
    /// Only alerts about this service.
    pub service: Option<ServiceName>,
    /// Only alerts about this objective.
    #[schema(value_type = Option<String>, format = "uuid")]
    pub slo_id: Option<SloId>,
    /// Only alerts of this kind.
    pub kind: Option<Kind>,
    /// Why.
    pub reason: String,
    /// Who.
    pub created_by: String,
    /// From when on.
    #[schema(value_type = String, format = DateTime)]
    pub starts_at: Timestamp,
    /// Until when.
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// The file that declares it, and in which it is changed; null for one that a person made.
    pub source: Option<String>,
    /// Its name in that file.
    #[serde(skip)]
    pub declared_as: Option<String>,
}

impl Silence {
    /// Whether it holds at `at`.
    pub fn is_active(&self, at: Timestamp) -> bool {
        self.starts_at <= at && at < self.ends_at
    }

    /// Whether it is about alerts with this key.
    pub fn matches(&self, key: &AlertKey) -> bool {
        self.service.as_ref().is_none_or(|service| *service == key.service)
            && self.slo_id.is_none_or(|slo| Some(slo) == key.slo_id)
            && self.kind.is_none_or(|kind| kind == Kind::from(key.kind))
    }
}

/// `Severity` from its text in the database.
pub(crate) fn severity_of(text: &str) -> Result<Severity, UnknownWord> {
    match text {
        "page" => Ok(Severity::Page),
        "ticket" => Ok(Severity::Ticket),
        _ => Err(UnknownWord {
            text: text.to_owned(),
            what: "a severity",
            known: &["page", "ticket"],
        }),
    }
}
