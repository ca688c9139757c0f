//! What an operator sees of jobs and schedules, and what they do when told to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use mainstay_kernel::OrganizationId;
use mainstay_store::sql;
use mainstay_testkit::TestDatabase;
use mainstay_work::{CannotRun, EnqueueOptions, Job, JobContext, JobError, JobFilter, JobState, Pattern, ScheduleRun};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::harness::{Replica, databases, until};

#[derive(Debug, Serialize, Deserialize)]
struct Paint {
    boat: String,
}

impl Job for Paint {
    const KIND: &'static str = "boat.paint";
    const QUEUE: &'static str = "dock";
}

/// A replica that paints; boats called `slow` until somebody stops it.
async fn dock(database: &TestDatabase) -> (Replica, Arc<AtomicUsize>) {
    let replica = Replica::open(database.config()).await;
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = begun.clone();
    replica.jobs.register(move |job: Paint, context: JobContext| {
        let counter = counter.clone();
        async move {
            counter.fetch_add(1, Ordering::SeqCst);
            match job.boat.as_str() {
                "slow" => {
                    context.cancelled().await;
                    Err(JobError::Retry("interrupted".to_owned()))
                }
                "rotten" => Err(JobError::Fail("it is rotten".to_owned())),
                boat => Ok(context.done(json!({ "painted": boat }))),
            }
        }
    });
    let pattern = Pattern::new("0 3 * * *", "UTC").unwrap();
    let job = Paint {
        boat: "slow".to_owned(),
    };
    replica.jobs.schedule("spring", pattern, &job).unwrap();
    (replica, begun)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_are_counted_by_queue_and_found_by_state_and_kind() {
    for database in databases().await {
        let (replica, _) = dock(&database).await;
        replica.leases.start(&replica.tasks).await.unwrap();
        let paint = |boat: &str| Paint { boat: boat.to_owned() };
        let mut ids = Vec::new();
        for boat in ["a", "b", "c"] {
            let id = replica
                .jobs
                .enqueue(&paint(boat), EnqueueOptions::default())
                .await
                .unwrap();
            ids.push(id.unwrap());
        }
        replica.jobs.cancel(ids[0]).await.unwrap();
        let queue = replica.jobs.queues().await.unwrap().remove(0);
        assert_eq!(queue.queue, "dock");
        assert_eq!(queue.jobs[&JobState::Waiting], 2);
        assert_eq!(queue.jobs[&JobState::Cancelled], 1);
        let oldest = replica.jobs.get(ids[1]).await.unwrap().unwrap().run_at;
        assert_eq!(queue.oldest_waiting_at, Some(oldest));

        replica
            .database
            .execute(sql("UPDATE work_job SET state = 'done', finished_at = 1 WHERE id = $1").id(ids[1]))
            .await
            .unwrap();
        until("what ended well is counted", || async {
            let queue = replica.jobs.queues().await.unwrap().remove(0);
            queue.jobs.get(&JobState::Done) == Some(&1) && queue.jobs[&JobState::Waiting] == 1
        })
        .await;
        replica
            .database
            .execute(sql(
                "UPDATE work_job SET state = 'waiting', finished_at = NULL WHERE state = 'done'",
            ))
            .await
            .unwrap();

        let found = async |filter: JobFilter, before, limit| {
            let jobs = replica.jobs.list(&filter, before, limit).await.unwrap();
            jobs.iter().map(|job| job.id).collect::<Vec<_>>()
        };
        let all = JobFilter::default();
        assert_eq!(found(all.clone(), None, 10).await, [ids[2], ids[1], ids[0]]);
        assert_eq!(found(all.clone(), Some(ids[2]), 1).await, [ids[1]]);
        let waiting = JobFilter {
            organization: Some(OrganizationId::DEFAULT),
            state: Some(JobState::Waiting),
            queue: Some("dock".to_owned()),
            kind: Some("boat.paint".to_owned()),
        };
        assert_eq!(found(waiting, None, 10).await, [ids[2], ids[1]]);
        let other = JobFilter {
            kind: Some("boat.scrub".to_owned()),
            ..all
        };
        assert!(found(other, None, 10).await.is_empty());
        let listed = replica
            .jobs
            .list(&JobFilter::default(), None, 1)
            .await
            .unwrap()
            .remove(0);
        let read = replica.jobs.get(ids[2]).await.unwrap().unwrap();
        assert_eq!((listed.payload, read.payload), (json!(null), json!({"boat": "c"})));
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_can_be_run_by_the_name_of_its_kind() {
    for database in databases().await {
        let (replica, _) = dock(&database).await;
        replica.start().await;
        until("it has joined", || async { replica.leases.me().is_some() }).await;
        let jobs = &replica.jobs;
        let inline = jobs.begin_inline("boat.paint", &json!({"boat": "tug"})).await.unwrap();
        let job = inline.run_until(std::future::pending()).await.unwrap();
        assert_eq!(
            (job.state, job.result),
            (JobState::Done, Some(json!({"painted": "tug"})))
        );
        let inline = jobs
            .begin_inline("boat.paint", &json!({"boat": "rotten"}))
            .await
            .unwrap();
        let job = inline.run_until(std::future::pending()).await.unwrap();
        assert_eq!(job.last_error.as_deref(), Some("it is rotten"));

        let error = jobs.begin_inline("boat.sink", &json!({})).await.unwrap_err();
        assert!(matches!(error, CannotRun::UnknownKind { .. }));
        assert_eq!(
            error.to_string(),
            "there is no kind of job `boat.sink`; there is `boat.paint`"
        );
        let error = jobs.begin_inline("boat.paint", &json!({})).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "`boat.paint` cannot read this payload: missing field `boat`"
        );
        assert_eq!(
            jobs.list(&JobFilter::default(), None, 10).await.unwrap().len(),
            2,
            "what cannot be run is not written"
        );
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_runs_a_job_here_and_now_can_stop_it() {
    for database in databases().await {
        let (replica, begun) = dock(&database).await;
        replica.start().await;
        until("it has joined", || async { replica.leases.me().is_some() }).await;
        let inline = replica.jobs.begin_inline("boat.paint", &json!({"boat": "slow"})).await;
        let stop = until("it has begun", || async { begun.load(Ordering::SeqCst) == 1 });
        let job = inline.unwrap().run_until(stop).await.unwrap();
        assert_eq!(job.state, JobState::Cancelled);
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_comes_when_it_is_told_to_and_never_beside_itself() {
    for database in databases().await {
        let (replica, begun) = dock(&database).await;
        replica.start().await;
        until("it has joined", || async { replica.leases.me().is_some() }).await;
        let jobs = &replica.jobs;
        let before = jobs.schedules().await.unwrap().remove(0);
        jobs.pause_schedule("spring", true).await.unwrap();
        let ScheduleRun::Added(id) = jobs.run_schedule("spring").await.unwrap() else {
            panic!("a paused schedule comes when it is told to")
        };
        let after = jobs.schedules().await.unwrap().remove(0);
        assert_eq!((after.last_job, after.next_at), (Some(id), before.next_at));
        assert!(after.last_at.is_some() && after.paused);
        until("its job runs", || async { begun.load(Ordering::SeqCst) == 1 }).await;
        assert_eq!(jobs.run_schedule("spring").await.unwrap(), ScheduleRun::StillGoing);
        assert_eq!(jobs.schedules().await.unwrap().remove(0).last_job, Some(id));
        assert_eq!(jobs.run_schedule("autumn").await.unwrap(), ScheduleRun::Unknown);
        database
            .execute(sql("UPDATE work_schedule SET name = 'winter'"))
            .await
            .unwrap();
        assert_eq!(jobs.run_schedule("winter").await.unwrap(), ScheduleRun::NotHere);
        assert_eq!(jobs.run_schedule("spring").await.unwrap(), ScheduleRun::Unknown);
        replica.jobs.cancel(id).await.unwrap();
        until("its job has stopped", || async {
            replica.jobs.get(id).await.unwrap().unwrap().state == JobState::Cancelled
        })
        .await;
        replica.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_jobs_that_are_over_are_forgotten() {
    for database in databases().await {
        let (replica, _) = dock(&database).await;
        let paint = Paint { boat: "tug".to_owned() };
        let waits = replica
            .jobs
            .enqueue(&paint, EnqueueOptions::default())
            .await
            .unwrap()
            .unwrap();
        let over = replica
            .jobs
            .enqueue(&paint, EnqueueOptions::default())
            .await
            .unwrap()
            .unwrap();
        replica.jobs.cancel(over).await.unwrap();
        assert_eq!(replica.jobs.forget_before(jiff::Timestamp::MIN).await.unwrap(), 0);
        assert_eq!(replica.jobs.forget_before(jiff::Timestamp::MAX).await.unwrap(), 1);
        assert!(replica.jobs.get(waits).await.unwrap().is_some());
        replica.stop().await;
    }
}
