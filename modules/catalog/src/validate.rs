//! What a person may write into a service. Pure; the words are for that person.

use std::collections::BTreeSet;

use mainstay_kernel::FieldError;
use url::Url;

use crate::model::{Endpoint, ServiceName, ServiceSpec};

const MAX_URL: usize = 2000;
const MAX_SHORT_TEXT: usize = 200;
const MAX_DESCRIPTION: usize = 4000;
const MAX_LINKS: usize = 50;
const MAX_DEPENDENCIES: usize = 10_000;

/// Everything that is wrong with the service; `known` answers whether a name is a service that may be depended on.
pub(crate) fn service(spec: &ServiceSpec, known: impl Fn(&ServiceName) -> bool) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let mut wrong = |field: String, message: String| errors.push(FieldError { field, message });

    for (name, value, most) in [
        ("description", &spec.description, MAX_DESCRIPTION),
        ("owner", &spec.owner, MAX_SHORT_TEXT),
    ] {
        if let Some(message) = value.as_deref().and_then(|value| text(value, most)) {
            wrong(name.to_owned(), message);
        }
    }

    if spec.links.len() > MAX_LINKS {
        wrong(
            "links".to_owned(),
            format!("has {} links; at most {MAX_LINKS} are kept", spec.links.len()),
        );
    }
    for (at, link) in spec.links.iter().enumerate() {
        if let Some(message) = text(&link.title, MAX_SHORT_TEXT) {
            wrong(format!("links[{at}].title"), message);
        }
        if let Some(message) = url(&link.url, false) {
            wrong(format!("links[{at}].url"), message);
        }
    }

    let mut kinds = BTreeSet::new();
    for (at, Endpoint { kind, url: address }) in spec.endpoints.iter().enumerate() {
        if !kinds.insert(kind) {
            wrong(
                format!("endpoints[{at}].kind"),
                format!("is the second `{kind}` endpoint; a service has at most one of each kind"),
            );
        }
        if let Some(message) = url(address, true) {
            wrong(format!("endpoints[{at}].url"), message);
        }
    }

    if spec.dependencies.len() > MAX_DEPENDENCIES {
        wrong(
            "dependencies".to_owned(),
            format!(
                "has {} entries; at most {MAX_DEPENDENCIES} are kept",
                spec.dependencies.len()
            ),
        );
    }
    let mut needed = BTreeSet::new();
    for (at, dependency) in spec.dependencies.iter().enumerate() {
        let name = &dependency.service;
        let message = if *name == spec.name {
            Some("is the service itself".to_owned())
        } else if !needed.insert(name) {
            Some(format!("names `{name}` a second time"))
        } else if !known(name) {
            Some(format!(
                "names `{name}`, which is no service in {}; create it first",
                spec.environment
            ))
        } else {
            None
        };
        if let Some(message) = message {
            wrong(format!("dependencies[{at}].service"), message);
        }
    }
    errors
}

/// What is wrong with a text that is shown and stored.
fn text(value: &str, most: usize) -> Option<String> {
    if value.trim().is_empty() {
        return Some("is empty; leave it out or give it a value".to_owned());
    }
    if value.chars().count() > most {
        return Some(format!("is longer than {most} characters"));
    }
    let control = value
        .chars()
        .any(|char| char.is_control() && !matches!(char, '\n' | '\t' | '\r'));
    control.then(|| "holds a control character".to_owned())
}

/// What is wrong with an address; `tcp://host:port` is one only where something is probed.
pub(crate) fn url(address: &str, tcp: bool) -> Option<String> {
    if address.len() > MAX_URL {
        return Some(format!("is longer than {MAX_URL} characters"));
    }
    let expected = if tcp {
        "must be an absolute URL such as `http://api:8001/health` or `tcp://db:5432`"
    } else {
        "must be an absolute URL such as `https://wiki.example.com/api`"
    };
    let Ok(parsed) = Url::parse(address) else {
        return Some(expected.to_owned());
    };
    let host = parsed.host_str().is_some_and(|host| !host.is_empty());
    match parsed.scheme() {
        "http" | "https" if host => None,
        "tcp" if tcp && host && parsed.port().is_some() => None,
        "tcp" if tcp => Some("needs a port, as in `tcp://db:5432`".to_owned()),
        _ => Some(expected.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::Environment;

    use super::*;
    use crate::model::{Dependency, DependencyKind, EndpointKind, Link};

    fn name(text: &str) -> ServiceName {
        ServiceName::parse(text).unwrap()
    }

    fn api() -> ServiceSpec {
        ServiceSpec::named(name("api"), Environment::production())
    }

    fn fields(spec: &ServiceSpec) -> Vec<String> {
        service(spec, |other| other.as_str() == "data")
            .into_iter()
            .map(|error| error.field)
            .collect()
    }

    #[test]
    fn every_wrong_field_is_named_by_its_path() {
        let spec = ServiceSpec {
            owner: Some(" ".to_owned()),
            description: Some("bell\u{7}".to_owned()),
            links: vec![Link {
                title: "Wiki".to_owned(),
                url: "javascript:alert(1)".to_owned(),
            }],
            endpoints: ["http://api/", "http://api/2"]
                .map(|url| Endpoint {
                    kind: EndpointKind::Health,
                    url: url.to_owned(),
                })
                .into(),
            dependencies: ["data", "data", "api", "nobody"]
                .map(|other| Dependency {
                    service: name(other),
                    kind: DependencyKind::Hard,
                })
                .into(),
            ..api()
        };
        assert_eq!(
            fields(&spec),
            [
                "description",
                "owner",
                "links[0].url",
                "endpoints[1].kind",
                "dependencies[1].service",
                "dependencies[2].service",
                "dependencies[3].service",
            ]
        );
    }

    #[test]
    fn an_endpoint_may_be_a_port_and_a_link_may_not() {
        assert_eq!(url("tcp://db:5432", true), None);
        assert!(url("tcp://db:5432", false).is_some());
        assert!(url("tcp://db", true).unwrap().contains("port"));
        for bad in ["", "api:80", "/health", "http://", "ftp://a/"] {
            assert!(url(bad, true).is_some(), "{bad}");
        }
    }
}
