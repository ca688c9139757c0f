//! Maintenance windows that files declare: what is asked for, and what has to change so that it is so. Pure.

use jiff::Timestamp;
use mainstay_catalog::{Declaration, DeclarationValidator, ServiceName};
use mainstay_kernel::{TypedId, from_micros, to_micros};
use serde::Deserialize;

use crate::model::maintenance::{Declared, Maintenance, MaintenanceId, REASON_MAX};

/// What the catalog calls a declared window.
pub const KIND: &str = "maintenance";

/// The body of a declaration.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Spec {
    /// Stands beside the body in files; repeated in some.
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    service: Option<ServiceName>,
    reason: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
}

/// Reads a window out of a declaration; `id` is for the case that it is new.
///
/// # Errors
/// Everything that is wrong with it, in sentences.
pub fn read(declaration: &Declaration, id: MaintenanceId) -> Result<Maintenance, Vec<String>> {
    let spec: Spec = serde_json::from_value(declaration.body.clone()).map_err(|error| vec![error.to_string()])?;
    let mut wrong = Vec::new();
    if spec.ends_at <= spec.starts_at {
        wrong.push("`ends_at`: it must be after `starts_at`".to_owned());
    }
    let reason = spec.reason.trim();
    if reason.is_empty() || reason.len() > REASON_MAX {
        wrong.push(format!("`reason`: say in 1 to {REASON_MAX} characters why"));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    Ok(Maintenance {
        id,
        environment: declaration.environment.clone(),
        service: spec.service,
        reason: reason.to_owned(),
        // As exact as they are kept, so that what was kept is what is declared.
        starts_at: from_micros(to_micros(spec.starts_at)),
        ends_at: from_micros(to_micros(spec.ends_at)),
        declared: Some(Declared {
            name: spec.name.unwrap_or_else(|| declaration.name.clone()),
            file: declaration.source.file.clone(),
        }),
    })
}

/// Judges declared windows when files are imported; needs nothing that runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct MaintenanceValidator;

impl DeclarationValidator for MaintenanceValidator {
    fn kind(&self) -> &str {
        KIND
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        // The id is thrown away with the window.
        read(
            declaration,
            MaintenanceId::from_uuid(mainstay_kernel::uuid::Uuid::nil()),
        )
        .err()
        .unwrap_or_default()
    }
}

/// What has to change.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// To be made.
    pub insert: Vec<Maintenance>,
    /// To be saved as they are here.
    pub update: Vec<Maintenance>,
    /// To be deleted.
    pub delete: Vec<MaintenanceId>,
}

impl Plan {
    /// Whether everything is as it should be.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares what is declared with what was. A window that is over is history: it is neither made nor taken away.
pub fn plan(stored: Vec<Maintenance>, wanted: Vec<Maintenance>, now: Timestamp) -> Plan {
    let mut plan = Plan::default();
    let mut stored = stored;
    for want in wanted {
        let is_it = |window: &Maintenance| {
            window.environment == want.environment
                && window.declared.as_ref().map(|declared| &declared.name)
                    == want.declared.as_ref().map(|declared| &declared.name)
                && (window.ends_at > now || window.starts_at == want.starts_at)
        };
        match stored.iter().position(is_it) {
            Some(at) => {
                let before = stored.swap_remove(at);
                let after = Maintenance { id: before.id, ..want };
                if after != before {
                    plan.update.push(after);
                }
            }
            None if want.ends_at > now => plan.insert.push(want),
            None => {}
        }
    }
    let gone = stored.into_iter().filter(|window| window.ends_at > now);
    plan.delete = gone.map(|window| window.id).collect();
    plan
}

#[cfg(test)]
mod tests {
    use mainstay_catalog::{Source, SourceKind};
    use mainstay_kernel::{Environment, World};
    use serde_json::{Value, json};

    use super::*;

    fn declaration(name: &str, body: Value) -> Declaration {
        Declaration {
            kind: KIND.to_owned(),
            name: name.to_owned(),
            environment: Environment::production(),
            body,
            source: Source {
                kind: SourceKind::Mainstay,
                file: Some("fleet.yaml".to_owned()),
                line: Some(1),
                version: None,
            },
        }
    }

    fn window(name: &str, from: i64, to: i64) -> Maintenance {
        let at = |second| Timestamp::from_second(second).unwrap().to_string();
        let body = json!({ "service": "shop", "reason": "upgrade", "starts_at": at(from), "ends_at": at(to) });
        read(&declaration(name, body), World::system().id()).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_wrong_with_a_window_is_said_all_at_once() {
        let body = json!({ "reason": " ", "starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z" });
        let wrong = MaintenanceValidator.validate(&declaration("move", body));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        let misspelt = json!({ "reasn": "x" });
        assert!(MaintenanceValidator.validate(&declaration("move", misspelt))[0].contains("reasn"));
        let good =
            json!({ "reason": "x", "starts_at": "2026-01-01T00:00:00+01:00", "ends_at": "2026-01-02T00:00:00Z" });
        assert!(MaintenanceValidator.validate(&declaration("move", good)).is_empty());
    }

    #[test]
    fn windows_come_change_and_go_with_their_file_and_keep_their_id() {
        let now = at(15);
        let open = window("move", 10, 20);
        let made = plan(Vec::new(), vec![open.clone()], now);
        assert_eq!(made.insert, std::slice::from_ref(&open));
        assert!(plan(vec![open.clone()], vec![window("move", 10, 20)], now).is_empty());
        let longer = plan(vec![open.clone()], vec![window("move", 10, 30)], now);
        assert_eq!((longer.update[0].id, longer.update[0].ends_at), (open.id, at(30)));
        let gone = plan(vec![open.clone()], Vec::new(), now);
        assert_eq!(gone.delete, [open.id]);
    }

    #[test]
    fn a_window_that_is_over_is_history() {
        let now = at(25);
        let over = window("move", 10, 20);
        assert!(plan(vec![over.clone()], Vec::new(), now).is_empty(), "it stays");
        assert!(plan(Vec::new(), vec![over.clone()], now).is_empty(), "it is not made");
        let next = plan(vec![over.clone()], vec![window("move", 30, 40)], now);
        assert_eq!((next.insert.len(), next.update.len(), next.delete.len()), (1, 0, 0));
        let longer = plan(vec![over.clone()], vec![window("move", 10, 40)], now);
        assert_eq!(longer.update[0].id, over.id, "the same window goes on");
    }
}
