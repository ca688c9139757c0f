//! What the steps of the story judge by: deliveries as they arrived, and small questions about answers of the API.

use jiff::Timestamp;
use serde::Deserialize;

use crate::demo::{
    client::{Call, CallError},
    mainstay::{Alert, Api, Budget, ServiceState, Slo},
    receiver::Received,
};

/// An alert's event as it arrived.
pub struct Arrival {
    /// `alert.opened` and others.
    pub event: String,
    /// The alert's id.
    pub alert: String,
    /// The alert's service.
    pub service: String,
    /// When it was accepted.
    pub at: Timestamp,
    /// The delivery's id.
    pub id: String,
}

impl Arrival {
    /// Whether it is this event of this alert.
    pub fn is(&self, event: &str, alert: &str) -> bool {
        self.event == event && self.alert == alert
    }

    /// Reads the parts the story needs: `{"type": …, "data": {alert}}`, the alert itself or under `alert`.
    fn read(received: Received) -> Option<Self> {
        let Received {
            accepted_at, id, body, ..
        } = received;
        let alert = [&body["data"]["alert"], &body["data"]]
            .into_iter()
            .find(|alert| alert["id"].is_string())?;
        Some(Self {
            event: body["type"].as_str()?.to_owned(),
            alert: alert["id"].as_str()?.to_owned(),
            service: alert["service"].as_str().unwrap_or_default().to_owned(),
            at: accepted_at,
            id,
        })
    }
}

/// Deliveries accepted since then.
///
/// # Errors
/// When the receiver gives no usable answer.
pub async fn arrivals(log: &str, since: Timestamp) -> Result<Vec<Arrival>, CallError> {
    #[derive(Deserialize)]
    struct Log {
        items: Vec<Received>,
    }
    let log: Log = Call::get(log).send().await?.json(log)?;
    let newer = log.items.into_iter().filter(|received| received.accepted_at >= since);
    Ok(newer.filter_map(Arrival::read).collect())
}

/// Alerts opened since then.
///
/// # Errors
/// When the API gives no usable answer.
pub async fn alerts_since(api: &Api, since: Timestamp) -> Result<Vec<Alert>, CallError> {
    let alerts = api.alerts().await?;
    Ok(alerts.into_iter().filter(|alert| alert.opened_at >= since).collect())
}

/// Alerts that a service is down and that are not folded under another.
pub fn root_alerts(alerts: &[Alert]) -> impl Iterator<Item = &Alert> {
    alerts
        .iter()
        .filter(|alert| alert.kind == "service-down" && alert.folded_under.is_none())
}

/// Whether there are more bad events than then, and less is left.
pub fn burns(then: &Budget, slo: &Slo) -> bool {
    let falls = match (then.remaining_ratio, slo.budget.remaining_ratio) {
        (Some(then), Some(now)) => now < then,
        (None, Some(_)) => true,
        (_, None) => false,
    };
    slo.budget.bad > then.bad && falls
}

/// The services that are in another state, each with its state.
pub fn not_in(states: &[ServiceState], state: &str) -> Vec<String> {
    let others = states.iter().filter(|other| other.state != state);
    others
        .map(|other| format!("{} ({})", other.service, other.state))
        .collect()
}

/// Words in a row, or that there are none.
pub fn list(words: &[String]) -> String {
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

/// The first two times of which the later one came earlier; an unknown time cannot be out of order.
pub fn out_of_order(times: &[(&str, Option<Timestamp>)]) -> Option<String> {
    let known: Vec<_> = times.iter().filter_map(|(what, at)| Some((*what, (*at)?))).collect();
    let mut pairs = known.windows(2);
    pairs.find_map(|pair| match pair {
        [(first, early), (second, late)] if early > late => {
            Some(format!("{second} at {late}, before {first} at {early}"))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn times_out_of_order_are_named_and_unknown_times_are_not() {
        let times = [("a", Some(at(1))), ("b", None), ("c", Some(at(3))), ("d", Some(at(2)))];
        assert_eq!(out_of_order(&times[..3]), None);
        assert!(
            out_of_order(&times)
                .unwrap()
                .starts_with("d at 1970-01-01T00:00:02Z, before c")
        );
    }

    #[test]
    fn a_budget_burns_only_when_bad_events_grow_and_the_rest_falls() {
        let budget = |bad, remaining_ratio| Budget {
            total: 100,
            bad,
            remaining_ratio,
            burn_rate: None,
        };
        let slo = |budget| Slo {
            id: "1".to_owned(),
            name: "a".to_owned(),
            service: "a".to_owned(),
            budget,
        };
        assert!(burns(&budget(0, Some(1.0)), &slo(budget(2, Some(0.5)))));
        assert!(burns(&budget(0, None), &slo(budget(2, Some(0.5)))));
        assert!(!burns(&budget(0, Some(1.0)), &slo(budget(0, Some(0.9)))));
        assert!(!burns(&budget(0, Some(1.0)), &slo(budget(3, None))));
    }

    #[test]
    fn a_delivery_is_read_with_the_alert_as_data_or_inside_it() {
        let received = |body: Value| Received {
            accepted_at: at(1),
            id: "msg_1".to_owned(),
            repeated: false,
            body,
        };
        for data in [
            json!({ "id": "7", "service": "data" }),
            json!({ "alert": { "id": "7", "service": "data" } }),
        ] {
            let arrival = Arrival::read(received(json!({ "type": "alert.opened", "data": data }))).unwrap();
            assert!(arrival.is("alert.opened", "7"));
            assert_eq!(arrival.service, "data");
        }
        assert!(Arrival::read(received(json!({ "type": "test" }))).is_none());
    }
}
