//! Reading the file, the variables and the flags into one configuration. What its values are worth is judged elsewhere.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Profile, Provider,
    providers::Serialized,
    value::{Dict, Map},
};
use serde_json::Value;

use super::{
    Config,
    finding::{Finding, Severity, Wrong},
    places::Places,
    sources::{Flag, Sources, variables},
    unknown::unknown_keys,
};

/// The file that is read when none is named: in the current folder, or else in the data folder.
pub const FILE_NAME: &str = "mainstay.toml";
/// What a first start writes: every key with its default, commented out.
pub const COMMENTED_DEFAULT: &str = include_str!("../../../examples/mainstay.toml");

/// What flags say.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `--config`
    pub file: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
    /// `--data`
    pub data_dir: Option<PathBuf>,
    /// `--roles`
    pub roles: Option<Vec<String>>,
}

/// The configuration and where each value came from.
#[derive(Debug)]
pub struct Loaded {
    /// The effective configuration.
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Unknown keys.
    pub unknown: Vec<Wrong>,
    pub(super) sources: Sources,
}

impl Loaded {
    /// Where a value came from.
    pub fn origin(&self, key: &str) -> String {
        self.sources.of(key)
    }
}

/// There is no configuration to use.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error(
        "the configuration file {} cannot be read: {source}. Mend the path or its permissions, name another with --config, or \
         leave it out to start with the defaults", path.display()
    )]
    Unreadable {
        /// The file as given.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A value has the wrong type or form, or the file is no TOML.
    #[error("{finding}")]
    Wrong {
        /// The file that was read.
        file: Option<PathBuf>,
        /// What is wrong.
        finding: Finding,
    },
}

/// Loads the configuration. Whether its values make sense is asked of [`Loaded::findings`].
///
/// # Errors
/// When the file cannot be read, or a value is not of its type.
pub fn load(overrides: &Overrides) -> Result<Loaded, ConfigError> {
    let base = layers(None, overrides);
    let path = overrides.file.clone().or_else(|| default_file(&base));
    let file = path.as_deref().map(FileText::read).transpose()?;
    let figment = layers(file.as_ref(), overrides);
    let sources = Sources {
        places: file.map(|file| file.places).unwrap_or_default(),
        file: path.clone(),
        figment,
    };
    let mut config: Config = sources.figment.extract().map_err(|error| ConfigError::Wrong {
        file: path.clone(),
        finding: sources.misfit(&error),
    })?;
    for (index, webhook) in config.webhook.iter_mut().enumerate() {
        let key = format!("webhook[{index}]");
        webhook.declared_in = Some(sources.root_file().unwrap_or_else(|| sources.place(&key)));
        webhook.line = sources.places.line(&key).and_then(|line| u32::try_from(line).ok());
    }
    let unknown = sources
        .figment
        .extract::<Value>()
        .map(|given| unknown_keys(&given))
        .unwrap_or_default();
    Ok(Loaded {
        config,
        file: path,
        unknown,
        sources,
    })
}

/// The sources of values, weakest first.
fn layers(file: Option<&FileText>, overrides: &Overrides) -> Figment {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file {
        figment = figment.merge(file);
    }
    figment = figment.merge(variables());
    if let Some(listen) = overrides.listen {
        figment = figment.merge(Flag("--listen", "listen", listen.to_string()));
    }
    if let Some(data_dir) = &overrides.data_dir {
        figment = figment.merge(Flag("--data", "data_dir", data_dir.display().to_string()));
    }
    if let Some(roles) = &overrides.roles {
        figment = figment.merge(Flag("--roles", "roles", roles.clone()));
    }
    figment
}

/// The file in the current folder, else the one that a first start wrote into the data folder.
fn default_file(base: &Figment) -> Option<PathBuf> {
    let in_data = base
        .extract_inner::<PathBuf>("data_dir")
        .ok()
        .map(|data| data.join(FILE_NAME));
    [Some(PathBuf::from(FILE_NAME)), in_data]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}

/// A file's values and the lines they stand in.
#[derive(Debug)]
struct FileText {
    path: PathBuf,
    values: Dict,
    places: Places,
}

impl FileText {
    fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let no_toml = |place: String, message: String| {
            let finding = Finding {
                severity: Severity::Refused,
                key: String::new(),
                from: format!("{}{place}", path.display()),
                message,
            };
            ConfigError::Wrong {
                file: Some(path.to_owned()),
                finding,
            }
        };
        let places = Places::of(&text).map_err(|error| {
            let message = format!("this is no TOML at character {}: {}", error.column, error.why);
            no_toml(format!(":{}", error.line), message)
        })?;
        let values = toml_edit::de::from_str(&text)
            .map_err(|error| no_toml(String::new(), format!("this is no TOML: {}", error.message())))?;
        Ok(Self {
            path: path.to_owned(),
            values,
            places,
        })
    }
}

impl Provider for &FileText {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::from("TOML file", self.path.as_path())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str) -> Result<Loaded, ConfigError> {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("mainstay.toml");
        std::fs::write(&file, text).unwrap();
        load(&Overrides {
            file: Some(file),
            ..Overrides::default()
        })
    }

    fn refusal(text: &str) -> String {
        load_text(text).unwrap_err().to_string()
    }

    #[test]
    fn a_flag_beats_the_file_which_beats_the_default() {
        let loaded = load_text("listen = \"127.0.0.1:9000\"\n[watch]\nretry_ms = 200\n").unwrap();
        assert_eq!(loaded.config.listen.port(), 9000);
        assert_eq!(
            (loaded.config.watch.retry_ms, loaded.config.watch.concurrency),
            (200, 512)
        );
        let from = |key: &str| loaded.sources.of(key);
        assert!(from("listen").ends_with("mainstay.toml:1"), "{}", from("listen"));
        assert!(from("watch.retry_ms").ends_with("mainstay.toml:3"));
        assert_eq!(from("watch.concurrency"), "the default");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_file_and_line() {
        let said = refusal("[watch]\n\nconcurrency = \"many\"\n");
        assert!(
            said.ends_with("mainstay.toml:3: `watch.concurrency` is the text \"many\"; use a whole number from 0"),
            "{said}"
        );
        let said = refusal("[[webhook]]\nname = \"a\"\nurl = \"https://b\"\n[[webhook]]\nname = \"x\"\n");
        assert!(said.contains("mainstay.toml:4: `webhook[1]` lacks `url`"), "{said}");
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_line_and_character() {
        let said = refusal("listen = \"127.0.0.1:1\"\n[watch\n");
        assert!(
            said.contains("mainstay.toml:2: this is no TOML at character 7"),
            "{said}"
        );
    }

    #[test]
    fn an_address_without_a_port_is_refused_with_an_example() {
        let said = refusal("listen = \"localhost\"");
        assert!(said.contains("`listen`") && said.contains("127.0.0.1:8000"), "{said}");
    }

    #[test]
    fn a_file_that_cannot_be_read_is_said_with_what_to_do() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path().to_owned(), directory.path().join("absent.toml")] {
            let error = load(&Overrides {
                file: Some(path.clone()),
                ..Overrides::default()
            });
            let said = error.unwrap_err().to_string();
            assert!(
                said.contains(&path.display().to_string()) && said.contains("--config"),
                "{said}"
            );
        }
    }

    #[test]
    fn webhooks_know_the_file_and_line_that_declare_them() {
        let loaded = load_text("\n[[webhook]]\nname = \"a\"\nurl = \"https://b\"\n").unwrap();
        let webhook = &loaded.config.webhook[0];
        assert!(webhook.declared_in.as_ref().unwrap().ends_with("mainstay.toml"));
        assert_eq!(webhook.line, Some(2));
        assert!(loaded.sources.of("webhook[0].name").ends_with("mainstay.toml:3"));
        assert_eq!(loaded.sources.of("webhook[0].secret_file"), "the default");
    }
}
