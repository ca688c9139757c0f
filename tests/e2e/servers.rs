//! What the binary talks to in these tests: targets that can fail or misbehave, and a receiver of webhooks. Plain threads, so
//! that they answer while a test waits for a process to end.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

/// Serves every connection in a thread of its own until the test ends.
pub fn serve(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            std::thread::spawn(move || answer(stream));
        }
    });
    address
}

/// The head and the body of a request; the body is as long as `content-length` says.
pub fn read_request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
    let mut data = Vec::new();
    let mut buffer = [0; 8192];
    let head_end = loop {
        if let Some(at) = data.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            read => data.extend_from_slice(&buffer[..read]),
        }
    };
    let head = String::from_utf8_lossy(&data[..head_end]).to_ascii_lowercase();
    let length: usize = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = data.split_off(head_end);
    while body.len() < length {
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            read => body.extend_from_slice(&buffer[..read]),
        }
    }
    Some((head, body))
}

/// The value of a header in a head that [`read_request`] answered.
pub fn header(head: &str, name: &str) -> Option<String> {
    head.lines()
        .find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// Answers without a body.
pub fn reply(stream: &mut TcpStream, status: u16) {
    let _ = write!(
        stream,
        "HTTP/1.1 {status} Whatever\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    );
}

/// A service that is well or not, and counts who asks.
#[derive(Clone)]
pub struct Target {
    pub address: SocketAddr,
    well: Arc<AtomicBool>,
    hits: Arc<AtomicU64>,
}

impl Target {
    pub fn start() -> Self {
        let (well, hits) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicU64::new(0)));
        let (state, count) = (well.clone(), hits.clone());
        let address = serve(move |mut stream| {
            if read_request(&mut stream).is_some() {
                reply(&mut stream, if state.load(Ordering::SeqCst) { 200 } else { 500 });
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, well, hits }
    }

    pub fn url(&self) -> String {
        format!("http://{}/health", self.address)
    }

    pub fn set_well(&self, well: bool) {
        self.well.store(well, Ordering::SeqCst);
    }

    /// How many probes it has answered.
    pub fn hits(&self) -> u64 {
        self.hits.load(Ordering::SeqCst)
    }
}

/// A delivery as it arrived, accepted or not.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub id: String,
    pub body: Value,
    pub accepted: bool,
}

/// A receiver of webhooks that can be made to refuse some.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    arrived: Arc<Mutex<Vec<Arrived>>>,
}

impl Receiver {
    /// Refuses every `refuse_each`th delivery; none when it is 0.
    pub fn start(refuse_each: usize) -> Self {
        let arrived = Arc::new(Mutex::new(Vec::<Arrived>::new()));
        let log = arrived.clone();
        let address = serve(move |mut stream| {
            let Some((head, body)) = read_request(&mut stream) else {
                return;
            };
            let accepted = {
                let mut log = log.lock().unwrap();
                let accepted = refuse_each == 0 || !(log.len() + 1).is_multiple_of(refuse_each);
                log.push(Arrived {
                    id: header(&head, "webhook-id").unwrap(),
                    body: serde_json::from_slice(&body).unwrap(),
                    accepted,
                });
                accepted
            };
            reply(&mut stream, if accepted { 204 } else { 503 });
        });
        Self { address, arrived }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().unwrap().clone()
    }

    /// The ids of accepted deliveries by alert and event, with how many times each was accepted.
    pub fn accepted(&self) -> BTreeMap<(String, String), Vec<String>> {
        let mut by_event: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        for delivery in self.arrived().into_iter().filter(|delivery| delivery.accepted) {
            by_event.entry(subject(&delivery)).or_default().push(delivery.id);
        }
        by_event
    }

    /// Every id that was ever used for an alert and event.
    pub fn ids(&self) -> BTreeMap<(String, String), BTreeSet<String>> {
        let mut by_event: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for delivery in self.arrived() {
            by_event.entry(subject(&delivery)).or_default().insert(delivery.id);
        }
        by_event
    }
}

fn subject(delivery: &Arrived) -> (String, String) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (
        text(&delivery.body["data"]["alert"]["id"]),
        text(&delivery.body["type"]),
    )
}
