//! A PostgreSQL server of the test's own, which may be stopped and started at will.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use crate::harness::free_port;

/// A server in a folder of its own; stopped and removed when dropped.
pub struct Server {
    directory: tempfile::TempDir,
    programs: PathBuf,
    port: u16,
    as_postgres: bool,
}

impl Server {
    /// A fresh, running server; `None`, with a word on standard error, when PostgreSQL is switched off for tests.
    #[expect(clippy::disallowed_methods, reason = "a test's own set-up")]
    pub fn start() -> Option<Self> {
        if std::env::var("MAINSTAY_TEST_POSTGRES").is_ok_and(|value| value == "skip") {
            eprintln!("SKIPPED: PostgreSQL is switched off by MAINSTAY_TEST_POSTGRES=skip");
            return None;
        }
        let server = Self {
            directory: tempfile::tempdir().unwrap(),
            programs: programs(),
            port: free_port(),
            // The server refuses to run as root.
            as_postgres: output(Command::new("id").arg("-u")).stdout.starts_with(b"0\n"),
        };
        if server.as_postgres {
            assert_success(&output(
                Command::new("chown").arg("postgres").arg(server.directory.path()),
            ));
        }
        let data = format!("--pgdata={}", server.data().display());
        server.run(
            "initdb",
            &[
                &data,
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
        );
        server.resume();
        Some(server)
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // A server that is started must not hold on to the test's own output.
        let log = self.directory.path().join("commands.log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        let status = command.status().unwrap();
        let said = std::fs::read_to_string(self.directory.path().join("commands.log")).unwrap_or_default();
        assert!(status.success(), "{command:?}: {said}");
    }

    fn control(&self, arguments: &[&str]) {
        let data = format!("--pgdata={}", self.data().display());
        let all: Vec<&str> = arguments.iter().copied().chain(["--wait", &data]).collect();
        self.run("pg_ctl", &all);
    }

    /// Starts it again on the same port with the same data.
    pub fn resume(&self) {
        let options = format!(
            "--options=-p {} -k {} -c listen_addresses=127.0.0.1 -c fsync=off",
            self.port,
            self.directory.path().display()
        );
        let log = format!("--log={}", self.data().join("server.log").display());
        self.control(&["start", "--timeout=60", &log, &options]);
    }

    /// Ends it as a power loss would: connections break, nothing is tidied up.
    pub fn crash(&self) {
        self.control(&["stop", "--mode=immediate"]);
    }

    /// Runs SQL as its administrator.
    pub fn sql(&self, statement: &str) {
        let port = self.port.to_string();
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", statement];
        self.run("psql", &arguments);
    }

    pub fn url(&self) -> String {
        format!("postgresql://postgres@127.0.0.1:{}/postgres", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() && !std::thread::panicking() {
            self.crash();
        } else if self.data().join("postmaster.pid").exists() {
            let pid = std::fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            if let Some(pid) = pid.lines().next() {
                let _ = Command::new("kill").args(["-QUIT", pid]).status();
            }
        }
    }
}

/// Where the newest installed server's programs are.
fn programs() -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed, or MAINSTAY_TEST_POSTGRES=skip")
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            path.join("bin/initdb").exists().then(|| (version, path.join("bin")))
        })
        .collect();
    versions.sort();
    versions.pop().expect("a PostgreSQL server is installed").1
}

fn output(command: &mut Command) -> Output {
    command.output().unwrap()
}

fn assert_success(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}
