//! Reading the file, the variables and the flags, and saying clearly what is wrong with them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use figment::{
    Figment, Provider,
    providers::{Env, Format, Serialized, Toml},
    value::{Dict, Map},
};
use serde_json::Value;

use super::Config;

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
}

/// The configuration, where each value came from, and what looks like a mistake.
#[derive(Debug)]
pub struct Loaded {
    /// The effective configuration.
    pub config: Config,
    /// The file that was read.
    pub file: Option<PathBuf>,
    /// Unknown keys, as sentences.
    pub warnings: Vec<String>,
    pub(super) figment: Figment,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The named file cannot be read.
    #[error("cannot read the configuration file {}", path.display())]
    Unreadable {
        /// The file as given.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A value has the wrong type or form.
    #[error("the configuration is wrong: {0}")]
    Invalid(String),
    /// The address is not a loopback one.
    #[error(
        "refusing to listen on {0}: anybody who reaches that address could change everything, because there are no accounts \
         yet. Listen on 127.0.0.1 or [::1], and reach it from elsewhere through an SSH tunnel"
    )]
    NotLoopback(SocketAddr),
}

/// Loads the configuration.
///
/// # Errors
/// When a value is wrong or the address is not a loopback one. Unknown keys only warn.
pub fn load(overrides: &Overrides) -> Result<Loaded, ConfigError> {
    let base = layers(None, overrides);
    let file = match &overrides.file {
        Some(path) => {
            std::fs::metadata(path).map_err(|source| ConfigError::Unreadable {
                path: path.clone(),
                source,
            })?;
            Some(path.clone())
        }
        None => default_file(&base),
    };
    let figment = layers(file.as_deref(), overrides);
    let config: Config = figment
        .extract()
        .map_err(|error| ConfigError::Invalid(describe(&error)))?;
    if !config.listen.ip().is_loopback() {
        return Err(ConfigError::NotLoopback(config.listen));
    }
    let warnings = unknown_keys(&figment);
    Ok(Loaded {
        config,
        file,
        warnings,
        figment,
    })
}

/// The sources of values, weakest first.
fn layers(file: Option<&Path>, overrides: &Overrides) -> Figment {
    let mut figment = Figment::from(Serialized::defaults(Config::default()));
    if let Some(file) = file {
        figment = figment.merge(Toml::file(file));
    }
    figment = figment.merge(
        Env::prefixed("MAINSTAY_")
            .split("__")
            .ignore(&["server", "token", "test_postgres"]),
    );
    if let Some(listen) = overrides.listen {
        figment = figment.merge(Flag("--listen", "listen", listen.to_string()));
    }
    if let Some(data_dir) = &overrides.data_dir {
        figment = figment.merge(Flag("--data", "data_dir", data_dir.display().to_string()));
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

/// One value from the command line, so that its origin can be named.
struct Flag(&'static str, &'static str, String);

impl Provider for Flag {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(format!("flag {}", self.0))
    }

    fn data(&self) -> Result<Map<figment::Profile, Dict>, figment::Error> {
        Serialized::default(self.1, self.2.clone()).data()
    }
}

fn describe(error: &figment::Error) -> String {
    let mut parts = Vec::new();
    for error in error.clone() {
        let key = error.path.join(".");
        let from = error.metadata.as_ref().map(origin).unwrap_or_default();
        parts.push(match (key.as_str(), from.as_str()) {
            ("", "") => error.kind.to_string(),
            ("", from) => format!("{} (from {from})", error.kind),
            (key, "") => format!("`{key}`: {}", error.kind),
            (key, from) => format!("`{key}`: {} (from {from})", error.kind),
        });
    }
    parts.join("; ")
}

/// Where a value came from, in words.
pub(super) fn origin(metadata: &figment::Metadata) -> String {
    match &metadata.source {
        Some(figment::Source::File(path)) => path.display().to_string(),
        _ if metadata.name.contains("environment variable") => "an environment variable MAINSTAY_*".to_owned(),
        _ if metadata.name.starts_with("flag ") => metadata.name.to_string(),
        _ => "the default".to_owned(),
    }
}

/// Keys that mean nothing, each with the nearest one that does.
fn unknown_keys(figment: &Figment) -> Vec<String> {
    let known = serde_json::to_value(Config::default()).unwrap_or_default();
    let Ok(given) = figment.extract::<Value>() else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    compare("", &given, &known, &mut warnings);
    warnings
}

fn compare(prefix: &str, given: &Value, known: &Value, warnings: &mut Vec<String>) {
    let (Value::Object(given), Value::Object(known)) = (given, known) else {
        return;
    };
    for (key, value) in given {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        if let Some(expected) = known.get(key) {
            compare(&path, value, expected, warnings);
            continue;
        }
        let nearest = known
            .keys()
            .map(|candidate| (distance(key, candidate), candidate))
            .min()
            .filter(|(distance, _)| *distance <= 1 + key.len() / 3);
        warnings.push(match nearest {
            Some((_, candidate)) => format!("unknown key `{path}`; did you mean `{candidate}`?"),
            None => format!("unknown key `{path}`; it has no effect"),
        });
    }
}

/// Edit distance (Levenshtein), for a hint.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
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

    #[test]
    fn a_flag_beats_the_file_which_beats_the_default() {
        let loaded = load_text("listen = \"127.0.0.1:9000\"\n[watch]\nretry_ms = 200\n").unwrap();
        assert_eq!(loaded.config.listen.port(), 9000);
        assert_eq!(
            (loaded.config.watch.retry_ms, loaded.config.watch.concurrency),
            (200, 512)
        );
    }

    #[test]
    fn an_unknown_key_warns_and_names_the_nearest_known_one() {
        let loaded = load_text("[watch]\nretry_msec = 200\n").unwrap();
        assert_eq!(
            loaded.warnings,
            ["unknown key `watch.retry_msec`; did you mean `retry_ms`?"]
        );
    }

    #[test]
    fn a_wrong_value_is_named_with_its_file() {
        let error = load_text("[watch]\nconcurrency = \"many\"\n").unwrap_err().to_string();
        assert!(
            error.contains("`watch.concurrency`") && error.contains("mainstay.toml"),
            "{error}"
        );
    }

    #[test]
    fn an_address_beyond_loopback_is_refused() {
        let error = load_text("listen = \"0.0.0.0:8000\"").unwrap_err();
        assert!(matches!(error, ConfigError::NotLoopback(_)), "{error}");
    }
}
