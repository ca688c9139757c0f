//! The demo fleet alone, as real processes: every cause makes the service's own health fail, the log says what really
//! happened, callers stay healthy, and all is well again after mending. Nothing survives whoever started the fleet.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long anything may take before the test gives up; ten services share the machine with other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// A fleet under its supervisor; both end with it.
struct Fleet {
    supervisor: Child,
    folder: tempfile::TempDir,
    description: Value,
}

impl Fleet {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let supervisor = Command::new(env!("CARGO_BIN_EXE_mainstay"))
            .args(["demo", "--fleet-only", "--keep"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let file = folder.path().join("fleet.json");
        let description = until("the fleet is described", || {
            serde_json::from_str(&fs::read_to_string(&file).ok()?).ok()
        });
        Self {
            supervisor,
            folder,
            description,
        }
    }

    fn names(&self) -> Vec<&str> {
        let services = self.description["services"].as_object().unwrap();
        services.keys().map(String::as_str).collect()
    }

    fn address(&self, service: &str) -> &str {
        let url = self.description["services"][service]["base_url"].as_str().unwrap();
        url.strip_prefix("http://").unwrap()
    }

    fn status(&self, service: &str, path: &str) -> u16 {
        get(self.address(service), path).0
    }

    fn log(&self, service: &str) -> Vec<Value> {
        let path: PathBuf = self.description["services"][service]["log"].as_str().unwrap().into();
        let text = fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Calls the fleet's control port and answers its status.
    fn control(&self, method: &str, path: &str) -> u16 {
        let address = self.description["control_url"]
            .as_str()
            .unwrap()
            .strip_prefix("http://")
            .unwrap();
        let token = self.description["control_token"].as_str().unwrap();
        exchange(address, method, path, &format!("Authorization: Bearer {token}\r\n")).0
    }

    /// Breaks `service`, expects `words` in a line of `witness` while every health check passes, and mends it.
    fn shows(&self, cause: &str, service: &str, witness: &str, words: &str) {
        let before = self.log(witness).len();
        let path = format!("/services/{service}/causes");
        assert_eq!(self.control("PUT", &format!("{path}/{cause}")), 204, "{cause}");
        let line = until(&format!("{witness} writes `{words}`"), || {
            let mut lines = self.log(witness).into_iter().skip(before);
            lines.find(|line| line["message"].as_str().unwrap().contains(words))
        });
        assert_ne!(line["level"], "info", "{line}");
        for name in self.names() {
            until(&format!("{name} is healthy"), || {
                (self.status(name, "/health") == 200).then_some(())
            });
        }
        assert_eq!(self.control("DELETE", &path), 204, "{cause}");
    }

    /// Breaks `service`, expects its health to fail and `words` in a log line of `witness`, and mends it.
    fn suffers(&self, service: &str, cause: &str, witness: &str, words: &str) {
        let before = self.log(witness).len();
        assert_eq!(
            self.control("PUT", &format!("/services/{service}/causes/{cause}")),
            204,
            "{cause}"
        );
        // The health check that fails is the one of the service whose cause it is: `witness` saw it happen.
        let failing = if cause == "dependency-down" { "api" } else { service };
        until(&format!("{failing} fails by {cause}"), || {
            (self.status(failing, "/health") != 200).then_some(())
        });
        let line = until(&format!("{witness} writes `{words}`"), || {
            let lines = self.log(witness);
            lines
                .into_iter()
                .skip(before)
                .find(|line| line["message"].as_str().unwrap().contains(words))
        });
        assert!(["error", "fatal"].contains(&line["level"].as_str().unwrap()), "{line}");
        for other in self.names().into_iter().filter(|other| *other != failing) {
            let status = until(&format!("{other} answers"), || {
                Some(self.status(other, "/health")).filter(|status| *status != 0)
            });
            assert_eq!(
                status, 200,
                "{other} must stay healthy while {failing} suffers from {cause}"
            );
        }
        assert_eq!(
            self.control("DELETE", &format!("/services/{service}/causes")),
            204,
            "{cause}"
        );
        until(&format!("{failing} recovers from {cause}"), || {
            (self.status(failing, "/health") == 200).then_some(())
        });
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        let _ended = self.supervisor.kill();
        let _reaped = self.supervisor.wait();
    }
}

/// Asks again and again until there is an answer.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "this never came true: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

fn get(address: &str, path: &str) -> (u16, String) {
    exchange(address, "GET", path, "")
}

/// One HTTP exchange; the status is 0 when there was no answer within two seconds.
fn exchange(address: &str, method: &str, path: &str, headers: &str) -> (u16, String) {
    let exchange = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: 0\r\n{headers}\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = exchange().unwrap_or_default();
    let status = answer
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body).to_owned();
    (status, body)
}

fn alive(address: &str) -> bool {
    TcpStream::connect(address).is_ok()
}

fn wait_for_end(addresses: &[String]) {
    until("every service has ended", || {
        (!addresses.iter().any(|address| alive(address))).then_some(())
    });
}

#[test]
fn every_cause_fails_the_services_own_health_says_why_and_heals() {
    let fleet = Fleet::start();
    assert_eq!(fleet.names().len(), 10);
    fleet.suffers(
        "data",
        "connection-leak",
        "data",
        "no database connection became free within 300 ms: 8 of 8",
    );
    fleet.suffers("data", "crash", "data", "is damaged: EOF while parsing");
    fleet.suffers("data", "cpu-spin", "data", "the request thread does not answer");
    fleet.suffers(
        "data",
        "memory-leak",
        "data",
        "the document cache refused 1048576 bytes",
    );
    fleet.suffers("data", "slow-disk", "data", "the volume writes 12 bytes per second");
    fleet.suffers("execution", "bad-configuration", "execution", "where api is expected");
    fleet.suffers(
        "execution",
        "dependency-down",
        "execution",
        "api gave no answer after 2 attempts",
    );
    fleet.suffers("data", "bad-deploy", "data", "the document cache refused 1048576 bytes");
    until("data runs its first version again", || {
        let metrics = get(fleet.address("data"), "/metrics").1;
        metrics.contains(r#"version="1.4.2"}"#).then_some(())
    });
}

#[test]
fn causes_that_no_health_check_sees_show_in_requests_and_end_with_mending() {
    let fleet = Fleet::start();
    let instruments: Vec<Value> = {
        let state = fleet.folder.path().join("state").join("data").join("reference.json");
        serde_json::from_str(&fs::read_to_string(state).unwrap()).unwrap()
    };
    let quotes = || {
        let symbols = instruments.iter().map(|it| it["symbol"].as_str().unwrap());
        symbols
            .map(|symbol| fleet.status("data", &format!("/quotes/{symbol}")))
            .collect::<Vec<_>>()
    };
    fleet.shows("delay", "data", "data", "a statement waited for the lock of its table");
    fleet.shows("errors", "data", "data", "by its lot of 0");
    until("every quote is answered again", || {
        quotes().iter().all(|status| *status == 200).then_some(())
    });
    // A service that is called refuses its callers; one that calls for customers, who stamp nothing, is refused.
    fleet.shows("clock-skew", "auth", "auth", "s ahead of the clock here");
    fleet.shows("clock-skew", "web", "auth", "s behind the clock here");
    until("customers are served again", || {
        (fleet.status("web", "/pages/AEB") == 200).then_some(())
    });
}

#[test]
fn a_failing_dependency_shows_in_its_callers_requests_and_not_in_their_health() {
    let fleet = Fleet::start();
    assert_eq!(fleet.control("PUT", "/services/data/causes/connection-leak"), 204);
    until("data fails", || (fleet.status("data", "/health") == 503).then_some(()));
    let line = until("api writes about it", || {
        let lines = fleet.log("api");
        lines.into_iter().find(|line| line["error"] == "dependency")
    });
    assert!(line["message"].as_str().unwrap().starts_with("data "), "{line}");
    assert_eq!(fleet.status("api", "/ready"), 200);
    let (_, ready) = get(fleet.address("api"), "/ready");
    assert!(ready.contains(r#""data":"down""#), "{ready}");
    let (status, _) = get(fleet.address("data"), "/live");
    assert_eq!(status, 200);
}

#[test]
fn no_line_of_any_log_betrays_that_a_cause_was_arranged() {
    let fleet = Fleet::start();
    for cause in [
        "delay",
        "errors",
        "connection-leak",
        "memory-leak",
        "slow-disk",
        "clock-skew",
    ] {
        assert_eq!(fleet.control("PUT", &format!("/services/data/causes/{cause}")), 204);
    }
    until("data fails", || (fleet.status("data", "/health") != 200).then_some(()));
    assert_eq!(fleet.control("DELETE", "/services/data/causes"), 204);
    for name in fleet.names() {
        for line in fleet.log(name) {
            let text = line.to_string().to_lowercase();
            let betrays = [
                "fault",
                "inject",
                "demo",
                "cause",
                "simulat",
                "connection-leak",
                "memory-leak",
                "slow-disk",
                "clock-skew",
            ];
            let said = betrays.iter().find(|word| text.contains(**word));
            assert!(said.is_none(), "{said:?} in {text}");
        }
    }
}

#[test]
fn metrics_count_real_traffic_on_every_service() {
    let fleet = Fleet::start();
    for (service, route) in [
        ("data", "/quotes/{symbol}"),
        ("auth", "/tokens"),
        ("api", "/v1/quotes/{symbol}"),
        ("web", "/pages/{symbol}"),
        ("app", "/portfolios/{user}"),
        ("execution", "/orders"),
        ("ai", "/forecasts/{symbol}"),
        ("analyze", "/reports/{symbol}"),
        ("monitor", "/summary"),
        ("main", "/overview"),
    ] {
        let wanted = format!(r#"route="{route}",status="200"}}"#);
        until(&format!("{service} answers {route}"), || {
            get(fleet.address(service), "/metrics")
                .1
                .contains(&wanted)
                .then_some(())
        });
    }
}

#[test]
fn two_fleets_run_side_by_side_and_end_with_their_supervisors() {
    let (first, second) = (Fleet::start(), Fleet::start());
    let addresses = |fleet: &Fleet| -> Vec<String> {
        fleet
            .names()
            .iter()
            .map(|name| fleet.address(name).to_owned())
            .collect()
    };
    let (of_first, of_second) = (addresses(&first), addresses(&second));
    assert!(of_first.iter().all(|address| !of_second.contains(address)));
    // Killed, the supervisor can stop nobody: the services notice by themselves.
    drop(first);
    wait_for_end(&of_first);
    for name in second.names() {
        assert_eq!(second.status(name, "/health"), 200, "{name}");
    }
    drop(second);
    wait_for_end(&of_second);
}

#[test]
fn the_control_ports_ask_for_the_token_and_refuse_nonsense() {
    let fleet = Fleet::start();
    let control = fleet.description["control_url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    assert_eq!(exchange(control, "DELETE", "/services/data/causes", "").0, 401);
    let own = fleet.description["services"]["data"]["control_url"].as_str().unwrap();
    assert_eq!(
        exchange(own.strip_prefix("http://").unwrap(), "DELETE", "/causes", "").0,
        401
    );
    assert_eq!(fleet.control("PUT", "/services/data/causes/flood"), 422);
    assert_eq!(fleet.control("PUT", "/services/nobody/causes/crash"), 422);
    // It calls nobody, so none of its addresses can be wrong.
    assert_ne!(fleet.control("PUT", "/services/data/causes/bad-configuration"), 204);
    assert_eq!(fleet.control("PUT", "/services/data/causes/dependency-down"), 422);
    assert!(is_private(&fleet.folder.path().join("fleet.json")));
}

fn is_private(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(file).unwrap().permissions().mode().trailing_zeros() >= 6
}
