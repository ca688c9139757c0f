//! What the engine says to people.

use std::collections::BTreeMap;

use mainstay_catalog::ServiceName;
use serde_json::Value;

use super::Decision;

/// An alert's title, summary and numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub title: String,
    pub summary: String,
    pub values: BTreeMap<String, Value>,
}

/// A service is down.
pub(super) fn service_down(decision: &Decision) -> Text {
    let service = &decision.service;
    let title = format!("{service} is down");
    let summary = match &decision.reason {
        Some(reason) => sentence(reason),
        None => format!("The checks of {service} fail."),
    };
    Text {
        title,
        summary,
        values: BTreeMap::new(),
    }
}

pub(super) fn service_up(service: &ServiceName) -> String {
    format!("{service} is no longer down.")
}

pub(super) fn left_the_catalog(service: &ServiceName) -> String {
    format!("{service} left the catalog.")
}

pub(super) fn waits_for(services: &[ServiceName]) -> String {
    let names: Vec<&str> = services.iter().map(ServiceName::as_str).collect();
    format!(
        "Waiting up to 30 s to see whether the cause is {}; probed at once.",
        join(&names, "or")
    )
}

pub(super) fn folded(root_title: &str, path: &[ServiceName], late: bool) -> String {
    let path: Vec<&str> = path.iter().map(ServiceName::as_str).collect();
    let along = if path.len() > 1 {
        format!(" ({})", path.join(" → "))
    } else {
        String::new()
    };
    let told = if late {
        "; people were told of it before the cause was known"
    } else {
        ""
    };
    format!("Folded under \"{root_title}\"{along}{told}.")
}

pub(super) fn escalated(cause_title: &str) -> String {
    format!("Became a page because of \"{cause_title}\", which is folded under it.")
}

pub(super) fn told(webhooks: &[&str]) -> String {
    if webhooks.is_empty() {
        "No webhook is enabled, so nobody was told. Add one under Deliveries.".to_owned()
    } else {
        format!("Telling {}.", join(webhooks, "and"))
    }
}

fn join(names: &[&str], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} {word} {last}", first.join(", ")),
    }
}

fn sentence(text: &str) -> String {
    let mut text = text.trim().to_owned();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_joined_as_people_do() {
        assert_eq!(join(&["a"], "and"), "a");
        assert_eq!(join(&["a", "b", "c"], "or"), "a, b or c");
    }

    #[test]
    fn a_fold_names_its_path() {
        let path = ["web", "api", "data"].map(|name| ServiceName::parse(name).unwrap());
        assert_eq!(
            folded("data is down", &path, false),
            "Folded under \"data is down\" (web → api → data)."
        );
        assert!(
            folded("api is down", &path[1..2], true)
                .ends_with("\"api is down\"; people were told of it before the cause was known.")
        );
    }
}
