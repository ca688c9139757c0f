//! The configuration in the words of each module.

use std::time::Duration;

use anyhow::Context;
use mainstay_backends::HttpClientConfig;
use mainstay_catalog::{Declaration, Source, SourceKind};
use mainstay_providers::{AllowRule, EgressPolicy, Method};
use mainstay_slo::{Settings, SloConfig, alert::AlertsConfig, delivery::heartbeat::HeartbeatConfig, model::Limits};
use mainstay_watch::{Defaults, WatchConfig};
use serde_json::json;

use super::Config;

impl Config {
    /// How services are probed.
    pub fn watch(&self) -> anyhow::Result<WatchConfig> {
        let section = &self.watch;
        let milliseconds = |key: &str, value: u64, least: u64| {
            anyhow::ensure!(value >= least, "`watch.{key}` is {value}; it must be at least {least}");
            Ok(Duration::from_millis(value))
        };
        let interval = milliseconds("default_interval_ms", section.default_interval_ms, 1_000)?;
        let timeout = milliseconds("default_timeout_ms", section.default_timeout_ms, 10)?.min(interval);
        anyhow::ensure!(
            section.concurrency > 0,
            "`watch.concurrency` is 0; nothing could be probed"
        );
        Ok(WatchConfig {
            defaults: Defaults {
                interval,
                timeout,
                retry: milliseconds("retry_ms", section.retry_ms, 100)?.min(interval),
                ..Defaults::default()
            },
            concurrency: section.concurrency,
            secrets_folder: section.secrets_folder.clone(),
            trusted_certificates: section.trusted_certificates.clone(),
            ..WatchConfig::default()
        })
    }

    /// What objectives must fit, and how people are told.
    pub fn slo(&self) -> anyhow::Result<SloConfig> {
        let interval_us = i64::try_from(self.watch.default_interval_ms.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Ok(SloConfig {
            objectives: Settings {
                limits: Limits {
                    probe_interval: interval_us,
                    ..Limits::default()
                },
                resolve_hold: Duration::from_millis(self.watch.default_interval_ms.saturating_mul(2)),
            },
            alerts: self.alerts()?,
            webhooks: self.declared_webhooks(),
        })
    }

    /// How outgoing calls are made, and where they may go.
    pub fn outgoing(&self) -> anyhow::Result<HttpClientConfig> {
        let allow = self
            .egress
            .allow
            .iter()
            .map(|rule| rule.parse::<AllowRule>())
            .collect::<Result<Vec<_>, _>>()?;
        Ok(HttpClientConfig::new(EgressPolicy {
            allow,
            allow_loopback: self.egress.allow_loopback,
        }))
    }

    fn alerts(&self) -> anyhow::Result<AlertsConfig> {
        let heartbeat = match &self.heartbeat.url {
            None => None,
            Some(url) => Some(HeartbeatConfig {
                url: url.parse().context("`heartbeat.url` is not a URL")?,
                interval: Duration::from_secs(self.heartbeat.interval_s.max(1)),
                method: Method::Post,
            }),
        };
        Ok(AlertsConfig {
            public_url: self
                .public_url
                .clone()
                .unwrap_or_else(|| format!("http://{}", self.listen)),
            heartbeat,
            ..AlertsConfig::default()
        })
    }

    /// The webhooks of the configuration file, as if an imported file declared them.
    fn declared_webhooks(&self) -> Vec<Declaration> {
        self.webhook
            .iter()
            .map(|webhook| Declaration {
                kind: "webhook".to_owned(),
                name: webhook.name.clone(),
                environment: self.environment.clone(),
                body: json!({ "url": webhook.url, "format": webhook.format, "secret_file": webhook.secret_file }),
                source: Source {
                    kind: SourceKind::Mainstay,
                    file: Some("mainstay.toml".to_owned()),
                    line: None,
                    version: None,
                },
            })
            .collect()
    }
}
