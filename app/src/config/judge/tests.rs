//! What is refused, what is left out, and what is only doubted.

use std::time::Duration;

use mainstay_watch::{Retention, WatchConfig};

use super::super::{
    ConfigError, Overrides, RetentionSection,
    finding::{Finding, Severity},
    load,
};

/// What is found in a configuration file, with its lines as `:3`.
fn findings(text: &str) -> Vec<(Severity, String)> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mainstay.toml");
    std::fs::write(&file, text).unwrap();
    let loaded = load(&Overrides {
        file: Some(file.clone()),
        data_dir: Some(directory.path().join("data")),
        ..Overrides::default()
    });
    let findings: Vec<Finding> = match loaded {
        Ok(loaded) => loaded.findings(),
        Err(ConfigError::Wrong { finding, .. }) => vec![finding],
        Err(error) => panic!("{error}"),
    };
    let short = |finding: &Finding| finding.to_string().replace(&file.display().to_string(), "");
    findings
        .iter()
        .map(|finding| (finding.severity, short(finding)))
        .collect()
}

/// The one finding there must be.
#[expect(clippy::unused_async, reason = "its callers wait for it as for a start")]
async fn the_finding(text: &str) -> (Severity, String) {
    let mut findings = findings(text);
    assert_eq!(findings.len(), 1, "{text}: {findings:?}");
    findings.remove(0)
}

#[tokio::test]
async fn the_defaults_are_right() {
    assert_eq!(findings(""), []);
}

#[tokio::test]
async fn whatever_a_module_refuses_is_refused_with_its_line() {
    for (text, said) in [
        (
            "listen = \"0.0.0.0:8000\"",
            ":1: `listen` is 0.0.0.0:8000, which others",
        ),
        ("public_url = \"mainstay\"", ":1: `public_url` is no URL"),
        ("[log]\nformat = \"yaml\"", ":2: `log.format` is `yaml`; use"),
        (
            "[log]\nfilter = \"info,mainstay=loud\"",
            ":2: `log.filter` cannot be used",
        ),
        (
            "[telemetry]\notlp_endpoint = \"127.0.0.1:4318\"",
            ":2: `telemetry.otlp_endpoint`",
        ),
        (
            "[database]\nurl = \"mysql://db/m\"",
            ":2: `database.url` cannot be used",
        ),
        ("[database]\nurl = \"sqlite://\"", ":2: `database.url` cannot be used"),
        (
            "[database]\nurl = \"postgresql://db:port/m\"",
            ":2: `database.url` cannot be used",
        ),
        (
            "[database]\nurl_file = \"/nowhere/url\"",
            ":2: `database.url_file` names /nowhere/url",
        ),
        (
            "[database]\nconnections = 0",
            ":2: `database.connections` is 0; use 1 to 1000",
        ),
        (
            "[watch]\ndefault_interval_ms = 5",
            ":2: `watch.default_interval_ms` is 5; use 1000 to",
        ),
        (
            "[watch]\ndefault_timeout_ms = 1",
            ":2: `watch.default_timeout_ms` is 1; use 10 to",
        ),
        ("[watch]\nretry_ms = 99", ":2: `watch.retry_ms` is 99; use 100 to"),
        ("[watch]\nconcurrency = 0", ":2: `watch.concurrency` is 0; use 1 to"),
        (
            "[watch.retention]\nraw_days = 0",
            ":2: `watch.retention.raw_days` is 0; use 1 to",
        ),
        (
            "[watch.retention]\nminute_days = 3",
            ":2: `watch.retention.minute_days` is 3, which is less than `raw_days` (7)",
        ),
        (
            "[watch]\ntrusted_certificates = [\"/nowhere.pem\"]",
            ":2: `watch.trusted_certificates`",
        ),
        (
            "[egress]\nallow = [\n\"10.0.0.0/8\",\n\"10.0.0.0/40\"]",
            ":4: `egress.allow[1]` cannot be used",
        ),
        (
            "[heartbeat]\nurl = \"ftp://x/y\"",
            ":2: `heartbeat.url` must begin with",
        ),
        (
            "[heartbeat]\nurl = \"http://127.0.0.1/beat\"",
            ":2: `heartbeat.url` cannot be called",
        ),
        (
            "[heartbeat]\ninterval_s = 0",
            ":2: `heartbeat.interval_s` is 0; use 1 to",
        ),
    ] {
        let (severity, found) = the_finding(text).await;
        assert_eq!(severity, Severity::Refused, "{text}: {found}");
        assert!(found.contains(said), "{text}: {found}");
    }
}

#[tokio::test]
async fn a_webhook_of_the_configuration_is_judged_field_by_field() {
    let webhook = |name: &str, rest: &str| format!("[[webhook]]\nname = \"{name}\"\n{rest}\n");
    for (rest, said) in [
        (
            "url = \"https://hooks.example/x\"\nformat = \"slack\"",
            ":4: `webhook[0].format` cannot be used: `slack` is not a format",
        ),
        ("url = \"hooks.example\"", ":3: `webhook[0].url` cannot be used"),
        ("url = \"http://127.0.0.1/x\"", ":3: `webhook[0].url` cannot be used"),
    ] {
        let (severity, found) = the_finding(&webhook("pager", rest)).await;
        assert_eq!(severity, Severity::Refused, "{found}");
        assert!(found.contains(said), "{found}");
    }
    let (_, found) = the_finding(&webhook("", "url = \"https://hooks.example/x\"")).await;
    assert!(found.contains(":2: `webhook[0].name`"), "{found}");
    let good = webhook("pager", "url = \"https://hooks.example/x\"");
    let (_, found) = the_finding(&format!("{good}{good}")).await;
    assert!(
        found.contains(":5: `webhook[1].name` is the name of webhook[0] too"),
        "{found}"
    );
}

#[tokio::test]
async fn what_is_missing_outside_of_the_file_is_left_out_and_does_not_refuse() {
    for (text, said) in [
        (
            "[catalog]\nimport = [\n  \"/nowhere\",\n]",
            ":3: `catalog.import[0]` names `/nowhere`, which cannot be read",
        ),
        (
            "[watch]\nsecrets_folder = \"/nowhere\"",
            ":2: `watch.secrets_folder` names `/nowhere`",
        ),
        (
            "[[webhook]]\nname = \"a\"\nurl = \"https://b.example\"\nsecret_file = \"/nowhere\"",
            ":4: `webhook[0].secret_file` cannot be used",
        ),
    ] {
        let (severity, found) = the_finding(text).await;
        assert_eq!(severity, Severity::LeftOut, "{text}: {found}");
        assert!(found.contains(said), "{text}: {found}");
    }
}

#[tokio::test]
async fn what_has_no_effect_is_a_warning() {
    for (text, said) in [
        ("[watch]\nretry_msec = 200", ":2: `watch.retry_msec` is unknown"),
        (
            "[[webhook]]\nname = \"a\"\nurl = \"https://b.example\"\ncolour = \"red\"",
            ":4: `webhook[0].colour` is unknown",
        ),
        (
            "[watch]\ndefault_interval_ms = 2000\ndefault_timeout_ms = 3000",
            ":3: `watch.default_timeout_ms` is 3000 but",
        ),
        (
            "[database]\nurl = \"sqlite://a.db\"\nurl_file = \"/nowhere\"",
            ":3: `database.url_file` has no effect",
        ),
    ] {
        let (severity, found) = the_finding(text).await;
        assert_eq!(severity, Severity::Warning, "{text}: {found}");
        assert!(found.contains(said), "{text}: {found}");
    }
    // The default timeout of five seconds is nobody's word, so a shorter interval is no contradiction.
    assert_eq!(findings("[watch]\ndefault_interval_ms = 2000"), []);
}

#[tokio::test]
async fn everything_wrong_is_said_at_once_the_gravest_first() {
    let found =
        findings("colour = 1\n[catalog]\nimport = [\"/nowhere\"]\n[watch]\nretry_ms = 1\n[log]\nformat = \"x\"");
    let severities: Vec<Severity> = found.iter().map(|(severity, _)| *severity).collect();
    assert_eq!(
        severities,
        [
            Severity::Refused,
            Severity::Refused,
            Severity::LeftOut,
            Severity::Warning
        ],
        "{found:?}"
    );
}

#[test]
fn retention_is_that_of_the_history_and_bounds_the_windows_of_objectives() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mainstay.toml");
    std::fs::write(&file, "[watch.retention]\nraw_days = 3\nfive_minutes_days = 200\n").unwrap();
    let overrides = Overrides {
        file: Some(file),
        data_dir: Some(directory.path().join("data")),
        ..Overrides::default()
    };
    let config = load(&overrides).unwrap().config;
    let days = |days| Duration::from_hours(24) * days;
    let watch = config.watch().unwrap();
    assert_eq!(
        watch.retention,
        Retention {
            raw: days(3),
            minute: days(100),
            five_minutes: days(200),
            hour: days(1_830),
        }
    );
    assert_eq!(config.slo().unwrap().objectives.limits.retention_s, 200 * 86_400);
    let untouched = RetentionSection::default();
    assert_eq!(
        WatchConfig::default().retention,
        Retention {
            raw: days(untouched.raw_days),
            minute: days(untouched.minute_days),
            five_minutes: days(untouched.five_minutes_days),
            hour: days(untouched.hour_days),
        },
        "what is written here and what the module does by itself are the same"
    );
}
