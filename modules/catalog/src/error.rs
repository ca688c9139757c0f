//! What can go wrong in the catalog, and how a caller hears of it.

use mainstay_http::ApiError;
use mainstay_kernel::{Environment, FieldError, Problem, ProblemKind};
use mainstay_store::StoreError;

use crate::{import::ReadPathsError, model::ServiceName};

/// An error of the catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// There is no such service.
    #[error("there is no service `{name}` in {environment}")]
    NoService {
        /// The name asked for.
        name: ServiceName,
        /// Where.
        environment: Environment,
    },
    /// There is no such import.
    #[error("there is no import `{0}`")]
    NoImport(uuid::Uuid),
    /// A service of that name exists.
    #[error("there already is a service `{name}` in {environment}")]
    Exists {
        /// The name.
        name: ServiceName,
        /// Where.
        environment: Environment,
    },
    /// A file under version control manages the object.
    #[error("`{what}` is managed by the file {file}")]
    FileManaged {
        /// The service or file.
        what: String,
        /// Where to edit instead.
        file: String,
    },
    /// The caller's copy is out of date.
    #[error("`{name}` was changed since it was read")]
    Stale {
        /// The service.
        name: ServiceName,
    },
    /// The content of a request is wrong.
    #[error("the request is wrong in {} places", .0.len())]
    Invalid(Vec<FieldError>),
    /// The analysis of the files did not finish.
    #[error("the analysis of the files stopped: {0}")]
    Analysis(#[source] tokio::task::JoinError),
    /// Configured files cannot be read from disk.
    #[error(transparent)]
    Read(#[from] ReadPathsError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<CatalogError> for Problem {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::NoService { name, environment } => Self::new(
                ProblemKind::NotFound,
                "not-found",
                format!(
                    "There is no service `{name}` in {environment}. Look at the list of services, or name another `environment`."
                ),
            ),
            CatalogError::NoImport(id) => Self::not_found(format_args!("import `{id}`; only the newest are kept")),
            CatalogError::Exists { name, environment } => Self::conflict(
                "already-exists",
                format!(
                    "There already is a service `{name}` in {environment}. Change that one, or choose another name."
                ),
            )
            .field("name", "is taken"),
            CatalogError::FileManaged { what, file } => Self::conflict(
                "file-managed",
                format!("`{what}` is managed by the file {file} and cannot be changed here. Change it in that file."),
            ),
            CatalogError::Stale { name } => Self::new(
                ProblemKind::Stale,
                "stale",
                format!("Somebody changed `{name}` since you read it. Read it again and repeat your change."),
            ),
            CatalogError::Invalid(errors) => {
                let detail = match errors.as_slice() {
                    [only] => format!(
                        "Nothing was changed: `{}` {}.",
                        only.field,
                        only.message.trim_end_matches('.')
                    ),
                    several => format!("Nothing was changed: {} fields are wrong.", several.len()),
                };
                let problem = Self::invalid("invalid-body", detail);
                errors
                    .into_iter()
                    .fold(problem, |problem, error| problem.field(error.field, error.message))
            }
            CatalogError::Analysis(error) => {
                tracing::error!(%error, "an import's analysis did not finish");
                Self::new(
                    ProblemKind::Internal,
                    "internal",
                    "Nothing was imported because of a defect in Mainstay. Its log has the details under this request id.",
                )
            }
            CatalogError::Read(error) => Self::invalid("unreadable-path", format!("Nothing was imported: {error}.")),
            CatalogError::Store(error) => error.into(),
        }
    }
}

impl From<CatalogError> for ApiError {
    fn from(error: CatalogError) -> Self {
        Problem::from(error).into()
    }
}
