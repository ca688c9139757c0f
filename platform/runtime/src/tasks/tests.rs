//! Tasks as whoever starts, stops and reads them finds them.

use std::{convert::Infallible, time::Duration};

use mainstay_kernel::World;

use super::{TaskState, TaskStatus, Tasks};

fn status(tasks: &Tasks, name: &str) -> TaskStatus {
    tasks
        .statuses_snapshot()
        .into_iter()
        .find(|status| status.name == name)
        .unwrap()
}

#[tokio::test]
async fn a_task_that_did_its_work_is_finished_and_one_that_merely_ended_is_stopped() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("loads", |context| async move {
        context.finished("12 rows loaded");
        Ok::<_, Infallible>(())
    });
    tasks.spawn("ends", |context| async move {
        context.ran("once");
        Ok::<_, Infallible>(())
    });
    tasks.spawn("breaks", |context| async move {
        context.finished("all of it");
        Err::<(), _>("not quite")
    });
    assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
    let loads = status(&tasks, "loads");
    assert_eq!((loads.state, loads.runs), (TaskState::Finished, 1));
    assert_eq!(loads.detail.as_deref(), Some("12 rows loaded"));
    assert_eq!(status(&tasks, "ends").state, TaskState::Stopped);
    assert_eq!(status(&tasks, "breaks").state, TaskState::Stopped);
}

#[tokio::test]
async fn a_shutdown_waits_for_tasks_and_names_the_stubborn() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("polite", |context| async move {
        context.stopping().await;
        Ok::<_, Infallible>(())
    });
    tasks.spawn("stubborn", |_| std::future::pending::<Result<(), Infallible>>());
    assert_eq!(tasks.stop_and_wait(Duration::from_millis(50)).await, ["stubborn"]);
    assert_eq!(status(&tasks, "polite").state, TaskState::Stopped);
}

#[tokio::test]
async fn tasks_go_on_while_answers_are_given() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("polite", |context| async move {
        context.stopping().await;
        Ok::<_, Infallible>(())
    });
    tasks.drain();
    tasks.draining().await;
    assert!(tasks.is_draining() && !tasks.is_stopping());
    assert_eq!(status(&tasks, "polite").state, TaskState::Running);
    assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());

    let at_once = Tasks::new(World::system());
    at_once.stop();
    assert!(at_once.is_draining() && at_once.is_stopping());
}

#[tokio::test]
async fn a_keeper_serves_until_the_others_have_finished() {
    let tasks = Tasks::new(World::system());
    let (ask, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<()>>(1);
    tasks.spawn_keeper("keeper", |context| async move {
        loop {
            tokio::select! {
                Some(reply) = asked.recv() => reply.send(()).unwrap(),
                () = context.stopping() => return Ok::<_, Infallible>(()),
            }
        }
    });
    tasks.spawn("needs it", |context| async move {
        context.stopping().await;
        let (reply, answer) = tokio::sync::oneshot::channel();
        ask.send(reply).await.map_err(|error| error.to_string())?;
        answer.await.map_err(|error| error.to_string())
    });
    assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
    assert_eq!(status(&tasks, "needs it").last_error, None);
}

#[tokio::test]
async fn an_abort_ends_tasks_where_they_stand() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("deaf", |_| std::future::pending::<Result<(), Infallible>>());
    tasks.detached(std::future::pending());
    tasks.abort();
    tasks.stop_and_wait(Duration::from_secs(5)).await;
    assert!(tasks.inner.tracker.is_empty());
}

#[tokio::test]
async fn a_panic_and_an_error_are_shown_not_swallowed() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("fails", |_| async { Err::<(), _>("no luck") });
    tasks.spawn("panics", |_| async {
        assert!(std::hint::black_box(false), "boom");
        Ok::<_, Infallible>(())
    });
    assert!(tasks.stop_and_wait(Duration::from_secs(5)).await.is_empty());
    assert_eq!(status(&tasks, "fails").last_error.unwrap(), "no luck");
    assert_eq!(status(&tasks, "panics").last_error.unwrap(), "panicked: boom");
}

#[tokio::test]
async fn a_failed_run_shows_until_the_next_success() {
    let tasks = Tasks::new(World::system());
    tasks.spawn("loop", |context| async move {
        context.failed("database away");
        assert_eq!(status(context.tasks(), "loop").state, TaskState::Failed);
        context.ran("12 rows");
        Ok::<_, Infallible>(())
    });
    tasks.stop_and_wait(Duration::from_secs(5)).await;
    let status = status(&tasks, "loop");
    assert_eq!((status.runs, status.last_error), (2, None));
}
