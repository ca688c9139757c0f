//! What becomes of another configuration in a process that runs already: which keys it follows at once, and which wait for a
//! restart.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{
    Config, Loaded,
    explain::{flatten, mask},
};

/// Keys, or whole sections, that a process reads once: what they describe was opened, taken or written by then.
const READ_ONCE: [&str; 9] = [
    "listen",
    "data_dir",
    "environment",
    "roles",
    "demo",
    "database",
    "telemetry",
    "backup",
    "auth",
];

/// When another value of a key takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TakesEffect {
    /// In the running process, on SIGHUP.
    Reload,
    /// At the next start.
    Restart,
}

impl TakesEffect {
    /// When another value of this key does.
    pub fn of(key: &str) -> Self {
        let section = key.split(['.', '[']).next().unwrap_or(key);
        if READ_ONCE.contains(&section) {
            Self::Restart
        } else {
            Self::Reload
        }
    }
}

/// A key whose value is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Dotted key.
    pub key: String,
    /// The new value, secrets masked.
    pub value: String,
    /// Where it comes from.
    pub from: String,
    /// When it does.
    pub takes_effect: TakesEffect,
}

impl Config {
    /// This configuration as far as a process follows it that was started with another one.
    pub fn in_force(self, started: &Self) -> Self {
        let started = started.clone();
        Self {
            listen: started.listen,
            data_dir: started.data_dir,
            environment: started.environment,
            roles: started.roles,
            demo: started.demo,
            database: started.database,
            telemetry: started.telemetry,
            backup: started.backup,
            auth: started.auth,
            ..self
        }
    }
}

impl Loaded {
    /// Every key with another value than in `before`.
    pub fn changes_since(&self, before: &Self) -> Vec<Change> {
        let (old, new) = (values(&before.config), values(&self.config));
        let changed = |key: &str, value: String| Change {
            from: self.sources.of(key),
            takes_effect: TakesEffect::of(key),
            key: key.to_owned(),
            value,
        };
        let other = new
            .iter()
            .filter(|(key, value)| old.get(*key) != Some(value))
            .map(|(key, value)| changed(key, mask(key, value)));
        let gone = old
            .keys()
            .filter(|key| !new.contains_key(*key))
            .map(|key| changed(key, "(gone)".to_owned()));
        other.chain(gone).collect()
    }
}

/// Every key with its value as it is, to be compared.
fn values(config: &Config) -> BTreeMap<String, Value> {
    let tree = serde_json::to_value(config).unwrap_or_default();
    let mut values = BTreeMap::new();
    flatten(String::new(), &tree, &mut |key, value| {
        values.insert(key, value.clone());
    });
    values
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Overrides, load},
        *,
    };

    fn loaded(text: &str) -> Loaded {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mainstay.toml");
        std::fs::write(&file, text).unwrap();
        load(&Overrides {
            file: Some(file),
            ..Overrides::default()
        })
        .unwrap()
    }

    /// Another value of every key there is.
    const OTHER: &str = r#"
        listen = "127.0.0.1:1"
        public_url = "https://a.example"
        data_dir = "elsewhere"
        environment = "staging"
        roles = ["api"]
        demo = true
        [database]
        url = "sqlite://other.db"
        url_file = "file"
        connections = 7
        [log]
        filter = "debug"
        format = "json"
        [telemetry]
        otlp_endpoint = "http://127.0.0.1:1"
        [catalog]
        import = ["fleet"]
        [watch]
        default_interval_ms = 1001
        default_timeout_ms = 11
        retry_ms = 101
        concurrency = 1
        secrets_folder = "secrets"
        trusted_certificates = ["ca.pem"]
        [watch.retention]
        raw_days = 1
        minute_days = 2
        five_minutes_days = 3
        hour_days = 4
        [egress]
        allow = ["10.0.0.0/8"]
        allow_loopback = true
        [heartbeat]
        url = "https://b.example/token"
        interval_s = 1
        [backup]
        folder = "backups"
        schedule = "0 0 * * *"
        time_zone = "Europe/Berlin"
        keep = 1
        [auth]
        required = true
        sealing_key_file = "key"
        [[webhook]]
        name = "chat"
        url = "https://c.example/token"
        secret_file = "secret"
    "#;

    #[test]
    fn a_process_follows_every_key_or_keeps_it_as_it_is_listed() {
        let (started, wanted) = (loaded(""), loaded(OTHER));
        let (old, new) = (values(&started.config), values(&wanted.config));
        let now = values(&wanted.config.clone().in_force(&started.config));
        for (key, value) in &new {
            assert_ne!(old.get(key), Some(value), "the test does not change `{key}`");
            let expected = match TakesEffect::of(key) {
                TakesEffect::Reload => Some(value),
                TakesEffect::Restart => old.get(key),
            };
            assert_eq!(now.get(key), expected, "{key}");
        }
    }

    #[test]
    fn each_change_is_named_with_its_origin_and_without_secrets() {
        let (before, after) = (loaded("[watch]\nretry_ms = 200\n"), loaded(OTHER));
        let changes = after.changes_since(&before);
        let change = |key: &str| changes.iter().find(|change| change.key == key).unwrap();
        assert!(
            change("watch.retry_ms").from.ends_with("mainstay.toml:22"),
            "{changes:?}"
        );
        assert_eq!(change("watch.retry_ms").value, "101");
        assert_eq!(change("listen").takes_effect, TakesEffect::Restart);
        assert_eq!(change("webhook[0].url").value, "https://c.example/***");
        assert_eq!(change("heartbeat.url").value, "https://b.example/***");
        assert!(after.changes_since(&after).is_empty());

        let gone = before.changes_since(&after);
        let webhook = gone.iter().find(|change| change.key == "webhook[0].url").unwrap();
        assert_eq!(
            (webhook.value.as_str(), webhook.from.as_str()),
            ("(gone)", "the default")
        );
    }

    #[test]
    fn a_secret_that_changes_is_a_change_even_where_it_is_masked() {
        let heartbeat = |token: &str| loaded(&format!("[heartbeat]\nurl = \"https://b.example/{token}\"\n"));
        let changes = heartbeat("new").changes_since(&heartbeat("old"));
        assert_eq!(changes.len(), 1, "{changes:?}");
        assert_eq!(changes[0].value, "https://b.example/***");
    }
}
