//! Who did something: a person, Mainstay itself, or a file under version control.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The originator of a change, recorded beside the change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Actor {
    /// Mainstay's own background work; `task` names which.
    System {
        /// The name of the background task.
        task: String,
    },
    /// A person at the loopback address, before accounts exist.
    Local,
    /// Somebody who is signed in.
    Person {
        /// Their account.
        id: Uuid,
        /// What they signed in as.
        name: String,
    },
    /// A program with an API token.
    Token {
        /// What its owner calls it.
        name: String,
        /// The account it stands for.
        owner: Uuid,
        /// What that account is called.
        owner_name: String,
    },
    /// A configuration file; edits in the dashboard are refused for what it manages.
    File {
        /// The file's path as the user gave it.
        path: String,
    },
}

impl Actor {
    /// The actor in a few words, for a change log or an alert's timeline.
    pub fn label(&self) -> String {
        match self {
            Self::System { task } => format!("mainstay ({task})"),
            Self::Local => "local user".to_owned(),
            Self::Person { name, .. } => name.clone(),
            Self::Token { name, owner_name, .. } => format!("{owner_name} ({name})"),
            Self::File { path } => path.clone(),
        }
    }
}
