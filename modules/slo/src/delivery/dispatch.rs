//! Attempts deliveries: at once when they are new, again with backoff when they fail, in order for each alert, and never
//! more than a few at a time for each webhook. Of several replicas the one that decides alerts does it.
//!
//! **Invariant:** what comes in is committed already. A crash at any point repeats an attempt at most; it loses none. With the
//! end of a term every attempt stops where it is.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use mainstay_http::EventHub;
use mainstay_kernel::{TypedId, World, uuid::Uuid};
use mainstay_providers::Outgoing;
use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::{Database, Messages, StoreError, Wakes};
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    attempt::attempt,
    model::{DeliveryId, WebhookId},
    schedule::Backoff,
    store::{self, Job, WebhookRow},
};
use crate::{
    alert::model::AlertId,
    shared::Sender,
    term::{Seat, Term},
};

/// Asks whoever delivers to look at a delivery at once.
pub(super) const ATTEMPT: &str = "slo.attempt";
/// From one look for deliveries that were made at other replicas to the next, in looks.
const LOOK_EVERY: u32 = 5;
/// So many finished deliveries are remembered, in case somebody who knew them as unfinished hands them in late.
const FINISHED: usize = 1_000;

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

/// The webhooks that exist, shared by those who make deliveries and those who attempt them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Webhooks {
    known: Arc<RwLock<Arc<ById>>>,
    /// Held from reading to replacing: of two who read, the one who read first must not write last.
    loading: Arc<tokio::sync::Mutex<()>>,
}

type ById = BTreeMap<WebhookId, Arc<WebhookRow>>;

impl Webhooks {
    pub fn snapshot(&self) -> Arc<ById> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads them again.
    pub async fn load(&self, db: &Database) -> Result<(), StoreError> {
        let _loading = self.loading.lock().await;
        let rows = store::all_webhooks(db).await?;
        let rows = rows.into_iter().map(|row| (row.webhook.id, Arc::new(row))).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(rows);
        Ok(())
    }

    pub fn get(&self, id: WebhookId) -> Option<Arc<WebhookRow>> {
        self.snapshot().get(&id).cloned()
    }
}

#[derive(Debug)]
enum Input {
    Enqueue(Vec<Job>),
    Watch(DeliveryId, oneshot::Sender<()>),
    Attempted(Box<Done>),
    WebhooksChanged,
}

/// An attempt that is written down.
#[derive(Debug)]
pub(super) struct Done {
    pub job: Job,
    pub chain: Chain,
    /// When to try again; `None` when the delivery is final.
    pub again: Option<Duration>,
}

/// Deliveries of one alert to one webhook follow each other; a delivery without an alert stands alone.
pub(super) type Chain = (WebhookId, Uuid);

fn chain_of(job: &Job) -> Chain {
    let key = job.alert_id.map_or_else(|| job.id.as_uuid(), TypedId::as_uuid);
    (job.webhook_id, key)
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
                let mut run = Run {
                    parts: parts.clone(),
                    term: term.clone(),
                    tasks: work_tasks.clone(),
                    dispatcher: dispatcher.clone(),
                    lanes: BTreeMap::new(),
                    watchers: HashMap::new(),
                    finished: VecDeque::new(),
                };
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

/// The deliveries to one webhook.
#[derive(Debug, Default)]
struct Lane {
    chains: HashMap<Chain, VecDeque<Job>>,
    /// The first job of each chain that is not being attempted, by when it is due.
    due: BTreeSet<(Instant, i64, Chain)>,
    busy: BTreeSet<Chain>,
}

struct Run {
    parts: Parts,
    term: Term,
    tasks: Tasks,
    dispatcher: Dispatcher,
    lanes: BTreeMap<WebhookId, Lane>,
    watchers: HashMap<DeliveryId, Vec<oneshot::Sender<()>>>,
    /// The latest deliveries that became final, with the number of their last attempt.
    finished: VecDeque<(DeliveryId, i64)>,
}

impl Run {
    async fn run(&mut self, inputs: &mut mpsc::UnboundedReceiver<Input>, mut asked: Messages, context: &TaskContext) {
        if !self.resume(context).await {
            return;
        }
        let others = self.parts.db.is_shared();
        let mut look = tokio::time::interval(LOOK_EVERY * self.parts.seat.look_every());
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start_due();
            let next = self.next_due();
            tokio::select! {
                biased;
                () = context.stopping() => return,
                id = asked.next(), if others => self.asked(&id, context).await,
                _ = look.tick(), if others => self.look(context).await,
                input = inputs.recv() => {
                    let Some(input) = input else { return };
                    self.take(input);
                    while let Ok(input) = inputs.try_recv() {
                        self.take(input);
                    }
                }
                () = sleep_until(next) => {}
            }
        }
    }

    /// Loads what an earlier process left unfinished; `false` when a shutdown came first.
    async fn resume(&mut self, context: &TaskContext) -> bool {
        const PAGE: i64 = 1000;
        let mut after = None;
        let mut loaded = 0_usize;
        loop {
            match store::unfinished(&self.parts.db, after, PAGE).await {
                Ok(jobs) => {
                    let more = i64::try_from(jobs.len()).unwrap_or_default() == PAGE;
                    after = jobs.last().map(|job| job.id);
                    loaded += jobs.len();
                    for job in jobs {
                        self.add(job);
                    }
                    if !more {
                        context.ran(format!("took up {loaded} unfinished deliveries"));
                        return true;
                    }
                }
                Err(error) => {
                    context.failed(&error);
                    if !context.sleep(Duration::from_secs(1)).await {
                        return false;
                    }
                }
            }
        }
    }

    /// Another replica wants this delivery attempted.
    async fn asked(&mut self, id: &str, context: &TaskContext) {
        let Ok(id) = id.parse::<DeliveryId>() else { return };
        match store::one(&self.parts.db, id).await {
            Ok(job) => job.into_iter().for_each(|job| self.add(job)),
            Err(error) => context.failed(error),
        }
    }

    /// Takes up what others made and could not say, and gives up what nobody can be told any more.
    async fn look(&mut self, context: &TaskContext) {
        const MOST: i64 = 1000;
        match store::pending(&self.parts.db, MOST).await {
            Ok(jobs) => {
                let webhooks = self.parts.webhooks.snapshot();
                let orphans = jobs.iter().any(|job| !webhooks.contains_key(&job.webhook_id));
                for job in jobs {
                    self.add(job);
                }
                if orphans && let Err(error) = store::abandon_orphans(&self.parts.db).await {
                    context.failed(error);
                }
            }
            Err(error) => context.failed(error),
        }
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Enqueue(jobs) => {
                for job in jobs {
                    self.add(job);
                }
            }
            Input::Watch(id, sender) => self.watchers.entry(id).or_default().push(sender),
            Input::Attempted(done) => self.attempted(*done),
            Input::WebhooksChanged => self.forget_deleted(),
        }
    }

    fn add(&mut self, job: Job) {
        // Whoever hands it in may have read it before its last attempt.
        if self
            .finished
            .iter()
            .any(|(id, attempts)| *id == job.id && *attempts > job.attempts)
        {
            return;
        }
        let chain = chain_of(&job);
        let now = self.parts.world.now();
        let lane = self.lanes.entry(job.webhook_id).or_default();
        let queue = lane.chains.entry(chain).or_default();
        if let Some(queued) = queue.iter_mut().find(|queued| queued.id == job.id) {
            let sooner = job.attempts == queued.attempts && job.next_attempt_at < queued.next_attempt_at;
            if sooner {
                queued.next_attempt_at = job.next_attempt_at;
                if let Some(first) = queue.front().filter(|_| !lane.busy.contains(&chain)) {
                    // Those before it in its chain cannot be left out.
                    lane.due.retain(|(_, _, other)| *other != chain);
                    lane.due.insert((Instant::now(), first.position, chain));
                }
            }
            return;
        }
        // A clock that was set back must not postpone a page by more than its backoff.
        let longest = self.parts.config.backoff.wait(job.series_attempts.max(1), 1.0, None);
        let wait = job
            .next_attempt_at
            .and_then(|at| Duration::try_from(at.duration_since(now)).ok())
            .unwrap_or_default()
            .min(longest);
        let index = queue
            .iter()
            .position(|queued| queued.position > job.position)
            .unwrap_or(queue.len());
        let index = if lane.busy.contains(&chain) {
            index.max(1)
        } else {
            index
        };
        if index == 0 {
            // It becomes the first of its chain in place of the one that was due.
            lane.due.retain(|(_, _, other)| *other != chain);
            lane.due.insert((Instant::now() + wait, job.position, chain));
        }
        queue.insert(index.min(queue.len()), job);
    }

    fn attempted(&mut self, done: Done) {
        let Done { job, chain, again } = done;
        for watcher in self.watchers.remove(&job.id).unwrap_or_default() {
            let _ = watcher.send(());
        }
        if again.is_none() {
            self.finished.push_back((job.id, job.attempts));
            if self.finished.len() > FINISHED {
                self.finished.pop_front();
            }
        }
        let Some(lane) = self.lanes.get_mut(&job.webhook_id) else {
            return;
        };
        lane.busy.remove(&chain);
        let Some(queue) = lane.chains.get_mut(&chain) else {
            return;
        };
        let is_first = queue.front().is_some_and(|first| first.id == job.id);
        if is_first {
            queue.pop_front();
        }
        let due = Instant::now() + again.unwrap_or_default();
        if again.is_some() && is_first {
            queue.push_front(job);
        }
        match queue.front() {
            Some(first) => {
                lane.due.insert((due, first.position, chain));
            }
            None => {
                lane.chains.remove(&chain);
            }
        }
    }

    fn forget_deleted(&mut self) {
        let webhooks = self.parts.webhooks.snapshot();
        self.lanes.retain(|id, _| webhooks.contains_key(id));
    }

    fn next_due(&self) -> Option<Instant> {
        let concurrency = self.parts.config.concurrency;
        let webhooks = self.parts.webhooks.snapshot();
        self.lanes
            .iter()
            .filter(|(id, lane)| lane.busy.len() < concurrency && callable(webhooks.get(id)))
            .filter_map(|(_, lane)| lane.due.first().map(|(at, ..)| *at))
            .min()
    }

    fn start_due(&mut self) {
        let now = Instant::now();
        let webhooks = self.parts.webhooks.snapshot();
        for (id, lane) in &mut self.lanes {
            let Some(row) = webhooks.get(id).filter(|row| row.webhook.enabled) else {
                continue;
            };
            while lane.busy.len() < self.parts.config.concurrency {
                let Some((at, _, chain)) = lane.due.first().copied() else {
                    break;
                };
                if at > now {
                    break;
                }
                lane.due.pop_first();
                let Some(job) = lane.chains.get(&chain).and_then(VecDeque::front).cloned() else {
                    continue;
                };
                lane.busy.insert(chain);
                let (parts, term, tasks) = (self.parts.clone(), self.term.clone(), self.tasks.clone());
                let (row, dispatcher) = (row.clone(), self.dispatcher.clone());
                self.tasks.detached(async move {
                    let attempt = attempt(&parts, &term, &tasks, &row, job, chain);
                    let done = tokio::select! {
                        biased;
                        () = term.over() => None,
                        done = attempt => done,
                    };
                    if let Some(done) = done {
                        let _ = dispatcher.inputs.send(Input::Attempted(Box::new(done)));
                    }
                });
            }
        }
    }
}

fn callable(row: Option<&Arc<WebhookRow>>) -> bool {
    row.is_some_and(|row| row.webhook.enabled)
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
