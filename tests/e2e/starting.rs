//! A start that comes to nothing: what it says, and that it leaves nothing behind.

use crate::harness::{Instance, PATIENCE, mainstay};

#[tokio::test]
async fn a_taken_port_is_said_with_another_and_leaves_no_folder() {
    let instance = Instance::sqlite("");
    let _running = instance.start().await;
    let other = Instance {
        port: instance.port,
        ..Instance::sqlite("")
    };
    let (code, said) = other.start_refused();
    assert_eq!(code, 2);
    assert!(said.contains("is taken by another program"), "{said}");
    assert!(
        said.contains(&format!("--listen 127.0.0.1:{}", instance.port + 1)),
        "{said}"
    );
    assert!(!other.data().exists());
}

#[test]
fn a_database_that_does_not_answer_leaves_no_folder() {
    let instance = Instance::sqlite("[database]\nurl = \"postgresql://mainstay@127.0.0.1:1/mainstay\"\n");
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2);
    assert!(said.contains("database"), "{said}");
    assert!(!instance.data().exists());
}

#[test]
fn an_address_that_is_none_is_answered_with_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for (address, advice) in [
        ("8001", "write 127.0.0.1:8001"),
        ("localhost:8001", "write 127.0.0.1:8001"),
    ] {
        let output = mainstay(folder.path(), &["up", "--listen", address]);
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(advice), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_file_in_the_place_of_the_data_folder_is_named() {
    let instance = Instance::sqlite("");
    std::fs::write(instance.data(), "").unwrap();
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2);
    assert!(
        said.contains(&instance.data().display().to_string()) && said.contains("is a file"),
        "{said}"
    );
}

/// Starts it on IPv6's loopback address and asks it there, where the machine has one.
#[tokio::test]
async fn it_listens_on_the_loopback_address_of_ipv6() {
    let Ok(probe) = std::net::TcpListener::bind("[::1]:0") else {
        eprintln!("SKIPPED: this machine has no IPv6");
        return;
    };
    let address = probe.local_addr().unwrap().to_string();
    drop(probe);
    let folder = tempfile::tempdir().unwrap();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_mainstay"))
        .args(["up", "--until-stdin-closes", "--listen", &address, "--data", "data"])
        .current_dir(folder.path())
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let server = format!("http://{address}");
    let started = std::time::Instant::now();
    while mainstay(folder.path(), &["ready", "--server", &server]).status.code() != Some(0) {
        assert!(started.elapsed() < PATIENCE, "not ready at {server}");
    }
    let listed = mainstay(folder.path(), &["services", "--server", &server]);
    assert!(listed.status.success(), "{listed:?}");
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(folder.path().join("data/mainstay.toml").exists());
}

#[test]
fn a_damaged_database_is_named_once_with_what_to_do() {
    let instance = Instance::sqlite("");
    std::fs::create_dir(instance.data()).unwrap();
    let file = instance.data().join("mainstay.db");
    std::fs::write(&file, "this is no database, however long it is").unwrap();
    let (code, said) = instance.start_refused();
    assert_eq!(code, 2);
    assert!(
        said.contains(&file.display().to_string()) && said.contains("--data"),
        "{said}"
    );
    assert_eq!(said.matches("file is not a database").count(), 1, "{said}");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().len(),
        39,
        "it must be left as it was"
    );
}
