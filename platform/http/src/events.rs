//! Live updates to browsers over server-sent events: lossy by design, so that a slow browser never slows a probe.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, StreamExt};
use mainstay_runtime::Tasks;
use serde::Serialize;
use serde_json::json;
use tokio::sync::broadcast;
use tokio_stream::wrappers::{BroadcastStream, errors::BroadcastStreamRecvError};
use utoipa_axum::{router::OpenApiRouter, routes};

/// How many messages a browser may lag behind before it is told to fetch everything again.
const CAPACITY: usize = 4096;

/// One message to all listening browsers.
#[derive(Debug, Clone)]
pub struct LiveEvent {
    /// The SSE `event:` field.
    pub topic: &'static str,
    /// The SSE `data:` field, JSON.
    pub data: Arc<str>,
}

/// Where modules publish and browsers listen.
#[derive(Debug, Clone)]
pub struct EventHub {
    sender: broadcast::Sender<LiveEvent>,
}

impl EventHub {
    /// A hub that nobody listens to yet.
    pub fn new() -> Self {
        Self {
            sender: broadcast::channel(CAPACITY).0,
        }
    }

    /// Tells every listening browser. Costs next to nothing while nobody listens.
    pub fn publish(&self, topic: &'static str, data: &impl Serialize) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        match serde_json::to_string(data) {
            // Nobody listening any more is no error.
            Ok(text) => drop(self.sender.send(LiveEvent {
                topic,
                data: text.into(),
            })),
            Err(error) => tracing::error!(event.topic = topic, %error, "a live event could not be written as JSON"),
        }
    }

    /// Whether a browser is listening, for publishers whose message is costly to make.
    pub fn has_listeners(&self) -> bool {
        self.sender.receiver_count() > 0
    }

    /// Listens; for tests and in-process followers.
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.sender.subscribe()
    }
}

impl Default for EventHub {
    fn default() -> Self {
        Self::new()
    }
}

/// What the live stream is served from.
#[derive(Debug, Clone)]
pub struct Events {
    /// Where modules publish.
    pub hub: EventHub,
    /// Ends the streams at shutdown.
    pub tasks: Tasks,
}

/// The route of the live stream, `/api/v1/events`.
pub fn events_routes() -> OpenApiRouter<Events> {
    OpenApiRouter::new().routes(routes!(stream_events))
}

/// Live updates
///
/// A server-sent event stream. It is lossy: after a reconnect, or an event `resync`, fetch again what is shown.
#[utoipa::path(
    get, path = "/api/v1/events", operation_id = "stream_events", tag = "mainstay",
    responses((status = 200, description = "An endless stream of events", body = String, content_type = "text/event-stream")),
    extensions(("x-permission" = json!("fleet:read")))
)]
async fn stream_events(State(state): State<Events>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let live = BroadcastStream::new(state.hub.subscribe()).map(|message| {
        Ok(match message {
            Ok(event) => Event::default().event(event.topic).data(&*event.data),
            Err(BroadcastStreamRecvError::Lagged(missed)) => Event::default()
                .event("resync")
                .data(json!({ "missed": missed }).to_string()),
        })
    });
    let hello =
        futures::stream::once(async { Ok(Event::default().event("hello").data("{}").retry(Duration::from_secs(2))) });
    let stream = hello
        .chain(live)
        .take_until(async move { state.tasks.draining().await });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)).text("still here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_receives_what_is_published_after_it_came() {
        let hub = EventHub::new();
        hub.publish("alert", &1);
        let mut listener = hub.subscribe();
        hub.publish("alert", &2);
        let event = listener.recv().await.unwrap();
        assert_eq!((event.topic, &*event.data), ("alert", "2"));
    }
}
