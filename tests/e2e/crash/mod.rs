//! Crash loops: real processes on real databases under a mixed load, killed at moments nobody chose. What was acknowledged
//! and what was received is written down, everything is read back, and every promise of `docs/durability.md` is held
//! against that record. The check itself is tested with records and stores that were broken on purpose.

mod checker;
mod checker_tests;
mod client;
mod day;
mod fleet;
mod gaps;
mod load;
mod outside;
mod probes;
mod read_back;
mod record;
mod sabotage;
mod story;

use std::{path::PathBuf, time::Duration};

use mainstay_kernel::Micros;

use self::{
    checker::{Limits, SECOND, Violation, violations},
    day::{Day, INTERVAL_MS},
    fleet::Kind,
    record::Record,
};

/// Kills of one loop in the tests; `bench/crash` does more.
const KILLS: usize = 30;
/// Promised are ten seconds, which `bench/crash` holds an optimised build on a calm machine to. An unoptimised one on a
/// machine with more to do than it can gets this much.
const FAIL_OVER_WHEN_BUSY: Micros = 20 * SECOND;
/// What the promise says.
const FAIL_OVER: Micros = 10 * SECOND;

fn limits(fail_over: Micros) -> Limits {
    Limits {
        fail_over,
        interval: Micros::from(INTERVAL_MS) * 1000,
    }
}

fn assert_kept(record: &Record, limits: Limits) {
    eprintln!("{}", story::numbers(record, limits.interval));
    let broken = violations(record, limits);
    assert!(
        broken.is_empty(),
        "{} promises are broken; the record is in {}:\n{}",
        broken.len(),
        left_behind(record).display(),
        words(&broken)
    );
    // A day on which nothing happened proves nothing.
    assert!(!record.kept.alerts.is_empty() && !record.kept.jobs.is_empty() && record.happened.writes.len() > 5);
}

/// Writes the record to a file, because no seed brings these moments back. Answers its place.
fn left_behind(record: &Record) -> PathBuf {
    let path = std::env::temp_dir().join(format!("mainstay-broken-{}.txt", std::process::id()));
    std::fs::write(&path, format!("{}\n{record:#?}\n", story::told(record))).unwrap();
    path
}

fn words(broken: &[Violation]) -> String {
    let lines: Vec<String> = broken
        .iter()
        .map(|one| format!("{}: {}", one.promise, one.words))
        .collect();
    lines.join("\n")
}

async fn thirty_kills(kind: Kind, replicas: usize) {
    let Some(day) = Day::begin(kind, replicas, None).await else {
        return;
    };
    day.kill_often(KILLS, |_| ()).await;
    assert_kept(&day.end().await, limits(FAIL_OVER_WHEN_BUSY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_on_sqlite_break_no_promise() {
    thirty_kills(Kind::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_of_one_replica_on_postgresql_break_no_promise() {
    thirty_kills(Kind::Postgres, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_among_three_replicas_on_postgresql_break_no_promise() {
    thirty_kills(Kind::Postgres, 3).await;
}

/// What `bench/crash/run.py` asks for.
#[expect(clippy::disallowed_methods, reason = "the settings of a benchmark")]
fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// As many kills as asked for, by the variables `CRASH_DATABASE` (`sqlite` or `postgresql`), `CRASH_REPLICAS`, `CRASH_KILLS`
/// or `CRASH_SECONDS` (then one is killed every ten seconds for so long), and `CRASH_PROGRAM`, the binary. Prints a line
/// `killed N` after each kill, the numbers as a line of JSON, and, when it went by time, the story.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by bench/crash"]
async fn as_long_as_asked_for() {
    let number = |name: &str| setting(name).and_then(|text| text.parse::<usize>().ok());
    let kind = match setting("CRASH_DATABASE").as_deref() {
        Some("sqlite") => Kind::Sqlite,
        _ => Kind::Postgres,
    };
    let replicas = number("CRASH_REPLICAS").unwrap_or(1);
    let program = setting("CRASH_PROGRAM");
    let day = Day::begin(kind, replicas, program.as_deref()).await.unwrap();
    let progress = |killed| println!("killed {killed}");
    match number("CRASH_SECONDS") {
        Some(seconds) => {
            let lasting = Duration::from_secs(seconds as u64);
            day.kill_every(Duration::from_secs(10), lasting, progress).await;
        }
        None => day.kill_often(number("CRASH_KILLS").unwrap_or(KILLS), progress).await,
    }
    let record = day.end().await;
    let limits = limits(FAIL_OVER);
    println!("{}", story::numbers(&record, limits.interval));
    if setting("CRASH_SECONDS").is_some() {
        println!("{}", story::told(&record));
    }
    assert_kept(&record, limits);
}
