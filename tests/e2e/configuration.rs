//! The configuration: what `config check` reports is what `up` refuses, and what is missing outside of it is shown until it is
//! there.

use serde_json::Value;

use crate::harness::{Instance, mainstay};

/// The exit code of `config check` for a file, and its report.
fn check(instance: &Instance, arguments: &[&str]) -> (Option<i32>, Value) {
    let file = instance.write("mainstay.toml", &instance.toml);
    let mut all = vec!["config", "check", "--output", "json", "--config"];
    let file = file.display().to_string();
    all.push(&file);
    all.extend(arguments);
    let output = mainstay(instance.directory.path(), &all);
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report)
}

#[test]
fn what_config_check_calls_wrong_is_what_up_refuses() {
    let webhook = "[[webhook]]\nname = \"chat\"\nurl = \"https://hooks.example/T/token\"\nformat = \"slack\"\n";
    let instance = Instance::sqlite(&format!("[watch]\ndefault_interval_ms = 5\n{webhook}"));
    let (code, report) = check(&instance, &[]);
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["starts"], false);
    let errors = report["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{report}");
    let (refusal, said) = instance.start_refused();
    assert_eq!(refusal, 2);
    for error in errors {
        let from = error["from"].as_str().unwrap();
        assert!(
            said.contains(&format!("{from}: `{}`", error["key"].as_str().unwrap())),
            "{said}"
        );
    }
    assert!(
        said.contains("mainstay.toml:2: `watch.default_interval_ms` is 5"),
        "{said}"
    );
    assert!(said.contains("mainstay.toml:6: `webhook[0].format`"), "{said}");
    assert!(!said.contains("token"), "{said}");
    assert!(!instance.data().exists(), "a refused start must leave nothing behind");
    let origin = |key: &str| {
        let settings = report["settings"].as_array().unwrap();
        let setting = settings.iter().find(|setting| setting["key"] == key).unwrap();
        setting["from"].as_str().unwrap().to_owned()
    };
    assert!(origin("webhook[0].url").ends_with("mainstay.toml:5"));
    assert_eq!(origin("watch.retry_ms"), "the default");
}

#[tokio::test]
async fn an_unknown_key_warns_and_only_strict_fails() {
    let instance = Instance::sqlite("[watch]\nretry_msec = 200\n");
    let (code, report) = check(&instance, &[]);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&report["starts"], &report["errors"][0]),
        (&Value::Bool(true), &Value::Null)
    );
    assert!(
        report["warnings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("did you mean `watch.retry_ms`?")
    );
    assert_eq!(check(&instance, &["--strict"]).0, Some(1));
    let running = instance.start().await;
    assert!(running.log().contains("watch.retry_msec"), "{}", running.log());
}

#[test]
fn a_file_that_cannot_be_read_is_no_answer_and_one_that_is_no_toml_is() {
    let instance = Instance::sqlite("[watch\n");
    assert_eq!(check(&instance, &[]).0, Some(1));
    let output = mainstay(
        instance.directory.path(),
        &["config", "check", "--config", "absent.toml"],
    );
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("absent.toml") && said.contains("--config"), "{said}");
}

#[tokio::test]
async fn a_missing_folder_is_an_error_of_the_check_and_shown_until_it_is_there() {
    let mut instance = Instance::sqlite("");
    let folder = instance.directory.path().join("fleet");
    instance.toml = format!("[catalog]\nimport = [\"{}\"]\n", folder.display());
    let (code, report) = check(&instance, &[]);
    assert_eq!(code, Some(1));
    assert_eq!(report["starts"], true, "{report}");
    assert_eq!(report["errors"][0]["key"], "catalog.import[0]");

    let running = instance.start().await;
    let said = running
        .until_ready_says(200, "nothing of `catalog.import` was imported")
        .await;
    assert!(said.contains("degraded") && said.contains("configured-files"), "{said}");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(
        folder.join("one.yaml"),
        "apiVersion: mainstay/v1\nkind: Service\nmetadata:\n  name: one\nspec:\n  owner: team\n",
    )
    .unwrap();
    running.until_ready_says(200, "\"ready\"").await;
    assert_eq!(running.get("/api/v1/services/one").await["name"], "one");
}
