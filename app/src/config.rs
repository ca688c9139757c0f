//! Configuration: parsed once, from a TOML file, `MAINSTAY_*` variables and flags, in that order of strength.
//!
//! **Invariant:** no other file of Mainstay reads the environment.

mod explain;
mod finding;
mod judge;
mod load;
mod places;
mod reload;
mod settings;
mod sources;
mod unknown;
mod words;

use std::{net::SocketAddr, path::PathBuf};

use mainstay_kernel::Environment;
use mainstay_work::Role;
use serde::{Deserialize, Serialize};

pub use explain::{Setting, explain};
pub use finding::{Finding, Severity};
pub use load::{COMMENTED_DEFAULT, ConfigError, FILE_NAME, Loaded, Overrides, load};
pub use reload::{Change, TakesEffect};

/// Everything that can be configured, with its defaults. The keys are those of the TOML file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Where the API and the dashboard are served.
    pub listen: SocketAddr,
    /// Where people find the dashboard, for links in messages; `http://` and `listen` when absent.
    pub public_url: Option<String>,
    /// Where the embedded database and its lock live.
    pub data_dir: PathBuf,
    /// The environment that the services found in imports belong to.
    pub environment: Environment,
    /// The shares of the work that this process does: `api`, `watch`, `page`, `work`.
    pub roles: Vec<String>,
    /// Marks the dashboard as showing a demo.
    pub demo: bool,
    /// Which database.
    pub database: DatabaseSection,
    /// What is logged, and how.
    pub log: LogSection,
    /// Where Mainstay's own traces go.
    pub telemetry: TelemetrySection,
    /// What is imported at every start.
    pub catalog: CatalogSection,
    /// How services are probed.
    pub watch: WatchSection,
    /// Which addresses webhooks may reach.
    pub egress: EgressSection,
    /// The sign of life that Mainstay sends out.
    pub heartbeat: HeartbeatSection,
    /// Backups that are taken by themselves.
    pub backup: BackupSection,
    /// Who may do what.
    pub auth: AuthSection,
    /// Who is told about alerts, besides the webhooks made in the dashboard.
    pub webhook: Vec<WebhookSection>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8000)),
            public_url: None,
            data_dir: PathBuf::from("mainstay-data"),
            environment: Environment::production(),
            roles: Role::ALL.iter().map(ToString::to_string).collect(),
            demo: false,
            database: DatabaseSection::default(),
            log: LogSection::default(),
            telemetry: TelemetrySection::default(),
            catalog: CatalogSection::default(),
            watch: WatchSection::default(),
            egress: EgressSection::default(),
            heartbeat: HeartbeatSection::default(),
            backup: BackupSection::default(),
            auth: AuthSection::default(),
            webhook: Vec::new(),
        }
    }
}

/// Which database.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DatabaseSection {
    /// `postgresql://...` or `sqlite://path`; without it a SQLite file in the data directory.
    pub url: Option<String>,
    /// A file that holds the URL, for secrets kept outside the configuration.
    pub url_file: Option<PathBuf>,
    /// Connections for reading (SQLite) or for everything (PostgreSQL).
    pub connections: Option<u32>,
}

/// What is logged, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSection {
    /// A level, or levels by target: `info,mainstay_watch=debug`.
    pub filter: String,
    /// `auto`, `text` or `json`.
    pub format: String,
}

impl Default for LogSection {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            format: "auto".to_owned(),
        }
    }
}

/// Where Mainstay's own traces go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TelemetrySection {
    /// OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`.
    pub otlp_endpoint: Option<String>,
}

/// What is imported at every start.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CatalogSection {
    /// Files and folders.
    pub import: Vec<PathBuf>,
}

/// How services are probed unless a check says otherwise.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct WatchSection {
    /// Time between two probes of a check.
    pub default_interval_ms: u64,
    /// Time after which a probe counts as failed.
    pub default_timeout_ms: u64,
    /// Time to the next probe after a first failure.
    pub retry_ms: u64,
    /// Probes under way at once.
    pub concurrency: usize,
    /// The folder of the files that headers of checks take their values from.
    pub secrets_folder: Option<PathBuf>,
    /// PEM files with certificates to trust beside the operating system's.
    pub trusted_certificates: Vec<PathBuf>,
    /// How long the history of checks is kept.
    pub retention: RetentionSection,
}

/// For how many days each kind of history is kept; the coarser, the longer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "the keys of the file name their unit")]
pub struct RetentionSection {
    /// Single probes.
    pub raw_days: u32,
    /// Points of a minute.
    pub minute_days: u32,
    /// Points of five minutes, and the counts of objectives: no objective may have a longer window.
    pub five_minutes_days: u32,
    /// Points of an hour, and changes of services' states.
    pub hour_days: u32,
}

impl Default for RetentionSection {
    fn default() -> Self {
        Self {
            raw_days: 7,
            minute_days: 100,
            five_minutes_days: 400,
            hour_days: 5 * 366,
        }
    }
}

impl Default for WatchSection {
    fn default() -> Self {
        Self {
            default_interval_ms: 15_000,
            default_timeout_ms: 5_000,
            retry_ms: 1_000,
            concurrency: 512,
            secrets_folder: None,
            trusted_certificates: Vec::new(),
            retention: RetentionSection::default(),
        }
    }
}

/// Which addresses webhooks may reach besides public ones.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct EgressSection {
    /// Networks (`10.0.0.0/8`) and host names.
    pub allow: Vec<String>,
    /// Whether this machine itself may be called.
    pub allow_loopback: bool,
}

/// The sign of life that Mainstay sends out, so that someone notices when it is gone.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct HeartbeatSection {
    /// Where to; nothing is sent without it.
    pub url: Option<String>,
    /// Seconds between two signs.
    pub interval_s: u64,
}

impl Default for HeartbeatSection {
    fn default() -> Self {
        Self {
            url: None,
            interval_s: 60,
        }
    }
}

/// Backups that Mainstay takes by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct BackupSection {
    /// Where they are kept; none are taken without it.
    pub folder: Option<PathBuf>,
    /// When one is taken: minute, hour, day of month, month, day of week.
    pub schedule: String,
    /// The time zone of the schedule.
    pub time_zone: String,
    /// How many of the newest are kept.
    pub keep: usize,
}

impl Default for BackupSection {
    fn default() -> Self {
        Self {
            folder: None,
            schedule: "30 3 * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            keep: 14,
        }
    }
}

/// Who may do what.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthSection {
    /// Whether every request has to say who makes it; health and signing in aside.
    pub required: bool,
    /// The file with the key that secrets in the database are sealed with; `sealing.key` in the data directory when absent.
    pub sealing_key_file: Option<PathBuf>,
}

/// A webhook kept in the configuration file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct WebhookSection {
    /// Its name in the dashboard.
    pub name: String,
    /// Where alerts are sent.
    pub url: String,
    /// `mainstay` or `alertmanager`.
    #[serde(default = "default_format")]
    pub format: String,
    /// A file that holds the signing secret (`whsec_...`).
    pub secret_file: Option<PathBuf>,
    /// The file (or variable) it stands in; found out while loading.
    #[serde(skip)]
    pub declared_in: Option<String>,
    /// The line of the file.
    #[serde(skip)]
    pub line: Option<u32>,
}

fn default_format() -> String {
    "mainstay".to_owned()
}
