//! What an operator sees of the outbox, and what it does when told to.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use mainstay_kernel::OrganizationId;
use mainstay_store::{Transaction, sql};
use mainstay_testkit::TestDatabase;
use mainstay_work::{Announcement, Event, EventHandler, HandlerError, NewEvent, ParkedFilter, ParkedState};
use serde::{Deserialize, Serialize};

use crate::harness::{Replica, databases, effects, until};

#[derive(Debug, Serialize, Deserialize)]
struct Moored {
    boat: String,
}

impl Announcement for Moored {
    const TOPIC: &'static str = "harbour.moored";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        self.boat.clone()
    }
}

/// Writes down what it hears, and refuses boats that leak as long as the pump is broken.
struct HarbourMaster {
    pump_broken: Arc<AtomicBool>,
}

#[async_trait]
impl EventHandler for HarbourMaster {
    fn name(&self) -> &'static str {
        "harbour-master"
    }

    fn topics(&self) -> &'static [&'static str] {
        &["harbour.moored"]
    }

    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), HandlerError> {
        let Moored { boat } = event.read()?;
        if boat.starts_with("leaky") && self.pump_broken.load(Ordering::SeqCst) {
            return Err(HandlerError::Refused("the pump is broken".to_owned()));
        }
        let insert = sql("INSERT INTO effects_row (position, what) VALUES ($1, $2)");
        tx.execute(insert.bind(event.position).bind(boat)).await?;
        Ok(())
    }
}

/// A harbour in which the named boats have moored.
async fn harbour(database: &TestDatabase, boats: &[&str]) -> (Replica, Arc<AtomicBool>) {
    let replica = Replica::open(database.config()).await;
    let pump_broken = Arc::new(AtomicBool::new(true));
    replica.outbox.add_handler(Arc::new(HarbourMaster {
        pump_broken: pump_broken.clone(),
    }));
    replica.start().await;
    for boat in boats {
        let boat = (*boat).to_owned();
        let event = NewEvent::of(OrganizationId::DEFAULT, &Moored { boat }).unwrap();
        let tx = replica.database.begin().await.unwrap();
        replica.outbox.commit(tx, &[event]).await.unwrap();
    }
    (replica, pump_broken)
}

async fn parked(replica: &Replica, state: ParkedState) -> Vec<i64> {
    let filter = ParkedFilter {
        handler: Some("harbour-master".to_owned()),
        state: Some(state),
    };
    let parked = replica.outbox.parked(&filter, None, 100).await.unwrap();
    parked.iter().map(|parked| parked.event.position).collect()
}

/// Makes the events at these positions dead letters, and the others wait for half an hour.
async fn give_up(replica: &Replica, positions: &[i64]) {
    let later = mainstay_kernel::World::system().now_micros() + 1_800_000_000;
    let wait = sql("UPDATE work_parked_event SET attempts = 3, next_attempt_at = $1");
    replica.database.execute(wait.bind(later)).await.unwrap();
    for position in positions {
        let dead = sql("UPDATE work_parked_event SET state = 'dead' WHERE position = $1").bind(*position);
        replica.database.execute(dead).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_a_handler_put_aside_is_replayed_at_once() {
    for database in databases().await {
        let (replica, pump_broken) = harbour(&database, &["leaky-1", "leaky-2", "leaky-3"]).await;
        until("all are put aside", || async {
            parked(&replica, ParkedState::Waiting).await.len() == 3
        })
        .await;
        give_up(&replica, &[1, 3]).await;
        assert_eq!(parked(&replica, ParkedState::Dead).await, [1, 3]);
        assert_eq!(replica.outbox.replay_all("nobody").await.unwrap(), 0);
        pump_broken.store(false, Ordering::SeqCst);
        assert_eq!(replica.outbox.replay_all("harbour-master").await.unwrap(), 3);
        until("all are handled", || async { effects(&database).await.len() == 3 }).await;
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_that_waits_for_hours_can_be_tried_now() {
    for database in databases().await {
        let (replica, pump_broken) = harbour(&database, &["leaky-1"]).await;
        until("it is put aside", || async {
            !parked(&replica, ParkedState::Waiting).await.is_empty()
        })
        .await;
        give_up(&replica, &[]).await;
        pump_broken.store(false, Ordering::SeqCst);
        assert!(effects(&database).await.is_empty(), "its time has not come");
        assert!(replica.outbox.replay("harbour-master", 1).await.unwrap());
        until("it is handled", || async { effects(&database).await == ["leaky-1"] }).await;
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discarded_event_is_gone_and_what_waited_behind_it_goes_on() {
    for database in databases().await {
        let (replica, pump_broken) = harbour(&database, &["leaky", "leaky"]).await;
        until("both are put aside", || async {
            parked(&replica, ParkedState::Waiting).await == [1, 2]
        })
        .await;
        give_up(&replica, &[]).await;
        replica
            .database
            .execute(sql(
                "UPDATE work_parked_event SET next_attempt_at = 0 WHERE position = 2",
            ))
            .await
            .unwrap();
        pump_broken.store(false, Ordering::SeqCst);
        let discarded = replica.outbox.discard("harbour-master", 1, "a test").await.unwrap();
        assert_eq!(discarded.unwrap().last_error.as_deref(), Some("the pump is broken"));
        until("the second follows", || async { effects(&database).await.len() == 1 }).await;
        until("nothing is parked", || async {
            parked(&replica, ParkedState::Waiting).await.is_empty()
        })
        .await;
        assert_eq!(
            replica.outbox.discard("harbour-master", 1, "a test").await.unwrap(),
            None
        );
        assert_eq!(replica.outbox.parked_at("harbour-master", 1).await.unwrap(), None);
        let positions = database
            .fetch_all(sql("SELECT position FROM effects_row"))
            .await
            .unwrap()
            .iter()
            .map(|row| row.get::<i64>("position").unwrap())
            .collect::<Vec<_>>();
        assert_eq!(positions, [2], "the discarded one never took effect");
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parked_events_are_listed_dead_ones_first_a_page_at_a_time() {
    for database in databases().await {
        let boats = ["leaky-1", "leaky-2", "leaky-3", "leaky-4", "leaky-5"];
        let (replica, _) = harbour(&database, &boats).await;
        until("all are put aside", || async {
            parked(&replica, ParkedState::Waiting).await.len() == 5
        })
        .await;
        give_up(&replica, &[2, 4]).await;
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = replica
                .outbox
                .parked(&ParkedFilter::default(), after.as_ref(), 2)
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.place());
            seen.extend(page.iter().map(|parked| (parked.state, parked.event.position)));
        }
        assert_eq!(seen[..2], [(ParkedState::Dead, 2), (ParkedState::Dead, 4)]);
        assert_eq!(
            seen[2..].iter().map(|(_, position)| *position).collect::<Vec<_>>(),
            [1, 3, 5]
        );
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handlers_lag_is_the_age_of_what_it_has_yet_to_handle() {
    for database in databases().await {
        let (replica, _) = harbour(&database, &["sound", "leaky", "sound"]).await;
        until("the leaky one is put aside and the others handled", || async {
            effects(&database).await.len() == 2
        })
        .await;
        database
            .execute(sql("UPDATE work_event SET created_at = position * 1000000"))
            .await
            .unwrap();
        database
            .execute(sql(
                "INSERT INTO work_cursor (handler, position, handled, updated_at) VALUES ('of-old', 0, 0, 0)",
            ))
            .await
            .unwrap();
        let second = |at: i64| Some(jiff::Timestamp::from_second(at).unwrap());
        let statuses = replica.outbox.statuses().await.unwrap();
        let [master, of_old] = statuses.as_slice() else {
            panic!("{statuses:?}")
        };
        assert_eq!(
            (master.registered, master.behind, master.waiting, master.oldest_at),
            (true, 0, 1, second(2))
        );
        assert_eq!(
            (of_old.registered, of_old.behind, of_old.oldest_at),
            (false, 3, second(1))
        );
        give_up(&replica, &[2]).await;
        let master = replica.outbox.statuses().await.unwrap().remove(0);
        assert_eq!(
            (master.dead, master.oldest_at),
            (1, None),
            "what was given up is no lag"
        );
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parked_event_is_kept_when_old_ones_are_forgotten() {
    for database in databases().await {
        let (replica, _) = harbour(&database, &["sound", "leaky", "sound"]).await;
        until("the leaky one is put aside and the others handled", || async {
            effects(&database).await.len() == 2
        })
        .await;
        assert_eq!(replica.outbox.forget_before(jiff::Timestamp::MIN).await.unwrap(), 0);
        assert_eq!(replica.outbox.forget_before(jiff::Timestamp::MAX).await.unwrap(), 2);
        assert_eq!(parked(&replica, ParkedState::Waiting).await, [2]);
        replica.stop().await;
    }
}
