//! The guides: every command in them is run as it stands there, against a real server, and none fails. What a person would paste
//! is what is tested; only the address is the test's own.

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Instant,
};

use serde_json::Value;

use crate::{
    accounts::{PASSWORD, run, said},
    harness::{Instance, PATIENCE, eventually, free_port, mainstay},
    required::link,
};

/// Where the guides say that Mainstay listens.
const USUAL: &str = "127.0.0.1:8000";

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The shell commands of a guide in their order, in which a program that fails ends everything, and so does a refusal by HTTP.
fn script(guide: &str, address: &str) -> String {
    let text = std::fs::read_to_string(sources().join("docs/guides").join(guide)).unwrap();
    let mut script = "set -euo pipefail\ncurl() { command curl --fail-with-body \"$@\"; }\n".to_owned();
    let mut blocks = 0;
    for block in text.split("\n```sh\n").skip(1) {
        script.push_str(block.split("\n```").next().unwrap());
        script.push('\n');
        blocks += 1;
    }
    assert!(blocks > 0, "{guide} has no shell commands");
    script.replace(USUAL, address)
}

/// Runs the commands of a guide in `folder`.
fn paste(guide: &str, address: &str, folder: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_mainstay")).parent().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a test's own set-up")]
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("bash")
        .args(["-c", &script(guide, address)])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", program.display()))
        .env("MAINSTAY_SERVER", format!("http://{address}"))
        // Whose session is kept is the test's own affair.
        .env("HOME", folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{guide}: {}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn can_paste() -> bool {
    let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
    let both = has("bash") && has("curl");
    if !both {
        eprintln!("SKIPPED: this test needs bash and curl");
    }
    both
}

/// The demo's fleet, in which nothing breaks until somebody breaks it; ended when dropped.
struct Demo {
    child: Child,
    folder: tempfile::TempDir,
    address: String,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let child = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(["demo", "--no-fault", "--listen", &address, "--keep", "demo-folder"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let demo = Self { child, folder, address };
        let started = Instant::now();
        while demo
            .list("services")
            .iter()
            .filter(|row| row["state"]["state"] == "up")
            .count()
            < 10
        {
            assert!(started.elapsed() < PATIENCE, "the demo's services did not all come up");
        }
        demo
    }

    fn list(&self, noun: &str) -> Vec<Value> {
        let server = format!("http://{}", self.address);
        let output = mainstay(self.folder.path(), &[noun, "--output", "json", "--server", &server]);
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// Breaks a service as `examples/README.md` says.
    fn break_by_hand(&self) {
        let text = std::fs::read_to_string(sources().join("examples/README.md")).unwrap();
        let commands: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("    "))
            .filter(|line| {
                ["CONTROL=", "TOKEN=", "curl -s -X PUT"]
                    .iter()
                    .any(|start| line.starts_with(start))
            })
            .collect();
        assert_eq!(commands.len(), 3, "{text}");
        let script = format!(
            "set -euo pipefail\n{}",
            commands.join("\n").replace("curl -s", "curl -sf")
        );
        let status = Command::new("bash")
            .args(["-c", &script])
            .current_dir(self.folder.path())
            .status()
            .unwrap();
        assert!(status.success());
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ended = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let _reaped = self.child.wait();
    }
}

#[tokio::test]
async fn the_guides_about_checks_promises_and_webhooks_can_be_pasted() {
    if !can_paste() {
        return;
    }
    let demo = Demo::start();
    for guide in ["slo.md", "watch.md", "webhooks.md"] {
        paste(guide, &demo.address, demo.folder.path());
    }
    demo.break_by_hand();
    eventually("an alert opens", || !demo.list("alerts").is_empty()).await;
    paste("alerts.md", &demo.address, demo.folder.path());
    assert!(
        demo.list("alerts")
            .iter()
            .any(|alert| alert["acknowledged_by"] == "ada")
    );
}

#[tokio::test]
async fn the_guide_about_imports_can_be_pasted() {
    if !can_paste() {
        return;
    }
    let instance = Instance::sqlite("");
    let running = instance.start().await;
    paste("catalog.md", &format!("127.0.0.1:{}", instance.port), &sources());
    assert_eq!(running.get("/api/v1/meta").await["counts"]["services"], 10);
}

#[tokio::test]
async fn the_guide_about_accounts_can_be_pasted() {
    if !can_paste() {
        return;
    }
    let instance = Instance::sqlite("[auth]\nrequired = true\n");
    let folder = instance.directory.path();
    let running = instance.start().await;
    let told = instance.printed();
    let sign_in = ["login", "--password-stdin", "--link", link(&told)];
    said(&run(folder, &sign_in, &format!("{PASSWORD}\n"), None));
    paste("accounts.md", &format!("127.0.0.1:{}", instance.port), folder);
    running.terminate();
    let data = instance.data();
    let verify = ["admin", "verify-log", "--data", data.to_str().unwrap()];
    assert!(said(&run(folder, &verify, "", None)).starts_with("the change log is whole"));
}

#[test]
fn the_guide_about_causes_can_be_pasted() {
    if !can_paste() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    paste("investigate.md", USUAL, folder.path());
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    assert!(page.contains("is the likely cause"), "the page names it");
}
