//! What is sent: Mainstay's own body, and Alertmanager's webhook body version 4
//! (<https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>). A body is made once, when the delivery is,
//! and is the same in every attempt.

use std::collections::BTreeMap;

use jiff::Timestamp;
use mainstay_kernel::Environment;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::model::{DeliveryEvent, Format, Webhook};
use crate::alert::model::{Alert, Condition, Kind};

/// What a message is about.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// What is told.
    pub event: DeliveryEvent,
    /// The alert it is about; `None` for a test.
    pub alert: Option<&'m Alert>,
    /// Where the alert's service runs.
    pub environment: &'m Environment,
    /// When it happened.
    pub at: Timestamp,
    /// Where people find Mainstay, without a slash at the end.
    pub public_url: &'m str,
}

impl Message<'_> {
    /// The body in the webhook's format; `None` when the format has no words for the event.
    pub fn body(&self, webhook: &Webhook) -> Option<String> {
        match webhook.format {
            Format::Mainstay => Some(self.mainstay(webhook)),
            Format::Alertmanager => self.alertmanager(&webhook.name),
        }
    }

    fn alert_url(&self, alert: &Alert) -> String {
        format!("{}/alerts?id={}", self.public_url, alert.id)
    }

    fn mainstay(&self, webhook: &Webhook) -> String {
        let data = match self.alert {
            Some(alert) => json!({
                "environment": self.environment,
                "url": self.alert_url(alert),
                "alert": alert,
            }),
            None => json!({
                "environment": self.environment,
                "message": format!("A test of the webhook `{}`. Nothing is wrong.", webhook.name),
                "webhook": {"id": webhook.id, "name": webhook.name},
            }),
        };
        json!({"type": self.event, "timestamp": self.at, "data": data}).to_string()
    }

    fn alertmanager(&self, receiver: &str) -> Option<String> {
        let (status, labels, annotations, starts_at, ends_at, generator_url) = match (self.event, self.alert) {
            // Alertmanager does not know that somebody has taken an alert on.
            (DeliveryEvent::Acknowledged, _) => return None,
            (DeliveryEvent::Test, _) | (_, None) => (
                Status::Firing,
                self.test_labels(),
                BTreeMap::from([
                    ("title", "Mainstay test".to_owned()),
                    ("summary", "A test of this webhook. Nothing is wrong.".to_owned()),
                ]),
                self.at,
                None,
                self.public_url.to_owned(),
            ),
            (_, Some(alert)) => {
                let status = match alert.state {
                    Condition::Open => Status::Firing,
                    Condition::Resolved => Status::Resolved,
                };
                let annotations = BTreeMap::from([("title", alert.title.clone()), ("summary", alert.summary.clone())]);
                let url = self.alert_url(alert);
                (
                    status,
                    self.labels(alert),
                    annotations,
                    alert.opened_at,
                    alert.resolved_at,
                    url,
                )
            }
        };
        let group_labels: BTreeMap<&str, String> = ["alertname", "service"]
            .into_iter()
            .filter_map(|name| Some((name, labels.get(name)?.clone())))
            .collect();
        let group_key: Vec<String> = group_labels
            .iter()
            .map(|(name, value)| format!("{name}={value:?}"))
            .collect();
        let body = AlertmanagerBody {
            receiver,
            status,
            alerts: [AlertmanagerAlert {
                status,
                labels: &labels,
                annotations: &annotations,
                starts_at,
                ends_at: ends_at.map_or_else(|| NOT_ENDED.to_owned(), |at| at.to_string()),
                generator_url: &generator_url,
                fingerprint: fingerprint(&labels),
            }],
            group_labels: &group_labels,
            common_labels: &labels,
            common_annotations: &annotations,
            external_url: self.public_url,
            version: "4",
            group_key: format!("{{}}:{{{}}}", group_key.join(", ")),
            truncated_alerts: 0,
        };
        serde_json::to_string(&body).ok()
    }

    fn labels(&self, alert: &Alert) -> BTreeMap<&'static str, String> {
        let name = match alert.kind {
            Kind::ServiceDown => "ServiceDown",
            Kind::BurnRate => "BurnRate",
            Kind::BudgetSpent => "BudgetSpent",
        };
        let mut labels = BTreeMap::from([
            ("alertname", name.to_owned()),
            ("environment", self.environment.to_string()),
            ("service", alert.service.to_string()),
            ("severity", alert.severity.to_string()),
        ]);
        labels.extend(alert.slo_id.map(|id| ("slo_id", id.to_string())));
        labels
    }

    fn test_labels(&self) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            ("alertname", "MainstayTest".to_owned()),
            ("environment", self.environment.to_string()),
            ("severity", "ticket".to_owned()),
        ])
    }
}

/// Go's zero time, which Alertmanager sends while an alert fires.
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Firing,
    Resolved,
}

type Labels = BTreeMap<&'static str, String>;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagerBody<'b> {
    receiver: &'b str,
    status: Status,
    alerts: [AlertmanagerAlert<'b>; 1],
    group_labels: &'b Labels,
    common_labels: &'b Labels,
    common_annotations: &'b Labels,
    #[serde(rename = "externalURL")]
    external_url: &'b str,
    version: &'static str,
    group_key: String,
    truncated_alerts: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlertmanagerAlert<'b> {
    status: Status,
    labels: &'b Labels,
    annotations: &'b Labels,
    starts_at: Timestamp,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'b str,
    fingerprint: String,
}

/// Sixteen hexadecimal digits, the same for every message about one condition. The severity is left out although it is a
/// label: an alert that becomes more urgent is still the same one, and is resolved as such.
fn fingerprint(labels: &Labels) -> String {
    let mut hash = Sha256::new();
    for (name, value) in labels.iter().filter(|(name, _)| **name != "severity") {
        hash.update(name.as_bytes());
        hash.update([0xff]);
        hash.update(value.as_bytes());
        hash.update([0xff]);
    }
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use mainstay_catalog::ServiceName;
    use mainstay_kernel::{TypedId, uuid::Uuid};
    use serde_json::Value;

    use super::*;
    use crate::{
        alert::model::{AlertId, Told},
        delivery::model::{ManagedBy, WebhookId},
        signal::Severity,
    };

    fn alert() -> Alert {
        Alert {
            id: AlertId::from_uuid(Uuid::from_u128(1)),
            kind: Kind::ServiceDown,
            severity: Severity::Page,
            state: Condition::Open,
            service: ServiceName::parse("payments-api").unwrap(),
            slo_id: None,
            title: "payments-api is down".to_owned(),
            summary: "3 of 3 probes of payments-api timed out after 2 s.".to_owned(),
            opened_at: "2026-03-01T12:00:00Z".parse().unwrap(),
            resolved_at: None,
            acknowledged_at: None,
            acknowledged_by: None,
            silenced: false,
            folded_under: None,
            delivered: false,
            told: Some(Told::of(1, 0)),
            values: BTreeMap::new(),
        }
    }

    fn webhook(format: Format) -> Webhook {
        Webhook {
            id: WebhookId::from_uuid(Uuid::from_u128(2)),
            name: "pager".to_owned(),
            url: "https://hooks.example.org".to_owned(),
            format,
            secret_set: false,
            enabled: true,
            managed_by: ManagedBy::Api,
            source: None,
            version: 1,
            created_at: Timestamp::UNIX_EPOCH,
            problem: None,
            secret: None,
        }
    }

    fn body(event: DeliveryEvent, alert: Option<&Alert>, format: Format) -> Option<Value> {
        let message = Message {
            event,
            alert,
            environment: &Environment::production(),
            at: "2026-03-01T12:00:01Z".parse().unwrap(),
            public_url: "http://127.0.0.1:8000",
        };
        message
            .body(&webhook(format))
            .map(|text| serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn the_own_body_is_type_time_and_the_alert_as_the_api_shows_it() {
        let body = body(DeliveryEvent::Opened, Some(&alert()), Format::Mainstay).unwrap();
        assert_eq!(body["type"], "alert.opened");
        assert_eq!(body["timestamp"], "2026-03-01T12:00:01Z");
        assert_eq!(body["data"]["alert"], serde_json::to_value(alert()).unwrap());
        assert_eq!(body["data"]["environment"], "production");
        assert_eq!(
            body["data"]["url"],
            "http://127.0.0.1:8000/alerts?id=00000000-0000-0000-0000-000000000001"
        );
    }

    #[test]
    fn a_firing_alert_is_alertmanagers_version_four() {
        let body = body(DeliveryEvent::Opened, Some(&alert()), Format::Alertmanager).unwrap();
        let fingerprint = body["alerts"][0]["fingerprint"].clone();
        assert_eq!(fingerprint.as_str().unwrap().len(), 16);
        let labels = json!({
            "alertname": "ServiceDown", "environment": "production", "service": "payments-api", "severity": "page",
        });
        let annotations = json!({
            "summary": "3 of 3 probes of payments-api timed out after 2 s.", "title": "payments-api is down",
        });
        assert_eq!(
            body,
            json!({
                "version": "4",
                "receiver": "pager",
                "status": "firing",
                "groupKey": "{}:{alertname=\"ServiceDown\", service=\"payments-api\"}",
                "groupLabels": {"alertname": "ServiceDown", "service": "payments-api"},
                "commonLabels": labels,
                "commonAnnotations": annotations,
                "externalURL": "http://127.0.0.1:8000",
                "truncatedAlerts": 0,
                "alerts": [{
                    "status": "firing",
                    "labels": labels,
                    "annotations": annotations,
                    "startsAt": "2026-03-01T12:00:00Z",
                    "endsAt": "0001-01-01T00:00:00Z",
                    "generatorURL": "http://127.0.0.1:8000/alerts?id=00000000-0000-0000-0000-000000000001",
                    "fingerprint": fingerprint,
                }],
            })
        );
    }

    #[test]
    fn a_resolved_alert_keeps_its_fingerprint_whatever_became_of_its_severity() {
        let firing = body(DeliveryEvent::Opened, Some(&alert()), Format::Alertmanager).unwrap();
        let resolved = Alert {
            state: Condition::Resolved,
            severity: Severity::Ticket,
            resolved_at: Some("2026-03-01T12:05:00Z".parse().unwrap()),
            ..alert()
        };
        let resolved = body(DeliveryEvent::Resolved, Some(&resolved), Format::Alertmanager).unwrap();
        assert_eq!(resolved["status"], "resolved");
        assert_eq!(resolved["alerts"][0]["endsAt"], "2026-03-01T12:05:00Z");
        assert_eq!(resolved["alerts"][0]["fingerprint"], firing["alerts"][0]["fingerprint"]);
        assert_eq!(resolved["groupKey"], firing["groupKey"]);
    }

    #[test]
    fn alertmanager_has_no_word_for_an_acknowledgement_but_can_be_tested() {
        assert_eq!(
            body(DeliveryEvent::Acknowledged, Some(&alert()), Format::Alertmanager),
            None
        );
        let test = body(DeliveryEvent::Test, None, Format::Alertmanager).unwrap();
        assert_eq!(test["commonLabels"]["alertname"], "MainstayTest");
        let test = body(DeliveryEvent::Test, None, Format::Mainstay).unwrap();
        assert_eq!(test["type"], "test");
    }
}
