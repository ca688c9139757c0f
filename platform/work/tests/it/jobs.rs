//! Jobs end, once, whatever happens to those who run them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use mainstay_kernel::OrganizationId;
use mainstay_store::sql;
use mainstay_work::{EnqueueOptions, Job, JobContext, JobError, JobState, Pattern};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::harness::{Replica, databases, effects, until};

#[derive(Debug, Serialize, Deserialize)]
struct Scrub {
    deck: i64,
    mood: String,
}

impl Job for Scrub {
    const KIND: &'static str = "boat.scrub";
    const VERSION: u32 = 2;
    const TIMEOUT: Duration = Duration::from_secs(2);
    const ATTEMPTS: u32 = 3;

    fn upgrade(version: u32, mut payload: Value) -> Result<Value, String> {
        if version != 1 {
            return Err(format!("no upgrade from {version}"));
        }
        payload["mood"] = "upgraded".into();
        Ok(payload)
    }
}

fn scrub(deck: i64, mood: &str) -> Scrub {
    Scrub {
        deck,
        mood: mood.to_owned(),
    }
}

fn register(replica: &Replica) -> Arc<AtomicUsize> {
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = begun.clone();
    replica.jobs.register(move |job: Scrub, context: JobContext| {
        let counter = counter.clone();
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            match job.mood.as_str() {
                "sulky" if context.attempt() < 3 => return Err(JobError::Retry("not today".to_owned())),
                "mutinous" => return Err(JobError::Fail("never".to_owned())),
                "asleep" => std::future::pending().await,
                "slow" => context.cancelled().await,
                "clumsy" => panic!("overboard"),
                _ => {}
            }
            if context.is_cancelled() {
                return Err(JobError::Retry("interrupted".to_owned()));
            }
            context.progress(1, 1, "scrubbing").await;
            let mut tx = context.database().begin().await?;
            tx.execute(
                sql("INSERT INTO effects_row (position, what) VALUES ($1, $2)")
                    .bind(job.deck)
                    .bind(format!("deck {} {}", job.deck, job.mood)),
            )
            .await?;
            Ok(context.commit(tx, json!({"deck": job.deck})).await?)
        }
    });
    begun
}

async fn open(database: &mainstay_testkit::TestDatabase) -> (Replica, Arc<AtomicUsize>) {
    let replica = Replica::open(database.config()).await;
    let begun = register(&replica);
    replica.start().await;
    until("it has joined", || async { replica.leases.me().is_some() }).await;
    (replica, begun)
}

/// Lets waits pass that would otherwise take seconds.
async fn hurry(replica: &Replica) {
    replica
        .database
        .execute(sql("UPDATE work_job SET run_at = 0 WHERE state = 'waiting'"))
        .await
        .unwrap();
    replica.jobs.wake("default");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_jobs_on_all_replicas_each_take_effect_once() {
    for database in databases().await {
        let mut replicas = vec![open(&database).await];
        if database.is_shared() {
            replicas.push(open(&database).await);
        }
        for deck in 0..200 {
            replicas[0]
                .0
                .jobs
                .enqueue(&scrub(deck, "keen"), EnqueueOptions::default())
                .await
                .unwrap();
        }
        until("all are done", || async { effects(&database).await.len() >= 200 }).await;
        let mut done = effects(&database).await;
        done.dedup();
        assert_eq!(done.len(), 200);
        if database.is_shared() {
            assert!(
                replicas.iter().all(|(_, begun)| begun.load(Ordering::SeqCst) > 0),
                "the work is shared"
            );
        }
        for (replica, _) in replicas {
            replica.stop().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_decides_whether_it_is_tried_again() {
    for database in databases().await {
        let (replica, _) = open(&database).await;
        let mut ids = Vec::new();
        for mood in ["sulky", "mutinous", "clumsy"] {
            ids.push(
                replica
                    .jobs
                    .enqueue(&scrub(1, mood), EnqueueOptions::default())
                    .await
                    .unwrap()
                    .unwrap(),
            );
        }
        until("all have ended", || async {
            hurry(&replica).await;
            let mut ended = true;
            for id in &ids {
                ended &= replica.jobs.get(*id).await.unwrap().unwrap().finished_at.is_some();
            }
            ended
        })
        .await;
        let mut jobs = Vec::new();
        for id in ids {
            jobs.push(replica.jobs.get(id).await.unwrap().unwrap());
        }
        assert_eq!((jobs[0].state, jobs[0].attempt), (JobState::Done, 3));
        assert_eq!(jobs[0].result, Some(json!({"deck": 1})));
        assert_eq!((jobs[1].state, jobs[1].attempt), (JobState::Failed, 1));
        assert_eq!(jobs[1].last_error.as_deref(), Some("never"));
        assert_eq!((jobs[2].state, jobs[2].attempt), (JobState::Failed, 3));
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_hangs_is_timed_out_and_one_can_be_cancelled() {
    for database in databases().await {
        let (replica, begun) = open(&database).await;
        let slow = replica
            .jobs
            .enqueue(&scrub(2, "slow"), EnqueueOptions::default())
            .await
            .unwrap()
            .unwrap();
        until("it has begun", || async { begun.load(Ordering::SeqCst) == 1 }).await;
        assert!(replica.jobs.cancel(slow).await.unwrap());
        until("it is cancelled", || async {
            replica.jobs.get(slow).await.unwrap().unwrap().state == JobState::Cancelled
        })
        .await;
        assert!(!replica.jobs.cancel(slow).await.unwrap(), "it has ended");
        let later = EnqueueOptions {
            run_at: Some("2100-01-01T00:00:00Z".parse().unwrap()),
            ..EnqueueOptions::default()
        };
        let waiting = replica.jobs.enqueue(&scrub(3, "keen"), later).await.unwrap().unwrap();
        assert!(replica.jobs.cancel(waiting).await.unwrap());
        assert_eq!(
            replica.jobs.get(waiting).await.unwrap().unwrap().state,
            JobState::Cancelled
        );
        let asleep = replica
            .jobs
            .enqueue(&scrub(4, "asleep"), EnqueueOptions::default())
            .await
            .unwrap()
            .unwrap();
        until("it timed out", || async {
            let job = replica.jobs.get(asleep).await.unwrap().unwrap();
            job.last_error.as_deref() == Some("it did not end within 2000 ms")
        })
        .await;
        assert!(effects(&database).await.is_empty());
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_unique_key_admits_one_at_a_time() {
    for database in databases().await {
        let (replica, _) = open(&database).await;
        let once = || EnqueueOptions {
            unique_key: Some("deck-1".to_owned()),
            run_at: Some("2100-01-01T00:00:00Z".parse().unwrap()),
            ..EnqueueOptions::default()
        };
        let first = replica.jobs.enqueue(&scrub(1, "keen"), once()).await.unwrap().unwrap();
        assert_eq!(replica.jobs.enqueue(&scrub(1, "keen"), once()).await.unwrap(), None);
        replica.jobs.cancel(first).await.unwrap();
        assert!(replica.jobs.enqueue(&scrub(1, "keen"), once()).await.unwrap().is_some());
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_replicas_job_runs_elsewhere_and_takes_effect_once() {
    for database in databases().await {
        let (doomed, begun) = open(&database).await;
        let id = doomed
            .jobs
            .enqueue(&scrub(7, "slow"), EnqueueOptions::default())
            .await
            .unwrap()
            .unwrap();
        until("it has begun", || async { begun.load(Ordering::SeqCst) == 1 }).await;
        doomed.kill().await;
        database
            .execute(sql("UPDATE work_job SET payload = '{\"deck\":7,\"mood\":\"keen\"}'"))
            .await
            .unwrap();
        let (heir, _) = open(&database).await;
        until("the heir has done it", || async {
            effects(&database).await == ["deck 7 keen"]
        })
        .await;
        let job = heir.jobs.get(id).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempt), (JobState::Done, 2));
        heir.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_payload_is_upgraded_and_a_newer_one_left_to_others() {
    for database in databases().await {
        let (replica, _) = open(&database).await;
        let write = |version: i64| {
            let id = mainstay_kernel::World::system().uuid();
            let statement = sql(
                "INSERT INTO work_job (id, organization_id, queue, kind, version, payload, state, attempt, max_attempts, \
                 timeout_ms, run_at, created_at, cancel_requested) \
                 VALUES ($1, $2, 'default', 'boat.scrub', $3, '{\"deck\":9}', 'waiting', 0, 3, 1000, 0, 0, FALSE)",
            )
            .bind(id)
            .id(OrganizationId::DEFAULT)
            .bind(version);
            (id, statement)
        };
        let ((_, old), (newer_id, newer)) = (write(1), write(3));
        replica.database.execute(old).await.unwrap();
        replica.database.execute(newer).await.unwrap();
        until("the old one is done", || async {
            effects(&database).await == ["deck 9 upgraded"]
        })
        .await;
        until("the newer one was put back", || async {
            let job = replica
                .jobs
                .get(mainstay_kernel::TypedId::from_uuid(newer_id))
                .await
                .unwrap()
                .unwrap();
            job.attempt == 0 && job.last_error.is_some_and(|error| error.contains("newer version"))
        })
        .await;
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inline_runs_here_and_now() {
    for database in databases().await {
        let (replica, _) = open(&database).await;
        let job = replica
            .jobs
            .run_inline(&scrub(5, "keen"), EnqueueOptions::default())
            .await
            .unwrap();
        assert_eq!((job.state, job.result), (JobState::Done, Some(json!({"deck": 5}))));
        let job = replica
            .jobs
            .run_inline(&scrub(5, "mutinous"), EnqueueOptions::default())
            .await
            .unwrap();
        assert_eq!(job.state, JobState::Failed);
        assert!(
            replica.jobs.again(job.id).await.unwrap(),
            "a failed job can be run again"
        );
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_that_is_due_adds_one_job_whoever_looks() {
    for database in databases().await {
        let mut replicas = Vec::new();
        for _ in 0..if database.is_shared() { 2 } else { 1 } {
            let replica = Replica::open(database.config()).await;
            register(&replica);
            let pattern = Pattern::new("0 3 * * *", "Europe/Berlin").unwrap();
            replica.jobs.schedule("nightly", pattern, &scrub(1, "keen")).unwrap();
            replica.start().await;
            replicas.push(replica);
        }
        let schedule = replicas[0].jobs.schedules().await.unwrap().remove(0);
        assert!(schedule.next_at.is_some() && schedule.last_at.is_none());
        database
            .execute(sql("UPDATE work_schedule SET next_at = 0"))
            .await
            .unwrap();
        until("it came", || async { effects(&database).await.len() == 1 }).await;
        let schedule = replicas[0].jobs.schedules().await.unwrap().remove(0);
        assert!(schedule.next_at > schedule.last_at);
        assert!(replicas[0].jobs.pause_schedule("nightly", true).await.unwrap());
        database
            .execute(sql("UPDATE work_schedule SET next_at = 0"))
            .await
            .unwrap();
        let looks = || {
            let tasks = replicas[0].tasks.statuses_snapshot();
            tasks
                .into_iter()
                .find(|task| task.name == "work.schedules")
                .unwrap()
                .runs
        };
        let before = looks();
        until("it was looked at twice", || async { looks() >= before + 2 }).await;
        assert_eq!(effects(&database).await.len(), 1, "a paused schedule does not come");
        for replica in replicas {
            replica.stop().await;
        }
    }
}
