//! How verbs reach a running Mainstay.

use std::{
    fmt::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use anyhow::{Context, bail};
use clap::Args;
use mainstay_backends::{HttpClientConfig, http_client};
use mainstay_providers::{AllowRule, EgressPolicy};
use serde_json::Value;
use url::Url;

/// Which Mainstay to ask.
#[derive(Debug, Clone, Args)]
pub struct ServerUrl {
    /// Address of the running Mainstay
    #[arg(
        long,
        env = "MAINSTAY_SERVER",
        default_value = "http://127.0.0.1:8000",
        value_name = "URL"
    )]
    server: Url,
}

/// A client for the server the user named: wherever it is, the user may call it.
pub fn client(timeout: Duration) -> anyhow::Result<reqwest::Client> {
    let anywhere = EgressPolicy {
        allow: vec![
            AllowRule::Network(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0),
            AllowRule::Network(IpAddr::V6(Ipv6Addr::UNSPECIFIED), 0),
        ],
        allow_loopback: true,
    };
    let config = HttpClientConfig {
        timeout,
        ..HttpClientConfig::new(anywhere)
    };
    Ok(http_client(&config)?)
}

impl ServerUrl {
    /// The URL of `path` on that server.
    pub fn join(&self, path: &str) -> anyhow::Result<Url> {
        Ok(self.server.join(path)?)
    }

    /// Fetches a JSON document.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        self.answer(client(Duration::from_secs(30))?.get(self.join(path)?))
            .await
    }

    /// Sends a JSON document.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.answer(client(Duration::from_mins(2))?.post(self.join(path)?).json(body))
            .await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await.with_context(|| {
            format!("no Mainstay answers at {self}. Start one with `mainstay up`, or name another with --server")
        })?;
        let status = answer.status();
        let body: Value = answer
            .json()
            .await
            .context("the answer is not JSON; is this a Mainstay?")?;
        if !status.is_success() {
            bail!("{}", refusal(&body));
        }
        Ok(body)
    }

    /// Fetches every page of a list.
    pub async fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let page = match &cursor {
                Some(cursor) => {
                    self.get(&format!("{path}{separator}limit=1000&cursor={cursor}"))
                        .await?
                }
                None => self.get(&format!("{path}{separator}limit=1000")).await?,
            };
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(items),
            }
        }
    }
}

/// A problem in words: its sentence, then each field at fault.
fn refusal(problem: &Value) -> String {
    let mut text = problem["detail"]
        .as_str()
        .unwrap_or("the request was refused")
        .to_owned();
    for error in problem["errors"].as_array().into_iter().flatten() {
        let field = error["field"].as_str().unwrap_or_default();
        let message = error["message"].as_str().unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {field}: {message}");
    }
    text
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.server, f)
    }
}
