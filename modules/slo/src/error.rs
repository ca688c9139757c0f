//! What can go wrong with objectives, and what to say about it.

use mainstay_kernel::{FieldError, Problem, ProblemKind};
use mainstay_store::StoreError;
use mainstay_watch::WatchError;

use crate::model::SloId;

/// An error of the objectives.
#[derive(Debug, thiserror::Error)]
pub enum SloError {
    /// There is no such SLO.
    #[error("there is no SLO {0}")]
    NotFound(SloId),
    /// The definition breaks rules.
    #[error("the definition of the SLO is wrong")]
    Invalid(Vec<FieldError>),
    /// The definition stands in a file.
    #[error("the SLO {name} is managed by {file}")]
    FileManaged {
        /// The SLO's name.
        name: String,
        /// The file, and the line when known.
        file: String,
    },
    /// Another SLO of the environment has the name.
    #[error("an SLO named {0} exists")]
    NameTaken(String),
    /// Somebody else changed it first.
    #[error("the SLO was changed by somebody else")]
    Stale,
    /// The watch could not say what it was asked.
    #[error(transparent)]
    Watch(#[from] WatchError),
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SloError> for Problem {
    fn from(error: SloError) -> Self {
        match error {
            SloError::NotFound(id) => Problem::not_found(format_args!("SLO `{id}`")),
            SloError::Invalid(errors) => {
                let first = errors
                    .first()
                    .map_or_else(String::new, |error| format!(" `{}`: {}.", error.field, error.message));
                let mut problem = Problem::invalid("invalid-slo", format!("This SLO cannot be promised.{first}"));
                problem.errors = errors;
                problem
            }
            SloError::FileManaged { name, file } => Problem::conflict(
                "file-managed",
                format!("The SLO `{name}` is managed by {file}. Change it there and import the file again."),
            ),
            SloError::NameTaken(name) => Problem::conflict(
                "name-taken",
                format!("There is already an SLO named `{name}` in this environment. Choose another name."),
            )
            .field("name", "is taken"),
            SloError::Stale => Problem::new(
                ProblemKind::Stale,
                "stale",
                "Somebody changed this SLO since you read it. Read it again and repeat your change.",
            ),
            SloError::Watch(error) => error.into(),
            SloError::Store(error) => error.into(),
        }
    }
}
