//! A webhook receiver that answers as it is told: with a status, with silence, or by hanging up.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mainstay_runtime::Tasks;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Debug, Clone)]
pub enum Reply {
    Status(u16),
    RetryAfter(u16, &'static str),
    Silence,
    HangUp,
}

#[derive(Debug, Clone)]
pub struct Received {
    pub head: String,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Reply>>,
    received: Mutex<Vec<Received>>,
    /// Those that were answered with success.
    accepted: Mutex<Vec<Received>>,
    changed: Notify,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    slow: Mutex<Option<Duration>>,
}

pub struct Receiver {
    pub url: String,
    state: Arc<State>,
    tasks: Tasks,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Receiver {
    /// Answers as the script says, then 204 to everything.
    pub async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let state = Arc::new(State::default());
        state.script.lock().unwrap().extend(script);
        let tasks = Tasks::new(mainstay_kernel::World::system());
        let (serving, serving_tasks) = (state.clone(), tasks.clone());
        tasks.detached(async move {
            loop {
                tokio::select! {
                    () = serving_tasks.stopping() => return,
                    accepted = listener.accept() => {
                        let (socket, _) = accepted.unwrap();
                        serving_tasks.detached(serve(socket, serving.clone(), serving_tasks.clone()));
                    }
                }
            }
        });
        Self { url, state, tasks }
    }

    /// Every answer takes this long from now on.
    pub fn slow_down(&self, by: Duration) {
        *self.state.slow.lock().unwrap() = Some(by);
    }

    pub fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    /// Types of the messages that were accepted, in order.
    pub fn accepted(&self) -> Vec<Received> {
        self.state.accepted.lock().unwrap().clone()
    }

    pub fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }

    /// Waits until so many messages were accepted.
    pub async fn accepts(&self, count: usize) -> Vec<Received> {
        let wait = async {
            loop {
                let changed = self.state.changed.notified();
                if self.accepted().len() >= count {
                    return self.accepted();
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait)
            .await
            .unwrap_or_else(|_| panic!("only {} of {count} messages were accepted", self.accepted().len()))
    }

    /// Waits until so many messages arrived, whatever was answered.
    pub async fn receives(&self, count: usize) {
        let wait = async {
            loop {
                let changed = self.state.changed.notified();
                if self.received().len() >= count {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait)
            .await
            .unwrap_or_else(|_| panic!("only {} of {count} messages arrived", self.received().len()));
    }
}

async fn serve(mut socket: TcpStream, state: Arc<State>, tasks: Tasks) {
    let Some(received) = read(&mut socket).await else {
        return;
    };
    let now = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_at_once.fetch_max(now, Ordering::SeqCst);
    state.received.lock().unwrap().push(received.clone());
    state.changed.notify_waiters();
    let slow = *state.slow.lock().unwrap();
    if let Some(slow) = slow {
        tokio::time::sleep(slow).await;
    }
    state.at_once.fetch_sub(1, Ordering::SeqCst);
    let reply = state.script.lock().unwrap().pop_front().unwrap_or(Reply::Status(204));
    let (status, extra) = match reply {
        Reply::Status(status) => (status, String::new()),
        Reply::RetryAfter(status, after) => (status, format!("retry-after: {after}\r\n")),
        Reply::Silence => return tasks.stopping().await,
        Reply::HangUp => return,
    };
    if (200..300).contains(&status) {
        state.accepted.lock().unwrap().push(received);
        state.changed.notify_waiters();
    }
    let answer = format!("HTTP/1.1 {status} X\r\n{extra}content-length: 0\r\nconnection: close\r\n\r\n");
    let _ = socket.write_all(answer.as_bytes()).await;
    let _ = socket.shutdown().await;
}

async fn read(socket: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let received = Received {
                head: head.to_owned(),
                body: body.to_owned(),
            };
            let length: usize = received.header("content-length").unwrap_or("0").parse().unwrap();
            if body.len() >= length {
                return Some(received);
            }
        }
        let read = socket.read(&mut chunk).await.ok()?;
        if read == 0 {
            return None;
        }
        bytes.extend_from_slice(&chunk[..read]);
    }
}
