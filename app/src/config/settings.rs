//! The configuration in the words of each module, judged by the module's own rules: whatever is refused here keeps Mainstay
//! from starting, and `config check` says it beforehand.

use std::{collections::BTreeSet, path::absolute, time::Duration};

use mainstay_backends::HttpClientConfig;
use mainstay_catalog::{Declaration, Source, SourceKind};
use mainstay_providers::{AllowRule, EgressPolicy, Method};
use mainstay_slo::{Settings, SloConfig, alert::AlertsConfig, delivery::heartbeat::HeartbeatConfig, model::Limits};
use mainstay_store::{DatabaseConfig, DatabaseUrl};
use mainstay_telemetry::{LogFormat, TelemetryConfig};
use mainstay_watch::{Defaults, ProberConfig, Retention, WatchConfig};
use mainstay_work::{InvalidPattern, Pattern, Role};
use serde_json::json;
use url::Url;

use super::{
    Config, RetentionSection,
    finding::{Invalid, Judge},
};
use crate::operate::backup::BackupPlan;

/// An hour, the longest interval a check may have.
const INTERVAL_MAX_MS: u64 = 3_600_000;
/// A century, the longest that history may be kept.
const RETENTION_MAX_DAYS: u32 = 36_525;
/// A minute, the longest a probe may take.
const TIMEOUT_MAX_MS: u64 = 60_000;

const DAY_S: i64 = 86_400;

impl RetentionSection {
    /// Each kind is kept for a day at least, and no shorter than the finer one: a finer one that outlived it would be kept
    /// for nobody.
    fn judged(&self, judge: &mut Judge) -> Retention {
        let kinds = [
            ("raw_days", self.raw_days),
            ("minute_days", self.minute_days),
            ("five_minutes_days", self.five_minutes_days),
            ("hour_days", self.hour_days),
        ];
        for (key, days) in kinds {
            judge.within(&format!("watch.retention.{key}"), days, 1..=RETENTION_MAX_DAYS);
        }
        for ((finer, least), (key, days)) in kinds.iter().zip(&kinds[1..]) {
            if days < least {
                judge.refuse(
                    format!("watch.retention.{key}"),
                    format_args!(
                        "is {days}, which is less than `{finer}` ({least}); coarser history is kept at least as long"
                    ),
                );
            }
        }
        let days = |days: u32| Duration::from_hours(24) * days;
        Retention {
            raw: days(self.raw_days),
            minute: days(self.minute_days),
            five_minutes: days(self.five_minutes_days),
            hour: days(self.hour_days),
        }
    }
}

impl Config {
    /// The shares of the work that this process does.
    pub fn roles(&self) -> Result<BTreeSet<Role>, Invalid> {
        let mut judge = Judge::default();
        let mut roles = BTreeSet::new();
        for role in &self.roles {
            roles.extend(judge.take("roles", role.trim().parse::<Role>()));
        }
        if self.roles.is_empty() {
            judge.refuse("roles", "is empty; name at least one of api, watch, page and work");
        }
        judge.end(roles)
    }

    /// What is logged, and where traces go.
    pub fn telemetry(&self) -> Result<TelemetryConfig, Invalid> {
        let mut judge = Judge::default();
        let format = match self.log.format.as_str() {
            "auto" => LogFormat::Auto,
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                judge.refuse("log.format", format_args!("is `{other}`; use `auto`, `text` or `json`"));
                LogFormat::Auto
            }
        };
        let config = TelemetryConfig {
            filter: self.log.filter.clone(),
            format,
            otlp_endpoint: self.telemetry.otlp_endpoint.clone(),
        };
        if let Err(error) = config.check_filter() {
            judge.refuse("log.filter", format_args!("cannot be used: {error}"));
        }
        if let Some(endpoint) = &config.otlp_endpoint {
            judge.take("telemetry.otlp_endpoint", http_url(endpoint));
        }
        judge.end(config)
    }

    /// Which database, without a look at it.
    pub fn database(&self) -> Result<DatabaseConfig, Invalid> {
        let mut judge = Judge::default();
        let section = &self.database;
        let (key, text) = match (&section.url, &section.url_file) {
            (Some(url), _) => ("database.url", Some(url.clone())),
            (None, Some(file)) => {
                let read = std::fs::read_to_string(file).map_err(|error| {
                    format!(
                        "names {}, which cannot be read: {error}. Mend the path or its permissions",
                        file.display()
                    )
                });
                let text = judge.take("database.url_file", read);
                ("database.url_file", text.map(|text| text.trim().to_owned()))
            }
            (None, None) => ("database.url", None),
        };
        let url = text.and_then(|text| judge.take(key, text.parse::<DatabaseUrl>().map_err(cannot_be_used)));
        let mut config =
            DatabaseConfig::new(url.unwrap_or_else(|| DatabaseUrl::Sqlite(self.data_dir.join("mainstay.db"))));
        judge.take(key, config.check().map_err(cannot_be_used));
        if let Some(connections) = section.connections {
            judge.within("database.connections", connections, 1..=1_000);
            config.connections = connections;
        }
        judge.end(config)
    }

    /// How services are probed.
    pub fn watch(&self) -> Result<WatchConfig, Invalid> {
        let mut judge = Judge::default();
        let section = &self.watch;
        judge.within(
            "watch.default_interval_ms",
            section.default_interval_ms,
            1_000..=INTERVAL_MAX_MS,
        );
        judge.within(
            "watch.default_timeout_ms",
            section.default_timeout_ms,
            10..=TIMEOUT_MAX_MS,
        );
        judge.within("watch.retry_ms", section.retry_ms, 100..=TIMEOUT_MAX_MS);
        judge.within("watch.concurrency", section.concurrency, 1..=100_000);
        let prober = ProberConfig {
            secrets_folder: section.secrets_folder.clone(),
            trusted_certificates: section.trusted_certificates.clone(),
        };
        judge.take("watch.trusted_certificates", prober.check().map_err(cannot_be_used));
        let interval = Duration::from_millis(section.default_interval_ms);
        let retention = section.retention.judged(&mut judge);
        judge.end(WatchConfig {
            retention,
            defaults: Defaults {
                interval,
                timeout: Duration::from_millis(section.default_timeout_ms).min(interval),
                retry: Duration::from_millis(section.retry_ms).min(interval),
                ..Defaults::default()
            },
            concurrency: section.concurrency,
            secrets_folder: prober.secrets_folder,
            trusted_certificates: prober.trusted_certificates,
            ..WatchConfig::default()
        })
    }

    /// What objectives must fit, and how people are told.
    pub fn slo(&self) -> Result<SloConfig, Invalid> {
        let interval_us = i64::try_from(self.watch.default_interval_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Ok(SloConfig {
            objectives: Settings {
                limits: Limits {
                    probe_interval: interval_us,
                    retention_s: i64::from(self.watch.retention.five_minutes_days) * DAY_S,
                },
                resolve_hold: Duration::from_millis(self.watch.default_interval_ms.saturating_mul(2)),
            },
            alerts: self.alerts()?,
            webhooks: self.declared_webhooks(),
        })
    }

    /// Which backups are taken by themselves; none without a folder.
    pub fn backup(&self) -> Result<Option<BackupPlan>, Invalid> {
        let mut judge = Judge::default();
        let section = &self.backup;
        judge.within("backup.keep", section.keep, 1..=10_000);
        let pattern = match Pattern::new(&section.schedule, &section.time_zone) {
            Ok(pattern) => Some(pattern),
            Err(error @ InvalidPattern::Cron(..)) => judge.take("backup.schedule", Err(cannot_be_used(error))),
            Err(error @ InvalidPattern::Zone(_)) => judge.take("backup.time_zone", Err(cannot_be_used(error))),
        };
        if let Some(folder) = section
            .folder
            .as_ref()
            .filter(|folder| folder.exists() && !folder.is_dir())
        {
            let message = format!("is {}, which is a file; name a folder", folder.display());
            judge.refuse("backup.folder", message);
        }
        let plan = section.folder.as_ref().zip(pattern);
        judge.end(plan.map(|(folder, pattern)| BackupPlan {
            folder: absolute(folder).unwrap_or_else(|_| folder.clone()),
            pattern,
            keep: section.keep,
        }))
    }

    /// How outgoing calls are made, and where they may go.
    pub fn outgoing(&self) -> Result<HttpClientConfig, Invalid> {
        let mut judge = Judge::default();
        let mut allow = Vec::new();
        for (index, rule) in self.egress.allow.iter().enumerate() {
            allow.extend(judge.take(
                &format!("egress.allow[{index}]"),
                rule.parse::<AllowRule>().map_err(cannot_be_used),
            ));
        }
        judge.end(HttpClientConfig::new(EgressPolicy {
            allow,
            allow_loopback: self.egress.allow_loopback,
        }))
    }

    /// Where people find this Mainstay.
    pub fn reached_at(&self) -> String {
        let listen = || format!("http://{}", self.listen);
        self.public_url.clone().unwrap_or_else(listen)
    }

    fn alerts(&self) -> Result<AlertsConfig, Invalid> {
        let mut judge = Judge::default();
        if let Some(url) = &self.public_url {
            judge.take("public_url", http_url(url));
        }
        judge.within("heartbeat.interval_s", self.heartbeat.interval_s, 1..=86_400);
        let url = self.heartbeat.url.as_ref();
        let heartbeat = url
            .and_then(|url| judge.take("heartbeat.url", http_url(url)))
            .map(|url| HeartbeatConfig {
                url,
                interval: Duration::from_secs(self.heartbeat.interval_s),
                method: Method::Post,
            });
        judge.end(AlertsConfig {
            public_url: self.reached_at(),
            heartbeat,
            ..AlertsConfig::default()
        })
    }

    /// The webhooks of the configuration, as if an imported file declared them.
    pub fn declared_webhooks(&self) -> Vec<Declaration> {
        self.webhook
            .iter()
            .map(|webhook| {
                // Every path of the configuration is meant from the folder Mainstay is started in, this one too.
                let secret_file = webhook
                    .secret_file
                    .as_ref()
                    .map(|path| absolute(path).unwrap_or_else(|_| path.clone()));
                Declaration {
                    kind: "webhook".to_owned(),
                    name: webhook.name.clone(),
                    environment: self.environment.clone(),
                    body: json!({ "url": webhook.url, "format": webhook.format, "secret_file": secret_file }),
                    source: Source {
                        kind: SourceKind::Mainstay,
                        file: webhook.declared_in.clone(),
                        line: webhook.line,
                        version: None,
                    },
                }
            })
            .collect()
    }
}

fn cannot_be_used(error: impl std::fmt::Display) -> String {
    format!("cannot be used: {error}")
}

/// An address that can be called. The text itself may hold a token, so it is not repeated.
pub(super) fn http_url(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error| format!("is no URL ({error}); write for example https://mainstay.example"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("must begin with `http://` or `https://` and name a host".to_owned());
    }
    Ok(url)
}
