//! The compose file, service by service.

use anyhow::{Context, anyhow, bail};
use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

/// What is broken in a compose file. `exists` tells whether a path of the repository is there.
///
/// # Errors
/// When the text is not YAML of the plain kind that compose files are written in.
pub fn check(text: &str, exists: &dyn Fn(&str) -> bool) -> anyhow::Result<Vec<String>> {
    let document = yaml(text)?;
    let services = document["services"]
        .as_object()
        .context("the compose file has no services")?;
    let mut broken = Vec::new();
    for (name, service) in services {
        let mut say = |message: String| broken.push(format!("deploy/compose.yaml: service {name}: {message}"));
        let image = service["image"].as_str();
        let build = &service["build"];
        if image.is_none() && build.is_null() {
            say("has neither image nor build".to_owned());
        }
        if build.is_null() && image.is_some_and(|image| !image.contains(':') || image.ends_with(":latest")) {
            say("its image names no version".to_owned());
        }
        if let Some(dockerfile) = build["dockerfile"].as_str()
            && (build["context"].as_str() != Some("..") || !exists(dockerfile))
        {
            say(format!("builds from {dockerfile}, which is not in the repository"));
        }
        if service["privileged"] == "true" {
            say("is privileged".to_owned());
        }
        if strings(&service["security_opt"]).all(|option| option != "no-new-privileges:true") {
            say("may gain privileges: set no-new-privileges:true".to_owned());
        }
        if !build.is_null() {
            if service["read_only"] != "true" {
                say("its root file system can be written to".to_owned());
            }
            if strings(&service["cap_drop"]).all(|capability| capability != "ALL") {
                say("keeps capabilities it does not need".to_owned());
            }
        }
        for port in strings(&service["ports"]).filter(|port| !port.starts_with("127.0.0.1:")) {
            say(format!("publishes {port} to the network; publish on 127.0.0.1"));
        }
        for volume in strings(&service["volumes"]) {
            let source = volume.split(':').next().unwrap_or_default();
            let is_path = source.starts_with('.') || source.starts_with('/');
            if !is_path && document["volumes"].get(source).is_none() {
                say(format!("uses volume {source}, which is not declared"));
            }
        }
        let needed: Vec<&str> = match &service["depends_on"] {
            Value::Object(map) => map.keys().map(String::as_str).collect(),
            list => strings(list).collect(),
        };
        for other in needed.into_iter().filter(|other| !services.contains_key(*other)) {
            say(format!("depends on {other}, which does not exist"));
        }
        for secret in strings(&service["secrets"]).filter(|secret| document["secrets"].get(secret).is_none()) {
            say(format!("uses secret {secret}, which is not declared"));
        }
    }
    Ok(broken)
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// YAML as a tree in which every scalar is text.
fn yaml(text: &str) -> anyhow::Result<Value> {
    enum Open {
        List(Vec<Value>),
        Map(Map<String, Value>, Option<String>),
    }
    let mut stack: Vec<Open> = Vec::new();
    let mut root = None;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| anyhow!("the compose file is not YAML: {error}"))?;
        let finished = match event {
            Event::SequenceStart(..) => {
                stack.push(Open::List(Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                stack.push(Open::Map(Map::new(), None));
                continue;
            }
            Event::Scalar(text, ..) => Value::String(text.into_owned()),
            Event::SequenceEnd | Event::MappingEnd => match stack.pop() {
                Some(Open::List(items)) => Value::Array(items),
                Some(Open::Map(map, _)) => Value::Object(map),
                None => bail!("line {}: something ends that never began", span.start.line()),
            },
            Event::Alias(_) => bail!("line {}: write it out instead of using an alias", span.start.line()),
            _ => continue,
        };
        match stack.last_mut() {
            None => root = Some(finished),
            Some(Open::List(items)) => items.push(finished),
            Some(Open::Map(map, key)) => match key.take() {
                Some(key) => {
                    map.insert(key, finished);
                }
                None => *key = Some(finished.as_str().context("a key is not text")?.to_owned()),
            },
        }
    }
    root.context("the compose file is empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "services:\n  mainstay:\n    build: {context: .., dockerfile: deploy/Dockerfile}\n    read_only: true\n    cap_drop: [ALL]\n    security_opt: [no-new-privileges:true]\n    volumes: [data:/data]\n    ports: [\"127.0.0.1:8000:8000\"]\nvolumes:\n  data: {}\n";

    fn broken(text: &str) -> String {
        check(text, &|path| path == "deploy/Dockerfile").unwrap().join("\n")
    }

    #[test]
    fn a_good_file_passes() {
        assert_eq!(broken(GOOD), "");
    }

    #[test]
    fn each_promise_is_missed_when_it_is_broken() {
        for (from, to, message) in [
            ("read_only: true", "read_only: false", "can be written"),
            ("cap_drop: [ALL]", "cap_drop: []", "capabilities"),
            (
                "security_opt: [no-new-privileges:true]",
                "privileged: true",
                "privileged",
            ),
            ("127.0.0.1:8000", "8000", "to the network"),
            ("volumes: [data:/data]", "volumes: [dta:/data]", "not declared"),
            ("deploy/Dockerfile", "Dockerfile", "not in the repository"),
            (
                "    read_only",
                "    depends_on: [database]\n    read_only",
                "does not exist",
            ),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert!(broken(&text).contains(message), "{message} for {text}");
        }
    }
}
