//! What this module announces to later ones, in the transaction in which it happens.

use jiff::Timestamp;
use mainstay_catalog::ServiceName;
use mainstay_kernel::Environment;
use mainstay_work::Announcement;
use serde::{Deserialize, Serialize};

use crate::{
    alert::model::{AlertId, Kind, What},
    model::SloId,
    signal::Severity,
};

/// Something happened to an alert. Those of one alert are heard in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertChanged {
    /// The alert.
    pub alert: AlertId,
    /// Where its service runs.
    pub environment: Environment,
    /// The service it is about.
    pub service: ServiceName,
    /// The objective it is about; absent when it is about the service itself.
    pub slo: Option<SloId>,
    /// What kind of condition it is about.
    pub kind: Kind,
    /// How urgent it is, after what happened.
    pub severity: Severity,
    /// What happened.
    pub change: AlertChange,
    /// When.
    pub at: Timestamp,
    /// The alert in a few words.
    pub title: String,
    /// The alert in one sentence.
    pub summary: String,
    /// What there is to say about the change, for people.
    pub detail: Option<String>,
    /// Who has taken it on, after what happened.
    pub acknowledged_by: Option<String>,
}

/// What happened to an alert, as far as others may act on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AlertChange {
    /// Its condition began to hold. Whether anybody is to be told is still open.
    Opened,
    /// People are to be told of it now: it stands for its cause and is not silenced.
    Told,
    /// It was put under the alert of its cause.
    Folded,
    /// It stands on its own again; people know of it already.
    Unfolded,
    /// A silence keeps it from being told.
    Silenced,
    /// It became more urgent.
    Escalated,
    /// Somebody took it on.
    Acknowledged,
    /// Somebody gave it back.
    Unacknowledged,
    /// Its condition ceased to hold.
    Resolved,
}

impl AlertChange {
    /// The change that a step of the timeline stands for; nothing when it is nobody else's business.
    pub(crate) fn of(what: What) -> Option<Self> {
        match what {
            What::Opened => Some(Self::Opened),
            What::Told | What::NobodyTold => Some(Self::Told),
            What::Folded => Some(Self::Folded),
            What::Unfolded => Some(Self::Unfolded),
            What::Silenced => Some(Self::Silenced),
            What::Escalated => Some(Self::Escalated),
            What::Acknowledged => Some(Self::Acknowledged),
            What::Unacknowledged => Some(Self::Unacknowledged),
            What::Resolved => Some(Self::Resolved),
            What::Held | What::RootResolved | What::Delivered | What::GivenUp => None,
        }
    }
}

impl Announcement for AlertChanged {
    const TOPIC: &'static str = "slo.alert";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        self.alert.to_string()
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::{OrganizationId, TypedId, uuid::Uuid};
    use mainstay_work::NewEvent;

    use super::*;

    #[test]
    fn the_first_version_is_written_as_it_will_be_read_for_ever() {
        let changed = AlertChanged {
            alert: AlertId::from_uuid(Uuid::from_u128(1)),
            environment: Environment::production(),
            service: ServiceName::parse("api").unwrap(),
            slo: None,
            kind: Kind::ServiceDown,
            severity: Severity::Page,
            change: AlertChange::Opened,
            at: Timestamp::UNIX_EPOCH,
            title: "api is down".to_owned(),
            summary: "3 of 3 probes timed out after 2 s.".to_owned(),
            detail: None,
            acknowledged_by: None,
        };
        NewEvent::of(OrganizationId::DEFAULT, &changed).unwrap();
        assert_eq!(
            serde_json::to_value(&changed).unwrap(),
            serde_json::json!({
                "alert": "00000000-0000-0000-0000-000000000001", "environment": "production", "service": "api", "slo": null,
                "kind": "service-down", "severity": "page", "change": "opened", "at": "1970-01-01T00:00:00Z",
                "title": "api is down", "summary": "3 of 3 probes timed out after 2 s.", "detail": null,
                "acknowledged_by": null,
            })
        );
    }
}
