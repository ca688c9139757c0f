//! Clients: they write through whichever replica they meet, and remember what they were told.

use std::{sync::Arc, time::Duration};

use mainstay_store::{Statement, StoreError, sql};
use mainstay_testkit::simulation::Chance;
use mainstay_work::EnqueueOptions;

use super::{
    Fleet, Record, Replica,
    handlers::{Alerted, KEYS, Sailed, event},
    jobs::{Errand, Hopeless, Tidy},
    record::Acknowledged,
};

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a client wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    /// Some rows, with those of others.
    Group,
    /// Some rows, in a transaction of its own.
    Alone,
    /// Rows and the event that announces them.
    Announce,
    /// The same with the small writes of others.
    AnnounceInGroup,
    /// Rows, an event and a job in one transaction.
    Everything,
    Errand,
    Tidy,
    Hopeless,
    Alert,
    /// An end to a job that somebody added.
    Cancel,
}

const WISHES: [Wish; 14] = [
    Wish::Group,
    Wish::Group,
    Wish::Alone,
    Wish::Announce,
    Wish::Announce,
    Wish::AnnounceInGroup,
    Wish::Everything,
    Wish::Everything,
    Wish::Errand,
    Wish::Errand,
    Wish::Tidy,
    Wish::Hopeless,
    Wish::Alert,
    Wish::Cancel,
];

/// Wishes for things until it is told to stop, on average one in so long.
pub async fn wish(fleet: Fleet, chance: Chance, mean: Duration, until: tokio::time::Instant) {
    let mean = u64::try_from(mean.as_millis()).unwrap_or(u64::MAX);
    loop {
        tokio::time::sleep(chance.millis(1, 2 * mean)).await;
        if tokio::time::Instant::now() >= until {
            return;
        }
        let mut replicas = fleet.replicas();
        replicas.retain(|replica| replica.is_ready());
        if replicas.is_empty() {
            continue;
        }
        let replica = Arc::clone(chance.pick(&replicas));
        let (wish, record, chance) = (*chance.pick(&WISHES), fleet.record.clone(), chance.fork());
        let (done, answered) = tokio::sync::oneshot::channel::<()>();
        // Within the process, so that nobody hears of what it did not live to say.
        replica.process.tasks.clone().detached(async move {
            let asked = tokio::time::timeout(PATIENCE, carry_out(&replica, wish, &record, &chance)).await;
            if let Ok(Ok(told)) = asked {
                for what in told {
                    record.acknowledge(what);
                }
            }
            drop(done);
        });
        // It resolves when the other end is dropped.
        drop(answered.await);
    }
}

async fn carry_out(
    replica: &Replica,
    wish: Wish,
    record: &Record,
    chance: &Chance,
) -> Result<Vec<Acknowledged>, StoreError> {
    let operation = record.operation();
    let announced = !matches!(wish, Wish::Group | Wish::Alone);
    let written = Acknowledged::Operation {
        number: operation,
        announced,
    };
    let parts = parts(operation, i64::try_from(chance.between(1, 3)).unwrap_or(1));
    let boat = chance.below(KEYS);
    let sailed = event(&Sailed { operation, boat })?;
    let errand = Errand {
        operation,
        failures: i64::try_from(chance.below(4).saturating_sub(1)).unwrap_or_default(),
        millis: if chance.percent(5) { 15_000 } else { chance.below(3_000) },
    };
    let database = &replica.process.database;
    match wish {
        Wish::Group => {
            replica.group.write(parts).await?;
            Ok(vec![written])
        }
        Wish::Alone => {
            let mut tx = database.begin().await?;
            for part in parts {
                tx.execute(part).await?;
                tokio::time::sleep(chance.millis(0, 50)).await;
            }
            tx.commit().await?;
            Ok(vec![written])
        }
        Wish::Announce => {
            let mut tx = database.begin().await?;
            for part in parts {
                tx.execute(part).await?;
            }
            replica.outbox.commit(tx, &[sailed]).await?;
            Ok(vec![written])
        }
        Wish::AnnounceInGroup => {
            replica.outbox.write(&replica.group, parts, &sailed).await?;
            Ok(vec![written])
        }
        Wish::Everything => {
            let mut tx = database.begin().await?;
            for part in parts {
                tx.execute(part).await?;
            }
            let job = replica
                .jobs
                .enqueue_in(&mut tx, &errand, EnqueueOptions::default())
                .await?;
            replica.outbox.commit(tx, &[sailed]).await?;
            Ok(std::iter::once(written).chain(job.map(Acknowledged::Job)).collect())
        }
        Wish::Errand => {
            let job = replica.jobs.enqueue(&errand, EnqueueOptions::default()).await?;
            Ok(job.map(Acknowledged::Job).into_iter().collect())
        }
        Wish::Tidy => {
            let place = chance.below(2);
            let options = EnqueueOptions {
                unique_key: Some(place.to_string()),
                ..EnqueueOptions::default()
            };
            let job = replica.jobs.enqueue(&Tidy { place }, options).await?;
            Ok(job.map(Acknowledged::Job).into_iter().collect())
        }
        Wish::Hopeless => {
            let job = replica
                .jobs
                .enqueue(&Hopeless { operation }, EnqueueOptions::default())
                .await?;
            Ok(job.map(Acknowledged::Job).into_iter().collect())
        }
        Wish::Alert => {
            let mut tx = database.begin().await?;
            for part in parts {
                tx.execute(part).await?;
            }
            replica.outbox.commit(tx, &[event(&Alerted { operation })?]).await?;
            Ok(vec![written])
        }
        Wish::Cancel => cancel(replica, record, chance).await,
    }
}

/// Cancels one of the jobs that were added last.
async fn cancel(replica: &Replica, record: &Record, chance: &Chance) -> Result<Vec<Acknowledged>, StoreError> {
    let known: Vec<_> = {
        let record = record.inner();
        let jobs = record.acknowledged.iter().rev().filter_map(|what| match what {
            Acknowledged::Job(id) => Some(*id),
            _ => None,
        });
        jobs.take(6).collect()
    };
    if known.is_empty() {
        return Ok(Vec::new());
    }
    let id = *chance.pick(&known);
    let there_was = replica.jobs.cancel(id).await?;
    Ok(there_was.then_some(Acknowledged::Cancelled(id)).into_iter().collect())
}

fn parts(operation: i64, parts: i64) -> Vec<Statement> {
    let part = |part: i64| {
        sql("INSERT INTO sim_part (id, operation, parts) VALUES ($1, $2, $3)")
            .bind(format!("{operation}/{part}"))
            .bind(operation)
            .bind(parts)
    };
    (0..parts).map(part).collect()
}
