//! Who hears of events: two that write down what they saw, one of them now and then unwilling, and one that has a page sent.

use async_trait::async_trait;
use mainstay_kernel::{OrganizationId, World};
use mainstay_store::{StoreError, Transaction, sql};
use mainstay_work::{Announcement, EnqueueOptions, Event, EventHandler, HandlerError, Jobs, NewEvent};
use serde::{Deserialize, Serialize};

use super::{jobs::Page, record::Record};

/// Keys of events, so that some share theirs.
pub const KEYS: u64 = 4;
/// Every so many events one handler refuses a few times.
const REFUSED: i64 = 17;

/// Something happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sailed {
    pub operation: i64,
    pub boat: u64,
}

impl Announcement for Sailed {
    const TOPIC: &'static str = "sim.sailed";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        format!("boat {}", self.boat)
    }
}

/// Somebody must be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Alerted {
    pub operation: i64,
}

impl Announcement for Alerted {
    const TOPIC: &'static str = "sim.alerted";
    const VERSION: u32 = 1;

    fn key(&self) -> String {
        "alert".to_owned()
    }
}

/// The event of an announcement.
pub fn event<A: Announcement>(announcement: &A) -> Result<NewEvent, StoreError> {
    NewEvent::of(OrganizationId::DEFAULT, announcement)
}

/// Writes down what it sees.
pub struct Log {
    pub name: &'static str,
    pub topics: &'static [&'static str],
    pub refuses: bool,
    pub world: World,
    pub record: Record,
}

#[async_trait]
impl EventHandler for Log {
    fn name(&self) -> &'static str {
        self.name
    }

    fn topics(&self) -> &'static [&'static str] {
        self.topics
    }

    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), HandlerError> {
        see(tx, &self.world, self.name, event).await?;
        if self.refuses && event.position % REFUSED == 0 {
            let mut record = self.record.inner();
            let times = record.refused.entry((self.name, event.position)).or_default();
            *times += 1;
            if *times <= 2 {
                return Err(HandlerError::Refused("not now".to_owned()));
            }
        }
        Ok(())
    }
}

/// Adds a job that pages somebody.
pub struct Pager {
    pub world: World,
    pub jobs: Jobs,
}

#[async_trait]
impl EventHandler for Pager {
    fn name(&self) -> &'static str {
        "pager"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[Alerted::TOPIC]
    }

    async fn handle(&self, tx: &mut Transaction, event: &Event) -> Result<(), HandlerError> {
        see(tx, &self.world, self.name(), event).await?;
        let Alerted { operation } = event.read()?;
        self.jobs
            .enqueue_in(tx, &Page { operation }, EnqueueOptions::default())
            .await?;
        Ok(())
    }
}

async fn see(tx: &mut Transaction, world: &World, handler: &str, event: &Event) -> Result<(), StoreError> {
    tx.execute(
        sql("INSERT INTO sim_seen (id, handler, position, key) VALUES ($1, $2, $3, $4)")
            .bind(world.uuid())
            .bind(handler)
            .bind(event.position)
            .bind(&event.key),
    )
    .await
    .map(drop)
}
