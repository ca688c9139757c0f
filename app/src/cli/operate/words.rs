//! Fields of the API's answers in the words of a terminal.

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use crate::cli::when::relative;

/// A field; nothing for null.
pub fn text(value: &Value, key: &str) -> String {
    match &value[key] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A moment as people say it.
pub fn when(value: &Value, key: &str, now: Timestamp) -> String {
    let text = text(value, key);
    text.parse().map_or(text, |at| relative(at, now))
}

/// How far a job has come.
pub fn progress(job: &Value) -> String {
    let progress = &job["progress"];
    match (progress["done"].as_u64(), progress["total"].as_u64()) {
        (Some(done), Some(total)) => format!("{done}/{total} {}", text(progress, "text")).trim().to_owned(),
        _ => String::new(),
    }
}

/// A span of seconds.
pub fn seconds(value: &Value) -> String {
    match value.as_f64() {
        None => String::new(),
        Some(seconds) if seconds < 60.0 => format!("{seconds:.1} s"),
        Some(seconds) if seconds < 3_600.0 => format!("{:.0} min", seconds / 60.0),
        Some(seconds) => format!("{:.1} h", seconds / 3_600.0),
    }
}

/// A path below `/api/v1/admin`, whatever its parts hold.
pub fn path(parts: &[&str]) -> anyhow::Result<String> {
    let mut url: Url = "http://mainstay/api/v1/admin".parse()?;
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.extend(parts);
    }
    Ok(url.path().to_owned())
}

/// Names and values, one pair a line; those without a value are left out.
pub fn facts(pairs: &[(&str, String)]) -> String {
    let shown = || pairs.iter().filter(|(_, value)| !value.is_empty());
    let width = shown().map(|(name, _)| name.len()).max().unwrap_or_default();
    shown().fold(String::new(), |text, (name, value)| {
        format!("{text}{name:width$}  {value}\n")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_holds_any_name() {
        assert_eq!(
            path(&["schedules", "a/b c", "pause"]).unwrap(),
            "/api/v1/admin/schedules/a%2Fb%20c/pause"
        );
    }

    #[test]
    fn facts_stand_in_columns_and_what_is_not_known_is_left_out() {
        let pairs = [
            ("state", "failed".to_owned()),
            ("replica", String::new()),
            ("error", "it is rotten".to_owned()),
        ];
        assert_eq!(facts(&pairs), "state  failed\nerror  it is rotten\n");
    }

    #[test]
    fn spans_and_progress_are_told_in_fitting_units() {
        let spans = [0.0, 12.34, 600.0, 9_000.0].map(|span| seconds(&json!(span)));
        assert_eq!(spans, ["0.0 s", "12.3 s", "10 min", "2.5 h"]);
        let job = json!({"progress": {"done": 1, "total": 2, "text": null}});
        assert_eq!(progress(&job), "1/2");
        assert_eq!(progress(&json!({"progress": null})), "");
    }
}
