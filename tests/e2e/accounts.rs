//! Accounts with the real binary: the first link, signing in, tokens for programs, and the change log.

use std::{
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::harness::{Instance, Running};

pub const PASSWORD: &str = "correct horse battery staple";

/// Runs a verb as somebody with a home folder of their own, with a line at standard input and perhaps a token.
pub fn run(home: &Path, arguments: &[&str], input: &str, token: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mainstay"));
    command.current_dir(home).args(arguments).env("HOME", home);
    if let Some(token) = token {
        command.env("MAINSTAY_TOKEN", token);
    }
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn parsed(output: &Output) -> Value {
    serde_json::from_str(&said(output)).unwrap()
}

/// A one-time link of a Mainstay that is stopped; answers its secret.
fn link(instance: &Instance) -> String {
    let folder = instance.directory.path();
    let data = instance.data();
    let verb = [
        "admin",
        "reset-link",
        "--data",
        data.to_str().unwrap(),
        "--output",
        "json",
    ];
    let answer = parsed(&run(folder, &verb, "", None));
    assert_eq!(answer["username"], "admin");
    let url = answer["url"].as_str().unwrap();
    url.split_once("/welcome#").unwrap().1.to_owned()
}

pub async fn redeem(running: &Running, secret: &str) -> (u16, Value) {
    let body = json!({ "secret": secret, "password": PASSWORD });
    running.try_send("POST", "/api/v1/auth/links/redeem", &body).await
}

#[tokio::test]
async fn from_the_first_link_to_a_token_and_a_log_that_proves_it() {
    let instance = Instance::sqlite("");
    let folder = instance.directory.path();
    instance.start().await.terminate();
    let secret = link(&instance);
    let running = instance.start().await;
    let (status, answer) = redeem(&running, &secret).await;
    assert_eq!(
        (status, &answer["user"]["username"]),
        (200, &json!("admin")),
        "{answer}"
    );
    assert_eq!(redeem(&running, &secret).await.0, 404, "a link works once");

    let server = ["--server", running.base.as_str()];
    let with = |arguments: &[&str]| {
        [arguments, &server[..]]
            .concat()
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let call = |arguments: &[&str], input: &str, token: Option<&str>| {
        let all = with(arguments);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        run(folder, &all, input, token)
    };
    let sign_in = ["login", "--user", "admin", "--password-stdin"];
    let wrong = call(&sign_in, "wrong\n", None);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("The name or the password is wrong"));
    assert!(said(&call(&sign_in, &format!("{PASSWORD}\n"), None)).contains("signed in as admin"));
    let kept = folder.join(".config/mainstay/sessions.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&kept).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);

    let invited = said(&call(&["user", "add", "ada", "--role", "editor"], "", None));
    assert!(invited.contains("mainstay login --link 'http"), "{invited}");
    let token = parsed(&call(
        &["token", "create", "deploy", "--scope", "user:read", "--output", "json"],
        "",
        None,
    ));
    let token = token["secret"].as_str().unwrap();
    let users = said(&call(&["user", "list"], "", Some(token)));
    assert!(users.contains("ada") && users.contains("editor"), "{users}");
    let refused = call(&["user", "role", "ada", "admin"], "", Some(token));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("user:write"),
        "{refused:?}"
    );
    let listed = parsed(&call(&["token", "list", "--output", "json"], "", None));
    let id = listed[0]["id"].as_str().unwrap();
    said(&call(&["token", "revoke", id], "", None));
    assert_eq!(call(&["user", "list"], "", Some(token)).status.code(), Some(2));
    assert!(said(&call(&["logout"], "", None)).contains("signed out"));
    assert_eq!(
        call(&["token", "list"], "", None).status.code(),
        Some(2),
        "nobody is signed in"
    );

    let log = running.log();
    for hidden in [secret.as_str(), PASSWORD, token] {
        assert!(!log.contains(hidden), "a secret is in the log");
    }
    let data = instance.data();
    let verify = [
        "admin",
        "verify-log",
        "--data",
        data.to_str().unwrap(),
        "--output",
        "json",
    ];
    assert_eq!(
        run(folder, &verify, "", None).status.code(),
        Some(2),
        "a server holds the folder"
    );
    running.terminate();
    let report = parsed(&run(folder, &verify, "", None));
    assert_eq!(report["whole"], true, "{report}");
    let anchor = format!("{}:{}", report["entries"], report["hash"].as_str().unwrap());
    let again = [&verify[..], &["--expect", &anchor]].concat();
    assert!(run(folder, &again, "", None).status.success());
    let other = format!("{}:{}", report["entries"], "0".repeat(64));
    let again = [&verify[..], &["--expect", &other]].concat();
    assert_eq!(run(folder, &again, "", None).status.code(), Some(1));
}
