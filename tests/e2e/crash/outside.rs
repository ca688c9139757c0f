//! The world around the replicas: targets that are well or not and write down who asks, and a receiver of webhooks that is
//! slow or refuses now and then.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use mainstay_kernel::{Micros, World};
use serde_json::Value;

use super::record::{Arrival, Hit, Run};
use crate::servers::{header, read_request, reply, serve};

/// The header in which each run says who it is. Its value comes from a file, so that replicas with one configuration of
/// checks send different ones.
pub const WHO: &str = "x-probed-by";
/// A receiver that takes its time takes this much.
const SLOW: Duration = Duration::from_millis(1_500);

fn now() -> Micros {
    World::system().now_micros()
}

/// All targets behind one address; the path says which.
#[derive(Clone)]
pub struct Targets {
    address: SocketAddr,
    state: Arc<Mutex<TargetsState>>,
}

#[derive(Default)]
struct TargetsState {
    unwell: BTreeSet<usize>,
    hits: Vec<Hit>,
}

impl Targets {
    pub fn start() -> Self {
        let state = Arc::<Mutex<TargetsState>>::default();
        let shared = state.clone();
        let address = serve(move |mut stream| {
            let Some((head, _)) = read_request(&mut stream) else {
                return;
            };
            let at = now();
            let check = head
                .split_whitespace()
                .nth(1)
                .and_then(|path| path.strip_prefix("/check/"))
                .and_then(|number| number.parse::<usize>().ok());
            let by = header(&head, WHO).and_then(|text| Run::parse(&text));
            let (Some(check), Some(by)) = (check, by) else {
                reply(&mut stream, 404);
                return;
            };
            let well = {
                let mut state = shared.lock().unwrap();
                let well = !state.unwell.contains(&check);
                state.hits.push(Hit { check, at, by, well });
                well
            };
            reply(&mut stream, if well { 200 } else { 500 });
        });
        Self { address, state }
    }

    fn state(&self) -> MutexGuard<'_, TargetsState> {
        self.state.lock().unwrap()
    }

    pub fn url(&self, check: usize) -> String {
        format!("http://{}/check/{check}", self.address)
    }

    pub fn set_well(&self, check: usize, well: bool) {
        let mut state = self.state();
        if well {
            state.unwell.remove(&check);
        } else {
            state.unwell.insert(check);
        }
    }

    pub fn heal(&self) {
        self.state().unwell.clear();
    }

    pub fn hits(&self) -> Vec<Hit> {
        self.state().hits.clone()
    }

    /// Whether somebody has probed every check since then.
    pub fn all_probed_since(&self, since: Micros, checks: usize) -> bool {
        let state = self.state();
        let newest = state.hits.iter().rev().take_while(|hit| hit.at > since);
        newest.map(|hit| hit.check).collect::<BTreeSet<_>>().len() == checks
    }
}

/// A receiver of webhooks that refuses each third delivery and lets each seventh wait, until it is told to be nice.
#[derive(Clone)]
pub struct Receiver {
    address: SocketAddr,
    state: Arc<Mutex<ReceiverState>>,
}

#[derive(Default)]
struct ReceiverState {
    nice: bool,
    arrivals: Vec<Arrival>,
}

impl Receiver {
    pub fn start() -> Self {
        let state = Arc::<Mutex<ReceiverState>>::default();
        let shared = state.clone();
        let address = serve(move |mut stream| {
            let Some((head, body)) = read_request(&mut stream) else {
                return;
            };
            let body: Value = serde_json::from_slice(&body).unwrap();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let (number, accepted) = {
                let mut state = shared.lock().unwrap();
                let number = state.arrivals.len() + 1;
                let accepted = state.nice || !number.is_multiple_of(3);
                state.arrivals.push(Arrival {
                    at: now(),
                    id: header(&head, "webhook-id").unwrap().replace("msg_", ""),
                    alert: text(&body["data"]["alert"]["id"]),
                    event: text(&body["type"]),
                    accepted,
                });
                (if state.nice { 1 } else { number }, accepted)
            };
            if number.is_multiple_of(7) {
                std::thread::sleep(SLOW);
            }
            reply(&mut stream, if accepted { 204 } else { 503 });
        });
        Self { address, state }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn be_nice(&self) {
        self.state.lock().unwrap().nice = true;
    }

    pub fn arrivals(&self) -> Vec<Arrival> {
        self.state.lock().unwrap().arrivals.clone()
    }
}
