//! Attempts deliveries: at once when they are new, again with backoff when they fail, in order for each alert, and never
//! more than a few at a time for each webhook. Of several replicas the one that decides alerts does it.
//!
//! **Invariant:** what comes in is committed already. A crash at any point repeats an attempt at most; it loses none. With the
//! end of a term every attempt stops where it is.

mod lanes;
mod run;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainstay_http::EventHub;
use mainstay_kernel::World;
use mainstay_providers::Outgoing;
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::{Database, Wakes};
use tokio::sync::{mpsc, oneshot};

pub(super) use self::lanes::{Chain, Done};
use self::run::Run;
use super::{model::DeliveryId, schedule::Backoff, store::Job, webhooks::Webhooks};
use crate::{
    alert::model::AlertId,
    shared::Sender,
    term::{Seat, Term},
};

/// Asks whoever delivers to look at a delivery at once.
pub(super) const ATTEMPT: &str = "slo.attempt";

/// How deliveries are made.
#[derive(Debug, Clone)]
pub struct DeliveryConfig {
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How many attempts may run at a time for one webhook.
    pub concurrency: usize,
    /// When failed attempts are repeated.
    pub backoff: Backoff,
}

impl Default for DeliveryConfig {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            concurrency: 4,
            backoff: Backoff::default(),
        }
    }
}

#[derive(Debug)]
enum Input {
    Enqueue(Vec<Job>),
    Watch(DeliveryId, oneshot::Sender<()>),
    Attempted(Box<Done>),
    WebhooksChanged,
}

/// The handle to the running dispatcher.
#[derive(Debug, Clone)]
pub(crate) struct Dispatcher {
    inputs: mpsc::UnboundedSender<Input>,
    works: Arc<AtomicBool>,
}

/// What the dispatcher works with.
#[derive(Clone)]
pub(crate) struct Parts {
    pub db: Database,
    pub world: World,
    pub hub: EventHub,
    pub outgoing: Arc<dyn Outgoing>,
    pub webhooks: Webhooks,
    pub config: DeliveryConfig,
    /// Is told of each alert whose opening a webhook has accepted, once that is written down.
    pub opening_accepted: Arc<dyn Fn(AlertId) + Send + Sync>,
    pub seat: Seat,
    pub wakes: Wakes,
    pub sender: Sender,
}

impl Dispatcher {
    /// A dispatcher that begins to work when the returned queue is run.
    pub fn new() -> (Self, Queue) {
        let (sender, inputs) = mpsc::unbounded_channel();
        let dispatcher = Self {
            inputs: sender,
            works: Arc::default(),
        };
        (dispatcher.clone(), Queue { inputs, dispatcher })
    }

    /// Whether deliveries are attempted here.
    pub fn works(&self) -> bool {
        self.works.load(Ordering::SeqCst)
    }

    /// Attempts these, whose rows are committed. When the dispatcher is gone they wait for the next start.
    pub fn enqueue(&self, jobs: Vec<Job>) {
        let _ = self.inputs.send(Input::Enqueue(jobs));
    }

    /// Resolves when the delivery was attempted next, or will not be.
    pub fn attempted(&self, id: DeliveryId) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let _ = self.inputs.send(Input::Watch(id, sender));
        receiver
    }

    /// Webhooks were added, changed, enabled, disabled or deleted.
    pub fn webhooks_changed(&self) {
        let _ = self.inputs.send(Input::WebhooksChanged);
    }
}

/// The receiving end of a [`Dispatcher`].
#[derive(Debug)]
pub(crate) struct Queue {
    inputs: mpsc::UnboundedReceiver<Input>,
    dispatcher: Dispatcher,
}

impl Queue {
    /// Whenever it is this replica's turn, takes up what was left unfinished and works until that is over.
    pub fn run(self, tasks: &Tasks, parts: Parts) {
        let work_tasks = tasks.clone();
        tasks.spawn("slo.deliver", |context| async move {
            let Self { mut inputs, dispatcher } = self;
            loop {
                if parts.seat.term().is_none() {
                    context.ran("another replica delivers");
                }
                let Some(term) = next_term(&parts.seat, &mut inputs, &context).await else {
                    return Ok::<_, Infallible>(());
                };
                let asked = parts.wakes.messages(ATTEMPT);
                let mut run = Run::new(parts.clone(), term.clone(), work_tasks.clone(), dispatcher.clone());
                dispatcher.works.store(true, Ordering::SeqCst);
                tokio::select! {
                    biased;
                    () = term.over() => {}
                    () = run.run(&mut inputs, asked, &context) => {}
                }
                dispatcher.works.store(false, Ordering::SeqCst);
                if context.is_stopping() {
                    return Ok(());
                }
            }
        });
    }
}

/// What comes in before the term is in the database, where the term begins.
async fn next_term(seat: &Seat, inputs: &mut mpsc::UnboundedReceiver<Input>, context: &TaskContext) -> Option<Term> {
    let mut begin = std::pin::pin!(seat.begin(context));
    loop {
        tokio::select! {
            biased;
            term = &mut begin => return term,
            input = inputs.recv() => drop(input?),
        }
    }
}
