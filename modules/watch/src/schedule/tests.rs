//! The scheduler on paused time.

use futures::FutureExt;
use mainstay_kernel::{ManualClock, World};

use super::*;
use crate::model::probe::Phases;

/// Answers after a while and remembers when it was asked.
struct Slow {
    takes: Duration,
    undecided: bool,
    asked: Mutex<Vec<(Instant, CheckId, Attempt)>>,
}

impl Runner for Arc<Slow> {
    fn run(&self, check: CheckId, attempt: Attempt) -> BoxFuture<'static, Option<Outcome>> {
        let slow = Arc::clone(self);
        async move {
            slow.asked.lock().unwrap().push((Instant::now(), check, attempt));
            tokio::time::sleep(slow.takes).await;
            Some(Outcome {
                probe: Probe {
                    at: jiff::Timestamp::UNIX_EPOCH,
                    duration_us: 1,
                    phases: Phases::default(),
                    status: None,
                    failure: None,
                    address: None,
                    body_bytes: None,
                    health: None,
                    tls_days_left: None,
                    attempt,
                },
                undecided: slow.undecided,
            })
        }
        .boxed()
    }
}

fn start(takes_ms: u64, undecided: bool, concurrency: usize) -> (Scheduler, Arc<Slow>, Tasks, World) {
    let world = World::simulated(ManualClock::at(jiff::Timestamp::UNIX_EPOCH), 9);
    let tasks = Tasks::new(world.clone());
    let slow = Arc::new(Slow {
        takes: Duration::from_millis(takes_ms),
        undecided,
        asked: Mutex::default(),
    });
    let (scheduler, inbox) = Scheduler::new();
    scheduler.start(inbox, &tasks, concurrency, Arc::new(Arc::clone(&slow)));
    (scheduler, slow, tasks, world)
}

fn every(interval_ms: u64) -> Timing {
    Timing {
        interval: Duration::from_millis(interval_ms),
        retry: Duration::from_secs(1),
    }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_checks_are_started_evenly_and_on_time() {
    let (scheduler, slow, tasks, world) = start(1, false, 512);
    let checks: Vec<_> = (0..10_000).map(|_| (world.id(), every(10_000))).collect();
    let began = Instant::now();
    scheduler.put(checks);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let mut per_second = vec![0; 61];
    for (at, ..) in slow.asked.lock().unwrap().iter() {
        per_second[usize::try_from((*at - began).as_secs()).unwrap()] += 1;
    }
    for (second, count) in per_second[20..60].iter().enumerate() {
        assert!((850..1150).contains(count), "{count} probes in second {second}");
    }
    let stats = scheduler.stats();
    assert_eq!(stats.missed, 0);
    assert!(stats.lateness.percentile(990).unwrap() < 10_000);
    tasks.stop_and_wait(Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn no_more_probes_run_at_once_than_allowed_and_the_slots_lost_are_counted() {
    let (scheduler, slow, _tasks, world) = start(3000, false, 2);
    scheduler.put((0..10).map(|_| (world.id(), every(1000))).collect());
    tokio::time::sleep(Duration::from_secs(30)).await;
    let asked = slow.asked.lock().unwrap().len();
    assert!((18..=22).contains(&asked), "two at a time, three seconds each: {asked}");
    assert!(scheduler.stats().missed > 100);
}

#[tokio::test(start_paused = true)]
async fn run_now_answers_with_the_probe_made_for_it() {
    let (scheduler, _slow, _tasks, world) = start(100, false, 2);
    let check = world.id();
    assert!(scheduler.run_now(check).await.is_none(), "nobody knows this check");
    scheduler.put(vec![(check, every(3_600_000))]);
    assert_eq!(scheduler.run_now(check).await.unwrap().attempt, Attempt::Manual);
}

#[tokio::test(start_paused = true)]
async fn a_removed_check_is_probed_no_more() {
    let (scheduler, slow, _tasks, world) = start(1, true, 2);
    let check = world.id();
    scheduler.put(vec![(check, every(1000))]);
    tokio::time::sleep(Duration::from_secs(3)).await;
    scheduler.remove(vec![check]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = slow.asked.lock().unwrap().len();
    assert!(before >= 2);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(slow.asked.lock().unwrap().len(), before);
}
