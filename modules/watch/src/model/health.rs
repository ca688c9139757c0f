//! Understands what services say about themselves in the body of a health endpoint.
//!
//! There is no standard that is followed: `healthy`, `ok`, `UP`, `ready`, `alive`, `pass` mean the same, dependencies come
//! as a map or as a list, and a service may answer 200 while its body says `not_ready`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::check::CheckRole;

/// At most this many dependencies of one answer are kept.
const DEPENDENCIES_MAX: usize = 64;
/// At most this many characters of a text from a body are kept.
const TEXT_MAX: usize = 120;

/// What a health body says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HealthReport {
    /// The body's own word for its status, or for its problem when it gives no status.
    pub status: String,
    /// What the service says about the things it needs.
    pub dependencies: Vec<DependencyHealth>,
}

/// What a service says about one thing it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DependencyHealth {
    /// The service's own name for it.
    pub name: String,
    /// The body's own word for its status.
    pub status: String,
}

/// What a status word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// All is well.
    Passing,
    /// It works, but something it needs does not.
    Degraded,
    /// It runs, but cannot serve yet (or no longer).
    NotReady,
    /// It says itself that it does not work.
    Failing,
    /// A word nobody agreed on; it decides nothing.
    Unknown,
}

/// What `word` means, whatever its case and separators.
pub fn verdict(word: &str) -> Verdict {
    let plain: String = word
        .trim()
        .chars()
        .map(|character| match character {
            '-' | ' ' => '_',
            other => other.to_ascii_lowercase(),
        })
        .take(32)
        .collect();
    match plain.as_str() {
        "healthy" | "ok" | "okay" | "up" | "ready" | "alive" | "live" | "pass" | "passing" | "running"
        | "connected" | "available" | "online" | "serving" | "green" | "true" | "operational" | "success" => {
            Verdict::Passing
        }
        "degraded" | "warn" | "warning" | "partial" | "yellow" => Verdict::Degraded,
        "not_ready" | "notready" | "unready" | "starting" | "initializing" | "initialising" | "loading" | "pending"
        | "draining" | "stopping" | "not_serving" | "out_of_service" => Verdict::NotReady,
        "unhealthy" | "down" | "fail" | "failed" | "failing" | "error" | "critical" | "dead" | "disconnected"
        | "unavailable" | "offline" | "red" | "false" | "unreachable" | "timeout" => Verdict::Failing,
        _ => Verdict::Unknown,
    }
}

impl HealthReport {
    /// Reads the JSON body of a health endpoint; `None` when it says nothing about health.
    pub fn read(body: &Value) -> Option<Self> {
        let object = body.as_object()?;
        let status = [
            "status", "state", "health", "healthy", "ready", "ok", "detail", "error", "message",
        ]
        .iter()
        .find_map(|key| word(object.get(*key)?, key))?;
        let dependencies = ["dependencies", "checks", "components", "details"]
            .iter()
            .filter_map(|key| object.get(*key))
            .flat_map(dependencies)
            .take(DEPENDENCIES_MAX)
            .collect();
        Some(Self { status, dependencies })
    }

    /// Whether this report, received with a good status code, makes a check of the given role fail.
    ///
    /// `degraded` never does: the service still serves, and its dependencies have checks of their own. A process that is
    /// not ready is nevertheless alive.
    pub fn fails(&self, role: CheckRole) -> bool {
        match (verdict(&self.status), role) {
            (Verdict::Failing, _) => role != CheckRole::Custom,
            (Verdict::NotReady, role) => matches!(role, CheckRole::Readiness | CheckRole::Health),
            _ => false,
        }
    }

    /// The report in a few words: `status=unhealthy (database, cache)`.
    pub fn in_words(&self) -> String {
        let broken: Vec<&str> = self
            .dependencies
            .iter()
            .filter(|dependency| matches!(verdict(&dependency.status), Verdict::Failing | Verdict::NotReady))
            .map(|dependency| dependency.name.as_str())
            .take(5)
            .collect();
        let status = if verdict(&self.status) == Verdict::Unknown {
            format!("\"{}\"", self.status)
        } else {
            format!("status={}", self.status)
        };
        if broken.is_empty() {
            status
        } else {
            format!("{status} ({})", broken.join(", "))
        }
    }
}

/// The status word in `value`, found under `key`.
fn word(value: &Value, key: &str) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(short(text)),
        Value::Bool(yes) => Some(match (key, yes) {
            ("ready", true) => "ready".to_owned(),
            ("ready", false) => "not_ready".to_owned(),
            (_, true) => "healthy".to_owned(),
            (_, false) => "unhealthy".to_owned(),
        }),
        Value::Object(inner) => inner.get("status").and_then(|inner| word(inner, key)),
        _ => None,
    }
}

fn dependencies(value: &Value) -> Vec<DependencyHealth> {
    match value {
        Value::Object(map) => map
            .iter()
            .filter_map(|(name, value)| {
                Some(DependencyHealth {
                    name: short(name),
                    status: dependency_word(value)?,
                })
            })
            .collect(),
        Value::Array(list) => list
            .iter()
            .filter_map(|value| {
                let name = ["name", "service", "id", "component"]
                    .iter()
                    .find_map(|key| value.get(key)?.as_str())?;
                Some(DependencyHealth {
                    name: short(name),
                    status: dependency_word(value)?,
                })
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn dependency_word(value: &Value) -> Option<String> {
    match value {
        Value::String(_) | Value::Bool(_) => word(value, "status"),
        Value::Object(object) => ["status", "state", "healthy", "connected", "ok", "available", "up"]
            .iter()
            .find_map(|key| word(object.get(*key)?, "status")),
        // The `application/health+json` draft groups observations in a list per component.
        Value::Array(list) => list.iter().find_map(dependency_word),
        _ => None,
    }
}

fn short(text: &str) -> String {
    let text = text.trim();
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> HealthReport {
        HealthReport::read(body).unwrap()
    }

    #[test]
    fn the_usual_words_for_well_pass_every_role() {
        for word in ["healthy", "ok", "ready", "alive", "up", "UP", "degraded", "Pass"] {
            let report = read(&json!({"status": word, "service": "x", "timestamp": 1_700_000_000}));
            for role in [
                CheckRole::Health,
                CheckRole::Readiness,
                CheckRole::Liveness,
                CheckRole::Custom,
            ] {
                assert!(!report.fails(role), "{word} failed {role:?}");
            }
        }
    }

    #[test]
    fn not_ready_fails_readiness_but_the_process_is_alive() {
        for word in ["not_ready", "NOT-READY", "starting"] {
            let report = read(&json!({"status": word, "service": "main", "monitor_connected": false}));
            assert!(report.fails(CheckRole::Readiness));
            assert!(report.fails(CheckRole::Health));
            assert!(!report.fails(CheckRole::Liveness));
        }
    }

    #[test]
    fn unhealthy_fails_every_generated_role() {
        let report = read(&json!({"status": "unhealthy"}));
        assert!(
            report.fails(CheckRole::Liveness) && report.fails(CheckRole::Health) && report.fails(CheckRole::Readiness)
        );
        assert!(
            !report.fails(CheckRole::Custom),
            "a check written by hand says itself what it expects"
        );
    }

    #[test]
    fn dependencies_are_found_in_maps_and_lists_and_the_broken_ones_are_named() {
        let map = read(&json!({"status": "unhealthy", "dependencies": {
            "database": {"status": "unhealthy", "latency_ms": 3}, "cache": "ok", "queue": false, "note": 7}}));
        assert_eq!(map.in_words(), "status=unhealthy (database, queue)");
        let list = read(
            &json!({"status": "degraded", "dependencies": [{"name": "redis", "status": "down"}, {"nameless": 1}]}),
        );
        assert_eq!(list.in_words(), "status=degraded (redis)");
        let spring = read(&json!({"status": "DOWN", "components": {"db": {"status": "DOWN", "details": {}}}}));
        assert_eq!(spring.in_words(), "status=DOWN (db)");
        let draft = read(&json!({"status": "fail", "checks": {"db:responseTime": [{"status": "fail"}]}}));
        assert_eq!(draft.in_words(), "status=fail (db:responseTime)");
    }

    #[test]
    fn a_problem_without_a_status_is_quoted() {
        assert_eq!(
            read(&json!({"detail": "Service not ready"})).in_words(),
            "\"Service not ready\""
        );
        assert_eq!(read(&json!({"ready": false})).in_words(), "status=not_ready");
        assert_eq!(HealthReport::read(&json!({"env": "prod"})), None);
        assert_eq!(HealthReport::read(&json!([1, 2])), None);
    }

    proptest! {
        #[test]
        fn long_texts_are_cut_at_a_character(text in "\\PC{0,300}") {
            prop_assert!(short(&text).chars().count() <= TEXT_MAX + 1);
        }
    }
}
