//! The service registry file (schema 1.2): which services the demo fleet has, where they listen and whom they call.
//!
//! Reads and rewrites the file as JSON, so that fields it does not know survive. It must not know how a fleet is run.

use std::{collections::BTreeMap, fs, net::SocketAddr, path::Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::Value;

/// The registry the demo starts with when no other file is named.
pub const BUNDLED: &str = include_str!("../../../examples/demo/service_registry.json");

/// The dependency that stands for every other service: its bearer observes and needs nobody.
const EVERYONE: &str = "all";

/// A registry file and what was understood of it.
#[derive(Debug, Clone)]
pub struct Registry {
    document: Value,
    services: BTreeMap<String, Entry>,
}

/// One service as the registry describes it.
#[derive(Debug, Clone, Deserialize)]
pub struct Entry {
    /// Where the service answers, without a path.
    pub base_url: String,
    /// Names of the services it calls, or `all`.
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Registry {
    /// Reads a registry file.
    ///
    /// # Errors
    /// When the file cannot be read, is no JSON, or names a dependency it does not describe.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read the registry {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("{} is no service registry", path.display()))
    }

    /// Understands the text of a registry file.
    ///
    /// # Errors
    /// As [`Registry::read`].
    pub fn parse(text: &str) -> Result<Self> {
        let document: Value = serde_json::from_str(text)?;
        let services: BTreeMap<String, Entry> = BTreeMap::deserialize(&document["services"])
            .context("`services` must map names to `base_url` and `dependencies`")?;
        for (name, entry) in &services {
            for dependency in &entry.dependencies {
                if dependency != EVERYONE && !services.contains_key(dependency) {
                    bail!("{name} depends on {dependency}, which the registry does not describe");
                }
            }
        }
        Ok(Self { document, services })
    }

    /// Every service with its entry, by name.
    pub fn services(&self) -> &BTreeMap<String, Entry> {
        &self.services
    }

    /// The services `name` calls to do its work.
    pub fn calls(&self, name: &str) -> Vec<&str> {
        let named = self
            .services
            .get(name)
            .into_iter()
            .flat_map(|entry| &entry.dependencies);
        named
            .map(String::as_str)
            .filter(|dependency| *dependency != EVERYONE)
            .collect()
    }

    /// The services `name` looks at without needing them.
    pub fn observes(&self, name: &str) -> Vec<&str> {
        let observer = self
            .services
            .get(name)
            .is_some_and(|entry| entry.dependencies.iter().any(|dependency| dependency == EVERYONE));
        let others = self.services.keys().map(String::as_str);
        others.filter(|other| observer && *other != name).collect()
    }

    /// The same registry with every service moved to the given address; paths of the URLs stay.
    ///
    /// # Errors
    /// When a service has no address in the map, or one of its URLs is none.
    pub fn relocated(&self, addresses: &BTreeMap<String, SocketAddr>) -> Result<Self> {
        let mut document = self.document.clone();
        for name in self.services.keys() {
            let address = addresses
                .get(name)
                .with_context(|| format!("{name} was given no address"))?;
            let entry = &mut document["services"][name];
            entry["port"] = address.port().into();
            if let Some(fields) = entry.as_object_mut() {
                // The port inside a container means nothing for a process of its own.
                fields.remove("port_docker");
                fields.remove("note");
            }
            for field in ["base_url", "health_url"] {
                let url = entry[field].as_str().unwrap_or_default();
                let uri: http::Uri = url
                    .parse()
                    .with_context(|| format!("{field} of {name} is `{url}`, which is no URL"))?;
                let path = uri.path().trim_end_matches('/');
                entry[field] = format!("http://{address}{path}").into();
            }
        }
        Self::parse(&document.to_string())
    }

    /// The file's text.
    pub fn to_text(&self) -> String {
        format!("{:#}\n", self.document)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_bundled_registry_describes_ten_services() {
        let registry = Registry::parse(BUNDLED).unwrap();
        let names: Vec<_> = registry.services().keys().map(String::as_str).collect();
        let expected = [
            "ai",
            "analyze",
            "api",
            "app",
            "auth",
            "data",
            "execution",
            "main",
            "monitor",
            "web",
        ];
        assert_eq!(names, expected);
        assert_eq!(registry.calls("execution"), ["api", "data"]);
        assert_eq!(registry.calls("monitor"), Vec::<&str>::new());
        assert_eq!(registry.observes("monitor").len(), 9);
        assert!(registry.observes("web").is_empty());
    }

    #[test]
    fn a_relocated_registry_keeps_paths_and_dependencies() {
        let registry = Registry::parse(BUNDLED).unwrap();
        let addresses: BTreeMap<_, _> = registry
            .services()
            .keys()
            .zip(20_000..)
            .map(|(name, port)| (name.clone(), SocketAddr::from((Ipv4Addr::LOCALHOST, port))))
            .collect();
        let moved = registry.relocated(&addresses).unwrap();
        assert_eq!(
            moved.services()["data"].base_url,
            format!("http://{}", addresses["data"])
        );
        let health_url = &moved.document["services"]["data"]["health_url"];
        assert_eq!(*health_url, format!("http://{}/health", addresses["data"]));
        assert_eq!(moved.calls("app"), registry.calls("app"));
        assert_eq!(moved.document["version"], "1.2");
    }

    #[test]
    fn an_undescribed_dependency_is_refused_by_name() {
        let text = r#"{"services":{"a":{"base_url":"http://a","health_url":"http://a/health","dependencies":["b"]}}}"#;
        let error = Registry::parse(text).unwrap_err().to_string();
        assert!(error.contains("a depends on b"), "{error}");
    }
}
