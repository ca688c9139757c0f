//! The outgoing heartbeat (a dead man's switch): as long as Mainstay is healthy it calls a URL regularly, so that whoever
//! listens there notices when Mainstay itself is gone.

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
use mainstay_runtime::Tasks;
use serde::Serialize;
use url::Url;
use utoipa::ToSchema;

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
    pub fn start(
        config: Option<HeartbeatConfig>,
        outgoing: Arc<dyn Outgoing>,
        healthy: Healthy,
        world: &World,
        tasks: &Tasks,
    ) -> Self {
        let heartbeat = Self::default();
        let Some(config) = config else { return heartbeat };
        heartbeat.change(|state| {
            state.configured = true;
            state.host = config.url.host_str().map(str::to_owned);
            state.interval_s = Some(config.interval.as_secs());
        });
        let (beating, world) = (heartbeat.clone(), world.clone());
        tasks.spawn("slo.heartbeat", |context| async move {
            loop {
                match beat(&config, &*outgoing, &healthy).await {
                    Ok(()) => {
                        let now = world.now();
                        beating.change(|state| {
                            state.last_ok_at = Some(now);
                            state.last_error = None;
                        });
                        context.ran("the listener was reached");
                    }
                    Err(error) => {
                        context.failed(&error);
                        beating.change(|state| state.last_error = Some(error));
                    }
                }
                if !context.sleep(config.interval).await {
                    return Ok::<_, Infallible>(());
                }
            }
        });
        heartbeat
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

    #[tokio::test(start_paused = true)]
    async fn it_beats_while_healthy_and_falls_silent_when_not() {
        let listener = Arc::new(Listener::default());
        let healthy = Arc::new(AtomicBool::new(true));
        let asked = healthy.clone();
        let world = World::system();
        let tasks = Tasks::new(world.clone());
        let heartbeat = Heartbeat::start(
            Some(HeartbeatConfig {
                url: "https://hc.example.org/secret-token".parse().unwrap(),
                interval: Duration::from_mins(1),
                method: Method::Post,
            }),
            listener.clone(),
            Arc::new(move || {
                let healthy = asked.load(Ordering::SeqCst);
                Box::pin(async move {
                    if healthy {
                        Ok(())
                    } else {
                        Err("the database is away".to_owned())
                    }
                })
            }),
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
        tasks.stop_and_wait(Duration::from_secs(1)).await;
    }
}
