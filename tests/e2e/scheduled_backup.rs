//! Backups that Mainstay takes by itself: verified, rotated, tried again, and restored.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{Instance, Running, instances, mainstay};

const RUN: &str = "/api/v1/admin/schedules/backup/run-now";

/// Has the schedule come now, and waits until its job is in this state.
async fn run_until(running: &Running, state: &str) -> Value {
    let job = running.post(RUN, &json!({})).await;
    until(running, &job, state).await
}

async fn until(running: &Running, job: &Value, state: &str) -> Value {
    let path = format!("/api/v1/admin/jobs/{}", job["id"].as_str().unwrap());
    running.until(&path, |job| job["state"] == state).await
}

fn files(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// With backups in a folder of the instance's own.
fn with_backups(instance: &mut Instance, keep: usize) -> PathBuf {
    let folder = instance.directory.path().join("backups");
    instance.toml = format!(
        "[backup]\nfolder = \"{}\"\nschedule = \"30 3 * * *\"\ntime_zone = \"Europe/Berlin\"\nkeep = {keep}\n{}",
        folder.display(),
        instance.toml
    );
    folder
}

#[tokio::test]
async fn a_backup_of_the_schedule_is_restored_with_all_that_was_acknowledged() {
    for mut instance in instances("").await {
        let folder = with_backups(&mut instance, 2);
        let running = instance.start().await;
        let schedules = running.get("/api/v1/admin/schedules").await;
        let schedule = &schedules["items"][0];
        assert_eq!(
            (&schedule["name"], &schedule["kind"], &schedule["zone"]),
            (&json!("backup"), &json!("backup.take"), &json!("Europe/Berlin")),
            "{schedules}"
        );
        assert!(schedule["next_at"].is_string(), "{schedules}");
        running.post("/api/v1/services", &json!({ "name": "dear" })).await;
        let job = run_until(&running, "done").await;
        let file = PathBuf::from(job["result"]["file"].as_str().unwrap());
        assert_eq!(file.parent(), Some(folder.as_path()), "{job}");
        assert_eq!(
            (&job["progress"]["done"], &job["progress"]["total"]),
            (&json!(100), &json!(100)),
            "{job}"
        );
        running.post("/api/v1/services", &json!({ "name": "late" })).await;
        // By hand beside it, as before.
        let by_hand = instance.directory.path().join("by-hand.backup");
        let config = instance.directory.path().join("mainstay.toml");
        let output = mainstay(
            instance.directory.path(),
            &[
                "backup",
                by_hand.to_str().unwrap(),
                "--config",
                config.to_str().unwrap(),
                "--data",
                "data",
            ],
        );
        assert!(output.status.success(), "{output:?}");
        running.terminate();

        let other = Instance::sqlite("");
        let data = other.data();
        let output = mainstay(
            other.directory.path(),
            &["restore", file.to_str().unwrap(), "--data", data.to_str().unwrap()],
        );
        assert!(output.status.success(), "{output:?}");
        let restored = other.start().await;
        restored.get("/api/v1/services/dear").await;
        assert_eq!(restored.try_get("/api/v1/services/late").await.0, 404);
    }
}

#[tokio::test]
async fn the_oldest_backups_go_and_nothing_else() {
    let mut instance = Instance::sqlite("");
    let folder = with_backups(&mut instance, 2);
    std::fs::create_dir(&folder).unwrap();
    let own = ["mainstay-20200101T033000Z.backup", "mainstay-20200102T033000Z.backup"];
    for name in own.iter().chain(&["mainstay-before-the-upgrade.backup", "notes.txt"]) {
        std::fs::write(folder.join(name), "").unwrap();
    }
    let running = instance.start().await;
    let job = run_until(&running, "done").await;
    assert_eq!(job["result"]["removed"], json!([own[0]]), "{job}");
    let names = files(&folder);
    assert_eq!(names.len(), 4, "{names:?}");
    assert!(names.contains(&own[1].to_owned()) && names.contains(&"mainstay-before-the-upgrade.backup".to_owned()));
}

#[tokio::test]
async fn a_backup_that_cannot_be_taken_is_seen_tried_again_and_costs_no_earlier_one() {
    let mut instance = Instance::sqlite("");
    let folder = with_backups(&mut instance, 1);
    let running = instance.start().await;
    run_until(&running, "done").await;
    let (earlier, aside) = (files(&folder), instance.directory.path().join("aside"));
    std::fs::rename(&folder, &aside).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    let job = running.post(RUN, &json!({})).await;
    let path = format!("/api/v1/admin/jobs/{}", job["id"].as_str().unwrap());
    let job = running
        .until(&path, |job| {
            job["attempt"].as_i64() >= Some(2) && job["last_error"].is_string()
        })
        .await;
    let said = job["last_error"].as_str().unwrap();
    assert!(said.contains("backups cannot be made"), "{said}");
    assert_eq!(files(&aside), earlier);
    std::fs::remove_file(&folder).unwrap();
    std::fs::rename(&aside, &folder).unwrap();
    let job = until(&running, &job, "done").await;
    assert_eq!(job["result"]["removed"], json!(earlier), "{job}");
    assert_eq!(files(&folder).len(), 1);
}

#[test]
fn a_schedule_that_is_none_is_refused_with_its_line_and_one_without_a_folder_warned_about() {
    let instance = Instance::sqlite("[backup]\nfolder = \"backups\"\nschedule = \"daily\"\nkeep = 0\n");
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2);
    assert!(
        said.contains("mainstay.toml:3: `backup.schedule` cannot be used"),
        "{said}"
    );
    assert!(said.contains("mainstay.toml:4: `backup.keep` is 0"), "{said}");
    let instance = Instance::sqlite("[backup]\nfolder = \"backups\"\ntime_zone = \"Berlin\"\n");
    assert!(instance.start_refused().1.contains("`backup.time_zone` cannot be used"));
    instance.write("mainstay.toml", "[backup]\nkeep = 3\n");
    let output = mainstay(instance.directory.path(), &["config", "check"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("no effect without `backup.folder`"), "{said}");
}
