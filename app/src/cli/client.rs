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
use reqwest::Method;
use serde_json::Value;
use url::Url;

use super::auth::Kept;

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
    /// API token to use instead of what `mainstay login` keeps; better in the variable, where no list of processes shows it
    #[arg(
        long,
        env = "MAINSTAY_TOKEN",
        hide_env_values = true,
        value_name = "TOKEN",
        hide = true
    )]
    token: Option<Bearer>,
}

/// A token on its way to a server. Its `Debug` form says nothing.
#[derive(Clone)]
struct Bearer(String);

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer(…)")
    }
}

impl std::str::FromStr for Bearer {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.trim().to_owned()))
    }
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
        self.send(Method::GET, path, None, Duration::from_secs(30)).await
    }

    /// Changes a part of something.
    pub async fn patch(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::PATCH, path, Some(body), Duration::from_secs(30))
            .await
    }

    /// Deletes something.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        self.send(Method::DELETE, path, None, Duration::from_secs(30)).await
    }

    /// Sends a JSON document without saying who sends it, as whoever signs in does.
    pub async fn post_unsigned(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.answer(client(Duration::from_secs(30))?.post(self.join(path)?).json(body))
            .await
    }

    /// The server that an address belongs to, instead of this one.
    pub fn at(&self, address: &Url) -> Self {
        let mut server = address.clone();
        server.set_path("/");
        server.set_query(None);
        server.set_fragment(None);
        Self {
            server,
            token: self.token.clone(),
        }
    }

    /// The server's address, by which a kept session is found.
    pub fn origin(&self) -> String {
        self.server.origin().ascii_serialization()
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>, limit: Duration) -> anyhow::Result<Value> {
        let mut request = client(limit)?.request(method, self.join(path)?);
        if let Some(bearer) = self.bearer().await? {
            request = request.bearer_auth(bearer);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.answer(request).await
    }

    /// Who asks: the token that was given, else the session that is kept for this server, if there is one.
    async fn bearer(&self) -> anyhow::Result<Option<String>> {
        match &self.token {
            Some(token) => Ok(Some(token.0.clone())),
            None => Kept::access_token(self).await,
        }
    }

    /// Sends a JSON document.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.send(Method::POST, path, Some(body), Duration::from_mins(2)).await
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await.with_context(|| {
            format!("no Mainstay answers at {self}. Start one with `mainstay up`, or name another with --server")
        })?;
        let status = answer.status();
        let bytes = answer.bytes().await.context("the answer broke off")?;
        // What was done without an answer to it, such as a deletion, has no body.
        let body: Value = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).context("the answer is not JSON; is this a Mainstay?")?
        };
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
