//! Events reach every handler, in order, and their effects happen once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Transaction, sql};
use mainstay_work::{
    Announcement, Event, EventHandler, HandlerError, NewEvent, ParkedEvent, ParkedFilter, ParkedState,
};
use serde::{Deserialize, Serialize};

use crate::harness::{Replica, databases, effects, until};

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Sailed {
    boat: String,
    number: usize,
}

impl Announcement for Sailed {
    const TOPIC: &'static str = "harbour.sailed";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        self.boat.clone()
    }
}

fn sailed(boat: &str, number: usize) -> NewEvent {
    let boat = boat.to_owned();
    NewEvent::of(OrganizationId::DEFAULT, &Sailed { boat, number }).unwrap()
}

/// Writes down what it hears; refuses one boat while told to.
#[derive(Default)]
struct Log {
    refuse: AtomicBool,
    refused: AtomicUsize,
}

#[async_trait]
impl EventHandler for Log {
    fn name(&self) -> &'static str {
        "log"
    }

    fn topics(&self) -> &'static [&'static str] {
        &["harbour.sailed"]
    }

    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), HandlerError> {
        let Sailed { boat, number } = event.read()?;
        tx.execute(
            sql("INSERT INTO effects_row (position, what) VALUES ($1, $2)")
                .bind(event.position)
                .bind(format!("{boat} {number}")),
        )
        .await?;
        if boat == "leaky" && self.refuse.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(HandlerError::Refused("it leaks".to_owned()));
        }
        Ok(())
    }
}

async fn parked(replica: &Replica) -> Vec<ParkedEvent> {
    replica.outbox.parked(&ParkedFilter::default(), None, 10).await.unwrap()
}

async fn announce(replica: &Replica, event: NewEvent) {
    let tx = replica.database.begin().await.unwrap();
    replica.outbox.commit(tx, &[event]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_of_many_writers_is_handled_once_and_in_order_per_key() {
    for database in databases().await {
        let count = if database.is_shared() { 3 } else { 1 };
        let mut replicas = Vec::new();
        for _ in 0..count {
            let replica = Replica::open(database.config()).await;
            replica.outbox.add_handler(Arc::new(Log::default()));
            replica.start().await;
            replicas.push(replica);
        }
        let writers = (0..4).map(|writer| {
            let replica = &replicas[writer % count];
            async move {
                for number in 0..50 {
                    let event = sailed(&format!("boat{writer}"), number);
                    if number % 2 == 0 {
                        announce(replica, event).await;
                    } else {
                        replica.outbox.write(&replica.group, Vec::new(), &event).await.unwrap();
                    }
                }
            }
        });
        futures::future::join_all(writers).await;
        until("all are handled", || async { effects(&database).await.len() >= 200 }).await;
        let mut last: BTreeMap<String, usize> = BTreeMap::new();
        for what in effects(&database).await {
            let (boat, number) = what.split_once(' ').unwrap();
            let number = number.parse::<usize>().unwrap();
            assert_eq!(
                last.insert(boat.to_owned(), number),
                number.checked_sub(1),
                "{what} is out of order"
            );
        }
        assert_eq!(last.len(), 4);
        for replica in replicas {
            replica.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_event_holds_up_its_own_key_only() {
    for database in databases().await {
        let replica = Replica::open(database.config()).await;
        let log = Arc::new(Log::default());
        log.refuse.store(true, Ordering::SeqCst);
        replica.outbox.add_handler(log.clone());
        replica.start().await;
        for event in [
            sailed("sound", 0),
            sailed("leaky", 0),
            sailed("sound", 1),
            sailed("leaky", 1),
            sailed("sound", 2),
        ] {
            announce(&replica, event).await;
        }
        until("the sound boat has sailed", || async {
            effects(&database).await == ["sound 0", "sound 1", "sound 2"]
        })
        .await;
        let aside = parked(&replica).await;
        assert_eq!(aside.len(), 2);
        assert_eq!(aside[0].last_error.as_deref(), Some("it leaks"));
        assert!(aside.iter().all(|parked| parked.state == ParkedState::Waiting));
        log.refuse.store(false, Ordering::SeqCst);
        until("the leaky boat follows, in order", || async {
            effects(&database).await.len() == 5
        })
        .await;
        let leaky: Vec<String> = effects(&database)
            .await
            .into_iter()
            .filter(|what| what.starts_with("leaky"))
            .collect();
        assert_eq!(leaky, ["leaky 0", "leaky 1"]);
        assert!(parked(&replica).await.is_empty());
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_letter_is_seen_and_replayed() {
    for database in databases().await {
        let replica = Replica::open(database.config()).await;
        let log = Arc::new(Log::default());
        log.refuse.store(true, Ordering::SeqCst);
        replica.outbox.add_handler(log.clone());
        replica.start().await;
        announce(&replica, sailed("leaky", 0)).await;
        until("it is put aside", || async { !parked(&replica).await.is_empty() }).await;
        // As if it had failed for hours.
        replica
            .database
            .execute(sql("UPDATE work_parked_event SET attempts = 15, next_attempt_at = 0"))
            .await
            .unwrap();
        until("it is given up", || async {
            parked(&replica).await[0].state == ParkedState::Dead
        })
        .await;
        announce(&replica, sailed("leaky", 1)).await;
        log.refuse.store(false, Ordering::SeqCst);
        until("later events of its key go on", || async {
            effects(&database).await == ["leaky 1"]
        })
        .await;
        let dead = parked(&replica).await.remove(0);
        assert!(replica.outbox.replay("log", dead.event.position).await.unwrap());
        until("it is handled after all", || async {
            effects(&database).await.len() == 2
        })
        .await;
        assert!(
            !replica.outbox.replay("log", dead.event.position).await.unwrap(),
            "only once"
        );
        let status = replica.outbox.statuses().await.unwrap().remove(0);
        assert_eq!((status.behind, status.waiting, status.dead), (0, 0, 0));
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_is_rolled_back_announces_nothing() {
    for database in databases().await {
        let replica = Replica::open(database.config()).await;
        replica.outbox.add_handler(Arc::new(Log::default()));
        replica.start().await;
        let mut tx = replica.database.begin().await.unwrap();
        tx.execute(sql("INSERT INTO effects_row (position, what) VALUES (0, 'gone')"))
            .await
            .unwrap();
        drop(tx);
        announce(&replica, sailed("sound", 0)).await;
        until("the other one is handled", || async {
            effects(&database).await == ["sound 0"]
        })
        .await;
        replica.stop().await;
    }
}
