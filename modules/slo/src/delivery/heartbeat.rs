//! The outgoing heartbeat (a dead man's switch): as long as Mainstay is healthy it calls a URL regularly, so that whoever
//! listens there notices when Mainstay itself is gone. Of several replicas the one that decides alerts sends it: one that only
//! shows them is no proof that anybody would be told.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use jiff::Timestamp;
use mainstay_kernel::World;
use mainstay_providers::{Method, Outgoing, OutgoingRequest};
use mainstay_runtime::{Latest, TaskContext, Tasks};
use mainstay_store::Database;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

use super::store;
use crate::term::Seat;

/// Whom to call, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatConfig {
    /// Where to; often holds a token, so only its host is ever shown.
    pub url: Url,
    /// How often.
    pub interval: Duration,
    /// `POST` or `GET`, as the listener wants.
    pub method: Method,
}

/// What is known of the heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct HeartbeatState {
    /// Whether one is configured.
    pub configured: bool,
    /// The host that is called.
    pub host: Option<String>,
    /// How often it is called.
    pub interval_s: Option<u64>,
    /// When it was last reached.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_ok_at: Option<Timestamp>,
    /// Why the last beat was withheld or failed; absent after a success.
    pub last_error: Option<String>,
}

/// Says whether Mainstay is healthy: `Err` is why not.
pub type Healthy = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What a heartbeat is sent with.
pub(crate) struct Beats {
    /// What the listener is called through.
    pub outgoing: Arc<dyn Outgoing>,
    /// Whether to beat at all.
    pub healthy: Healthy,
    /// Who beats.
    pub seat: Seat,
    /// Where the other replicas see how it fares, if there can be any.
    pub shown_to_others: Option<Database>,
}

impl Beats {
    /// Beats once, as long as it is this replica's turn.
    async fn beat(&self, config: &HeartbeatConfig, state: &Heartbeat, world: &World) -> Result<(), String> {
        let beaten = beat(config, &*self.outgoing, &self.healthy).await;
        let ok_at = beaten.is_ok().then(|| world.now());
        let error = beaten.clone().err();
        state.change(|state| {
            state.last_ok_at = ok_at.or(state.last_ok_at);
            state.last_error.clone_from(&error);
        });
        if let Some(db) = &self.shown_to_others
            && let Err(error) = store::save_heartbeat(db, ok_at, error).await
        {
            tracing::debug!(%error, "the other replicas do not see the last heartbeat");
        }
        beaten
    }
}

/// The running heartbeat.
#[derive(Debug, Clone, Default)]
pub struct Heartbeat {
    state: Arc<Mutex<HeartbeatState>>,
}

const LONGEST_CALL: Duration = Duration::from_secs(10);

impl Heartbeat {
    /// What is known now.
    pub fn state(&self) -> HeartbeatState {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Starts beating. A beat is withheld while Mainstay is not healthy; that is what makes the listener notice.
    /// Another listener, or none, is followed at once.
    pub(crate) fn start(to: Latest<Option<HeartbeatConfig>>, beats: Beats, world: &World, tasks: &Tasks) -> Self {
        let heartbeat = Self::default();
        heartbeat.configure(to.get().as_ref());
        let (beating, world) = (heartbeat.clone(), world.clone());
        tasks.spawn("slo.heartbeat", |context| async move {
            let mut changes = to.follow();
            loop {
                let config = to.get();
                beating.configure(config.as_ref());
                tokio::select! {
                    biased;
                    () = context.stopping() => return Ok::<_, Infallible>(()),
                    () = changes.changed() => {}
                    () = beating.follow(config, &beats, &world, &context) => {}
                }
            }
        });
        heartbeat
    }

    /// Beats towards one listener whenever it is this replica's turn; ends only with a shutdown.
    async fn follow(&self, config: Option<HeartbeatConfig>, beats: &Beats, world: &World, context: &TaskContext) {
        let Some(config) = config else {
            context.ran("no listener is configured");
            return std::future::pending().await;
        };
        loop {
            if beats.seat.term().is_none() {
                context.ran("another replica sends it");
            }
            let Some(term) = beats.seat.begin(context).await else {
                return;
            };
            while term.stands() {
                match beats.beat(&config, self, world).await {
                    Ok(()) => context.ran("the listener was reached"),
                    Err(error) => context.failed(&error),
                }
                tokio::select! {
                    biased;
                    () = term.over() => {}
                    going = context.sleep(config.interval) => if !going { return },
                }
            }
        }
    }

    /// Shows whom it goes to; what is known of the listener before says nothing about another.
    fn configure(&self, config: Option<&HeartbeatConfig>) {
        self.change(|state| {
            let host = config.and_then(|config| config.url.host_str().map(str::to_owned));
            if state.host != host {
                *state = HeartbeatState::default();
            }
            state.configured = config.is_some();
            state.host = host;
            state.interval_s = config.map(|config| config.interval.as_secs());
        });
    }

    fn change(&self, change: impl FnOnce(&mut HeartbeatState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

async fn beat(config: &HeartbeatConfig, outgoing: &dyn Outgoing, healthy: &Healthy) -> Result<(), String> {
    healthy()
        .await
        .map_err(|error| format!("the heartbeat is withheld because Mainstay is not healthy: {error}"))?;
    let request = OutgoingRequest {
        method: config.method,
        url: config.url.clone(),
        headers: Vec::new(),
        body: Bytes::new(),
        timeout: config.interval.min(LONGEST_CALL),
    };
    let response = outgoing
        .send(request)
        .await
        .map_err(|failure| format!("the heartbeat did not reach its listener: {failure}"))?;
    match response.status {
        200..=299 => Ok(()),
        status => Err(format!("the heartbeat's listener answered {status}")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use async_trait::async_trait;
    use mainstay_providers::{Blocked, OutgoingFailure, OutgoingResponse};

    use super::*;

    #[derive(Debug, Default)]
    struct Listener {
        beats: AtomicU32,
    }

    #[async_trait]
    impl Outgoing for Listener {
        async fn send(&self, _: OutgoingRequest) -> Result<OutgoingResponse, OutgoingFailure> {
            self.beats.fetch_add(1, Ordering::SeqCst);
            Ok(OutgoingResponse {
                status: 200,
                retry_after: None,
                excerpt: String::new(),
            })
        }

        fn check(&self, _: &Url) -> Result<(), Blocked> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn it_beats_while_healthy_and_falls_silent_when_not() {
        let db = crate::testing::sqlite().await;
        let world = World::system();
        let tasks = Tasks::new(world.clone());
        let shared = crate::testing::shared(&db, &world, &tasks, &mainstay_work::Role::ALL);
        let placement = mainstay_work::Placement {
            role: mainstay_work::Role::Page,
            spread: false,
        };
        let seat = Seat::declare(&shared.leases, "test", placement);
        shared.leases.start(&tasks).await.unwrap();
        tokio::time::pause();
        let listener = Arc::new(Listener::default());
        let healthy = Arc::new(AtomicBool::new(true));
        let asked = healthy.clone();
        let minutely = |url: &str| HeartbeatConfig {
            url: url.parse().unwrap(),
            interval: Duration::from_mins(1),
            method: Method::Post,
        };
        let to = Latest::new(Some(minutely("https://hc.example.org/secret-token")));
        let heartbeat = Heartbeat::start(
            to.clone(),
            Beats {
                outgoing: listener.clone(),
                healthy: Arc::new(move || {
                    let healthy = asked.load(Ordering::SeqCst);
                    Box::pin(async move {
                        if healthy {
                            Ok(())
                        } else {
                            Err("the database is away".to_owned())
                        }
                    })
                }),
                seat,
                shown_to_others: None,
            },
            &world,
            &tasks,
        );
        tokio::time::sleep(Duration::from_secs(130)).await;
        assert_eq!(listener.beats.load(Ordering::SeqCst), 3);
        let state = heartbeat.state();
        assert!(state.last_ok_at.is_some() && state.last_error.is_none());
        assert_eq!(state.host.as_deref(), Some("hc.example.org"));
        healthy.store(false, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(130)).await;
        assert_eq!(listener.beats.load(Ordering::SeqCst), 3);
        assert!(heartbeat.state().last_error.unwrap().contains("the database is away"));
        healthy.store(true, Ordering::SeqCst);
        to.set(Some(minutely("https://other.example.org/another-token")));
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            listener.beats.load(Ordering::SeqCst),
            4,
            "another listener is called at once"
        );
        assert_eq!(heartbeat.state().host.as_deref(), Some("other.example.org"));
        to.set(None);
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(listener.beats.load(Ordering::SeqCst), 4, "nobody is called any more");
        assert_eq!(heartbeat.state(), HeartbeatState::default());
        tasks.stop_and_wait(Duration::from_secs(1)).await;
    }
}
