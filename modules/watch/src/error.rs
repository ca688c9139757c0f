//! What can go wrong in watch, and how a caller hears of it.

use mainstay_catalog::ServiceName;
use mainstay_http::ApiError;
use mainstay_kernel::{Environment, FieldError, InvalidCursor, Problem, ProblemKind};
use mainstay_store::StoreError;

use crate::{
    model::{check::CheckId, maintenance::MaintenanceId},
    probe::UntrustedFile,
};

/// An error of watch.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// There is no such check.
    #[error("there is no check `{0}`")]
    NoCheck(CheckId),
    /// There is no such service.
    #[error("there is no service `{name}` in {environment}")]
    NoService {
        /// The name asked for.
        name: ServiceName,
        /// Where.
        environment: Environment,
    },
    /// There is no such window.
    #[error("there is no maintenance window `{0}`")]
    NoMaintenance(MaintenanceId),
    /// The service has a check of that name.
    #[error("`{service}` already has a check `{name}`")]
    Exists {
        /// The service.
        service: ServiceName,
        /// The name.
        name: String,
    },
    /// A file under version control manages the check.
    #[error("the check `{name}` is managed by {file}")]
    FileManaged {
        /// The check.
        name: String,
        /// Where to edit instead.
        file: String,
    },
    /// A file declares the maintenance window, so deleting it would bring it back.
    #[error("the maintenance window `{name}` is declared in {file}")]
    WindowFileManaged {
        /// The window.
        name: String,
        /// Where to edit instead.
        file: String,
    },
    /// The catalog makes the check, so deleting it would bring it back.
    #[error("the check `{name}` follows from an endpoint of `{service}`")]
    Generated {
        /// The check.
        name: String,
        /// The service.
        service: ServiceName,
    },
    /// The caller's copy is out of date.
    #[error("the check was changed since it was read")]
    Stale,
    /// The content of a request is wrong.
    #[error("the request is wrong in {} places", .0.len())]
    Invalid(Vec<FieldError>),
    /// The cursor is of another list.
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    /// Mainstay stops or has not started.
    #[error("nothing is probed at the moment")]
    NotRunning,
    /// A trusted certificate cannot be read.
    #[error(transparent)]
    Certificates(#[from] UntrustedFile),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WatchError {
    /// One wrong field.
    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.to_owned(),
            message: message.into(),
        }])
    }
}

impl From<WatchError> for Problem {
    fn from(error: WatchError) -> Self {
        match error {
            WatchError::NoCheck(id) => Self::not_found(format_args!("check `{id}`; look at the list of checks")),
            WatchError::NoService { name, environment } => Self::new(
                ProblemKind::NotFound,
                "not-found",
                format!(
                    "There is no service `{name}` in {environment}. Look at the list of services, or name another `environment`."
                ),
            ),
            WatchError::NoMaintenance(id) => Self::not_found(format_args!("maintenance window `{id}`")),
            WatchError::Exists { service, name } => Self::conflict(
                "already-exists",
                format!("`{service}` already has a check called `{name}`. Change that one, or choose another name."),
            )
            .field("name", "is taken"),
            WatchError::FileManaged { name, file } => Self::conflict(
                "file-managed",
                format!("The check `{name}` is managed by {file} and cannot be changed here. Change it in that file."),
            ),
            WatchError::WindowFileManaged { name, file } => Self::conflict(
                "file-managed",
                format!(
                    "The maintenance window `{name}` is declared in {file} and would come back. Take it out of that file."
                ),
            ),
            WatchError::Generated { name, service } => Self::conflict(
                "generated",
                format!(
                    "The check `{name}` follows from an endpoint of `{service}` in the catalog and would come back. Pause it, or \
                     remove the endpoint."
                ),
            ),
            WatchError::Stale => Self::new(
                ProblemKind::Stale,
                "stale",
                "Somebody changed this check since you read it. Read it again and repeat your change.",
            ),
            WatchError::Invalid(errors) => {
                let detail = match errors.as_slice() {
                    [one] => format!(
                        "The field `{}` is wrong: {}.",
                        one.field,
                        one.message.trim_end_matches('.')
                    ),
                    many => format!("{} fields are wrong; see `errors`.", many.len()),
                };
                let mut problem = Self::invalid("invalid-body", detail);
                problem.errors = errors;
                problem
            }
            WatchError::Cursor(error) => Self::invalid("invalid-cursor", error.to_string()),
            WatchError::NotRunning => Self::new(
                ProblemKind::Unavailable,
                "not-probing",
                "The check was not run: it was removed meanwhile, or Mainstay is just starting or stopping. Try again in a moment.",
            ),
            WatchError::Certificates(error) => Self::new(ProblemKind::Internal, "internal", error.to_string()),
            WatchError::Store(error) => error.into(),
        }
    }
}

impl From<WatchError> for ApiError {
    fn from(error: WatchError) -> Self {
        Problem::from(error).into()
    }
}
