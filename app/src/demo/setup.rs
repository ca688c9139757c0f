//! The files Mainstay is started with: the declarations of the demo fleet at its real addresses, the webhook's secret,
//! and a configuration that names them.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{fleet::private_file, options::Pace, receiver::Secret, registry::Registry};

const SERVICES: &str = include_str!("../../../examples/demo/services.yaml");
const OBJECTIVES: &str = include_str!("../../../examples/demo/objectives.yaml");
/// The window as the example writes it.
const WINDOW: &str = "window: 30d";

/// What the configuration is made of.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Where everything is kept.
    pub folder: &'a Path,
    /// The registry as it is bundled.
    pub original: &'a Registry,
    /// The registry with real addresses, and its file.
    pub relocated: (&'a Registry, &'a Path),
    /// Where deliveries go, and with which secret they are signed.
    pub webhook: (&'a str, &'a Secret),
    /// Where Mainstay listens.
    pub listen: SocketAddr,
    /// How fast the story is told.
    pub pace: Pace,
}

impl Setup<'_> {
    /// Writes everything and answers the path of the configuration.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write(&self) -> Result<PathBuf> {
        let services = self.folder.join("services.yaml");
        let objectives = self.folder.join("objectives.yaml");
        let secret = self.folder.join("webhook-secret");
        let configuration = self.folder.join("mainstay.toml");
        public_file(&services, &self.at_real_addresses(SERVICES))?;
        let window = format!("window: {}s", self.pace.window_s);
        public_file(&objectives, &OBJECTIVES.replace(WINDOW, &window))?;
        private_file(&secret, &format!("{}\n", self.webhook.1.to_text()))?;
        let imports = [self.relocated.1, services.as_path(), objectives.as_path()];
        public_file(&configuration, &self.configuration(&imports, &secret).to_string())?;
        Ok(configuration)
    }

    fn configuration(&self, imports: &[&Path], secret: &Path) -> DocumentMut {
        let text = |path: &Path| path.display().to_string();
        let mut document = DocumentMut::new();
        document["listen"] = value(self.listen.to_string());
        document["data_dir"] = value(text(&self.folder.join("data")));
        document["catalog"] = Item::Table(Table::new());
        document["catalog"]["import"] = value(imports.iter().map(|path| text(path)).collect::<Array>());
        document["watch"] = Item::Table(Table::new());
        document["watch"]["default_interval_ms"] = value(number(self.pace.interval_ms));
        document["watch"]["default_timeout_ms"] = value(number(self.pace.timeout_ms));
        document["watch"]["retry_ms"] = value(1_000);
        document["demo"] = value(true);
        document["egress"] = Item::Table(Table::new());
        document["egress"]["allow"] = value(Array::from_iter(["127.0.0.0/8"]));
        let mut webhook = Table::new();
        webhook["name"] = value("demo-receiver");
        webhook["url"] = value(self.webhook.0);
        webhook["secret_file"] = value(text(secret));
        webhook["format"] = value("mainstay");
        let mut webhooks = ArrayOfTables::new();
        webhooks.push(webhook);
        document["webhook"] = Item::ArrayOfTables(webhooks);
        document
    }

    fn at_real_addresses(&self, declarations: &str) -> String {
        let moved = self.relocated.0.services();
        let pairs = self
            .original
            .services()
            .iter()
            .filter_map(|(name, entry)| Some((entry, moved.get(name)?)));
        pairs.fold(declarations.to_owned(), |text, (before, after)| {
            text.replace(&format!("{}/", before.base_url), &format!("{}/", after.base_url))
        })
    }
}

fn public_file(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::World;

    use super::*;
    use crate::demo::registry::BUNDLED;

    #[test]
    fn declarations_move_to_the_real_addresses_and_the_window_follows_the_pace() {
        let folder = tempfile::tempdir().unwrap();
        let original = Registry::parse(BUNDLED).unwrap();
        let addresses = original
            .services()
            .keys()
            .cloned()
            .zip((20_000..).map(|port| SocketAddr::from(([127, 0, 0, 1], port))));
        let relocated = original.relocated(&addresses.collect()).unwrap();
        let registry_file = folder.path().join("service_registry.json");
        let secret = Secret::random(&World::system());
        let setup = Setup {
            folder: folder.path(),
            original: &original,
            relocated: (&relocated, &registry_file),
            webhook: ("http://127.0.0.1:9/hook", &secret),
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            pace: Pace::COMPRESSED,
        };
        let configuration = fs::read_to_string(setup.write().unwrap()).unwrap();
        assert!(configuration.contains("default_interval_ms = 1000"), "{configuration}");
        assert!(configuration.contains("[[webhook]]"), "{configuration}");

        let services = fs::read_to_string(folder.path().join("services.yaml")).unwrap();
        for (name, entry) in relocated.services() {
            assert!(
                services.contains(&format!("{}/ready", entry.base_url)),
                "{name} was not moved"
            );
        }
        let remaining = services.matches("http://").count();
        assert_eq!(remaining, services.matches("http://127.0.0.1:").count());

        let objectives = fs::read_to_string(folder.path().join("objectives.yaml")).unwrap();
        assert_eq!(
            objectives.matches("window: 1200s").count(),
            objectives.matches("kind: Slo").count()
        );
    }
}
