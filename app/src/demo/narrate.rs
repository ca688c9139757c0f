//! Two ways to tell a step: a line of JSON for a machine, a sentence with the elapsed time for a person.

use std::{fmt::Write as _, io::Write, time::Duration};

use serde_json::Value;

use super::story::Step;

const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const BLUE: &str = "\x1b[34m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// How the story is told. Everything goes to standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Narrator {
    /// One JSON object per line: `at`, `step`, `source`, `detail`.
    Json,
    /// Sentences, in colour where the terminal shows it.
    Person,
}

impl Narrator {
    /// Tells a step that came `elapsed` after the beginning.
    pub fn tell(self, step: &Step, elapsed: Duration) {
        match self {
            Self::Json => {
                if let Ok(line) = serde_json::to_string(step) {
                    print(&line);
                }
            }
            Self::Person => {
                let (colour, sentence) = sentence(step);
                let seconds = elapsed.as_secs_f64();
                print(&format!("{DIM}{seconds:6.1} s{PLAIN}  {colour}●{PLAIN} {sentence}"));
                if step.source != "demo" {
                    print(&format!("            {DIM}{}{PLAIN}", step.source));
                }
            }
        }
    }

    /// Says something besides the story; a machine is not told.
    pub fn aside(self, text: &str) {
        if self == Self::Person {
            print(text);
        }
    }

    /// The opening lines: what runs, and where to look.
    pub fn opening(self, services: usize, dashboard: &str, folder: &str) {
        self.aside(&format!(
            "\n  {BOLD}Mainstay is watching {services} services.{PLAIN} Dashboard: {BLUE}{dashboard}{PLAIN}"
        ));
        self.aside(&format!("  {DIM}Logs, configuration and deliveries: {folder}{PLAIN}\n"));
    }
}

/// A line on standard output, without colour where it would only be noise. A reader that has gone away ends nothing.
fn print(line: &str) {
    let mut out = anstream::stdout().lock();
    let _reader_gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn sentence(step: &Step) -> (&'static str, String) {
    let detail = &step.detail;
    let text = |field: &str| detail[field].as_str().unwrap_or("?").to_owned();
    match step.step {
        "all-up" => (
            GREEN,
            format!(
                "All {} services are up; {} promises are being kept.",
                detail["services"], detail["slos"]
            ),
        ),
        "fault" => (
            YELLOW,
            format!("Breaking {BOLD}{}{PLAIN}: {}.", text("service"), text("what")),
        ),
        "check-down" => {
            let reason = ["reason", "probe"]
                .iter()
                .find_map(|field| detail[field].as_str())
                .unwrap_or("its check failed");
            (RED, format!("{BOLD}{}{PLAIN} is down: {reason}", text("service")))
        }
        "dependants-degraded" => {
            let degraded = detail["degraded"].as_object();
            let names: Vec<_> = degraded.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            let cause = format!("{BOLD}{}{PLAIN}", text("cause"));
            if names.is_empty() {
                (GREEN, format!("No service needs {cause}, so no other suffers."))
            } else {
                (YELLOW, format!("Degraded because of {cause}: {}.", names.join(", ")))
            }
        }
        "budget-burning" => (
            YELLOW,
            format!(
                "The budget of {BOLD}{}{PLAIN} burns: {} bad of {} events, {} left.",
                text("slo"),
                detail["bad"],
                detail["total"],
                percent(&detail["remaining_ratio"])
            ),
        ),
        "alert-opened" => (RED, format!("Alert: {}", text("title"))),
        "alert-delivered" => (
            RED,
            format!(
                "The receiver accepted it {} ms after it opened. It is the one alert delivered for this failure.",
                detail["after_opening_ms"]
            ),
        ),
        "heal" => (BLUE, format!("Mending {BOLD}{}{PLAIN}.", text("service"))),
        "recovered" => (GREEN, recovered(detail)),
        "alert-resolved" => (
            GREEN,
            format!("The alert is resolved, and the receiver knows.{}", folded(detail)),
        ),
        "cause-found" => (GREEN, found(detail)),
        "failed" => (RED, text("message")),
        "interrupted" => (YELLOW, format!("The story ends here: {}.", text("seen"))),
        other => (PLAIN, other.to_owned()),
    }
}

/// The cause, the lines that show it, and where the whole report is.
fn found(detail: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let mut said = format!(
        "From its own files alone: {BOLD}{}{PLAIN} is the likely cause ({}).\n            {}",
        text(&detail["service"]),
        likely(detail["likelihood"].as_f64().unwrap_or_default()),
        text(&detail["summary"])
    );
    for quote in detail["quotes"].as_array().into_iter().flatten() {
        // Writing to a string cannot fail.
        let _ = write!(
            said,
            "\n            {DIM}{}:{}{PLAIN} {}",
            text(&quote["file"]),
            quote["line"],
            text(&quote["text"])
        );
    }
    let _ = write!(
        said,
        "\n            The whole report: {BLUE}file://{}{PLAIN}",
        text(&detail["report"])
    );
    said
}

/// What is not certain is never said to be.
fn likely(share: f64) -> String {
    if share > 0.99 {
        return "over 99 %".to_owned();
    }
    format!("{:.0} %", share * 100.0)
}

fn recovered(detail: &Value) -> String {
    let spared: Vec<_> = detail["in_maintenance"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if spared.is_empty() {
        return format!("All {} services are up again.", detail["services"]);
    }
    format!(
        "{} services are up again; in maintenance: {}.",
        detail["services"],
        spared.join(", ")
    )
}

/// What else came of the failure, and reached nobody.
fn folded(detail: &Value) -> String {
    match detail["folded_alerts"].as_u64() {
        None | Some(0) => String::new(),
        Some(1) => " One more alert of the same failure was folded under it.".to_owned(),
        Some(count) => format!(" {count} more alerts of the same failure were folded under it."),
    }
}

fn percent(ratio: &Value) -> String {
    ratio.as_f64().map_or_else(
        || "an unknown share".to_owned(),
        |ratio| format!("{:.2} %", ratio * 100.0),
    )
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::demo::story::EXPECTED;

    #[test]
    fn every_step_of_the_story_has_a_sentence() {
        for step in EXPECTED.into_iter().chain(["failed", "interrupted"]) {
            let told = Step {
                at: Timestamp::UNIX_EPOCH,
                step,
                source: "demo",
                detail: json!({}),
            };
            assert_ne!(sentence(&told).1, step);
        }
    }

    #[test]
    fn what_was_folded_is_told_when_all_of_it_is_known_and_never_as_zero() {
        let told = |step: &'static str, detail: Value| {
            sentence(&Step {
                at: Timestamp::UNIX_EPOCH,
                step,
                source: "demo",
                detail,
            })
            .1
        };
        let delivered = told("alert-delivered", json!({ "after_opening_ms": 11, "root_alerts": 1 }));
        assert!(!delivered.contains("folded"), "{delivered}");
        let none = told("alert-resolved", json!({ "folded_alerts": 0 }));
        assert!(!none.contains("folded"), "{none}");
        let two = told("alert-resolved", json!({ "folded_alerts": 2 }));
        assert!(two.contains("2 more alerts"), "{two}");
    }

    #[test]
    fn a_service_in_maintenance_is_not_called_up() {
        let said = recovered(&json!({ "services": 9, "in_maintenance": ["web"] }));
        assert_eq!(said, "9 services are up again; in maintenance: web.");
    }

    #[test]
    fn an_overspent_budget_is_shown_as_a_negative_share() {
        assert_eq!(percent(&json!(-0.25)), "-25.00 %");
        assert_eq!(percent(&Value::Null), "an unknown share");
    }
}
