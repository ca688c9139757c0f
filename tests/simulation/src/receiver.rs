//! Whoever is paged: it takes most pages at the first attempt, and sometimes takes one without its answer arriving.

use async_trait::async_trait;
use mainstay_providers::{Blocked, Outgoing, OutgoingFailure, OutgoingFailureKind, OutgoingRequest, OutgoingResponse};
use mainstay_testkit::simulation::{Chance, Log};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use crate::record::{Page, Record};

/// Where it is.
pub const URL: &str = "http://pager.sim/hook";

/// What of a page matters here.
#[derive(Debug, Deserialize)]
struct Body {
    r#type: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    alert: Alert,
}

#[derive(Debug, Deserialize)]
struct Alert {
    id: String,
    kind: String,
    service: String,
}

/// The receiver, as one process reaches it.
#[derive(Debug)]
pub struct Receiver {
    pub chance: Chance,
    pub record: Record,
    pub log: Log,
}

#[async_trait]
impl Outgoing for Receiver {
    async fn send(&self, request: OutgoingRequest) -> Result<OutgoingResponse, OutgoingFailure> {
        tokio::time::sleep(self.chance.millis(5, 200)).await;
        let (refused, unheard) = (self.chance.percent(4), self.chance.percent(2));
        let id = request.headers.iter().find(|(name, _)| *name == "webhook-id");
        let body: Body = serde_json::from_slice(&request.body).map_err(|error| OutgoingFailure {
            kind: OutgoingFailureKind::Broken,
            message: format!("the page cannot be read: {error}"),
        })?;
        let page = Page {
            webhook_id: id.map(|(_, id)| id.clone()).unwrap_or_default(),
            event: body.r#type,
            alert: body.data.alert.id,
            kind: body.data.alert.kind,
            service: body.data.alert.service,
            at: Instant::now(),
            accepted: !refused,
        };
        self.log.line(&format!(
            "PAGE {} {} of {} ({}), {}{}",
            page.event,
            page.kind,
            page.service,
            page.webhook_id,
            if refused { "refused" } else { "taken" },
            if unheard { ", and the answer is lost" } else { "" },
        ));
        self.record.inner().pages.push(page);
        tokio::time::sleep(self.chance.millis(5, 200)).await;
        if unheard {
            tokio::time::sleep(request.timeout).await;
            return Err(OutgoingFailure {
                kind: OutgoingFailureKind::Timeout,
                message: "did not answer in time".to_owned(),
            });
        }
        Ok(OutgoingResponse {
            status: if refused { 503 } else { 204 },
            retry_after: None,
            excerpt: String::new(),
        })
    }

    fn check(&self, _: &Url) -> Result<(), Blocked> {
        Ok(())
    }
}
