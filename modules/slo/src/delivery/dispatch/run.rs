//! One term of delivering: takes up what was left unfinished, hears of what is new here and at other replicas, and starts an
//! attempt of whatever is due.

use std::{collections::HashMap, time::Duration};

use mainstay_runtime::{TaskContext, Tasks};
use mainstay_store::Messages;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::{
    super::{
        attempt::attempt,
        model::DeliveryId,
        store::{self, Job},
    },
    Dispatcher, Input, Parts,
    lanes::{Done, Due, Lanes},
};
use crate::term::Term;

/// From one look for deliveries that were made at other replicas to the next, in looks.
const LOOK_EVERY: u32 = 5;

/// One term of delivering.
pub(super) struct Run {
    parts: Parts,
    term: Term,
    tasks: Tasks,
    dispatcher: Dispatcher,
    lanes: Lanes,
    watchers: HashMap<DeliveryId, Vec<oneshot::Sender<()>>>,
}

impl Run {
    pub fn new(parts: Parts, term: Term, tasks: Tasks, dispatcher: Dispatcher) -> Self {
        Self {
            parts,
            term,
            tasks,
            dispatcher,
            lanes: Lanes::default(),
            watchers: HashMap::new(),
        }
    }

    /// Works until the term or the process ends.
    pub async fn run(
        &mut self,
        inputs: &mut mpsc::UnboundedReceiver<Input>,
        mut asked: Messages,
        context: &TaskContext,
    ) {
        if !self.resume(context).await {
            return;
        }
        let others = self.parts.db.is_shared();
        let mut look = tokio::time::interval(LOOK_EVERY * self.parts.seat.look_every());
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            self.start_due();
            let next = self
                .lanes
                .next_due(&self.parts.webhooks.snapshot(), self.parts.config.concurrency);
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
            Input::WebhooksChanged => self.lanes.retain(&self.parts.webhooks.snapshot()),
        }
    }

    fn add(&mut self, job: Job) {
        self.lanes.add(job, self.parts.world.now(), &self.parts.config.backoff);
    }

    fn attempted(&mut self, done: Done) {
        for watcher in self.watchers.remove(&done.job.id).unwrap_or_default() {
            let _ = watcher.send(());
        }
        self.lanes.attempted(done);
    }

    fn start_due(&mut self) {
        let webhooks = self.parts.webhooks.snapshot();
        for Due { row, job, chain } in self.lanes.take_due(&webhooks, self.parts.config.concurrency) {
            let (parts, term, tasks) = (self.parts.clone(), self.term.clone(), self.tasks.clone());
            let dispatcher = self.dispatcher.clone();
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

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
