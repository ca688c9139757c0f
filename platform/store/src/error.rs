//! What can go wrong with a database, classed by what the caller can do about it.

use mainstay_kernel::{Problem, ProblemKind};

/// What the caller can do about a database error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// The database cannot be reached; later it may be.
    Unavailable,
    /// Another writer held the database for too long; trying again may succeed.
    Busy,
    /// The disk is full.
    Full,
    /// The database or its disk is read-only.
    ReadOnly,
    /// A row with the same unique key exists.
    Conflict,
    /// A stored value does not have the shape the code expects.
    Corrupt,
    /// Another replica has taken over what this write belongs to.
    Fenced,
    /// The schema is newer than this binary, or not the one it expects.
    Schema,
    /// Anything else: a defect.
    Other,
}

/// An error of the database, with what was being done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct StoreError {
    /// What the caller can do about it.
    pub kind: StoreErrorKind,
    message: String,
    #[source]
    source: Option<sqlx::Error>,
}

impl StoreError {
    /// An error that did not come from the driver.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
        }
    }

    /// An error as PostgreSQL reports it: a SQLSTATE code and its text.
    pub fn of_sqlstate(code: &str, message: impl Into<String>) -> Self {
        Self::new(classify_sqlstate(code), message)
    }

    /// The same error once more, for another of those who waited for the same thing.
    pub(crate) fn again(&self) -> Self {
        Self::new(self.kind, self.message.clone())
    }

    /// A stored value that cannot be read as what it should be.
    pub fn corrupt(what: impl std::fmt::Display) -> Self {
        Self::new(StoreErrorKind::Corrupt, format!("a stored value is damaged: {what}"))
    }

    /// Whether the error is the violation of a unique key.
    pub fn is_conflict(&self) -> bool {
        self.kind == StoreErrorKind::Conflict
    }

    /// Whether trying again later can help.
    pub fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            StoreErrorKind::Unavailable | StoreErrorKind::Busy | StoreErrorKind::Full | StoreErrorKind::ReadOnly
        )
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let kind = classify(&error);
        let message = match kind {
            StoreErrorKind::Unavailable => format!("the database cannot be reached ({error})"),
            StoreErrorKind::Busy => "the database is busy with another writer".to_owned(),
            StoreErrorKind::Full => "the disk that holds the database is full".to_owned(),
            StoreErrorKind::ReadOnly => "the database is read-only".to_owned(),
            StoreErrorKind::Conflict
            | StoreErrorKind::Fenced
            | StoreErrorKind::Corrupt
            | StoreErrorKind::Schema
            | StoreErrorKind::Other => error.to_string(),
        };
        Self {
            kind,
            message,
            source: Some(error),
        }
    }
}

/// SQLite primary result codes (<https://www.sqlite.org/rescode.html>) and PostgreSQL SQLSTATE classes
/// (PostgreSQL documentation, appendix A).
fn classify(error: &sqlx::Error) -> StoreErrorKind {
    use StoreErrorKind::{Busy, Conflict, Corrupt, Full, Other, ReadOnly, Unavailable};
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Tls(_) => Unavailable,
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => Corrupt,
        sqlx::Error::Database(database) if database.is_unique_violation() => Conflict,
        sqlx::Error::Database(database) => match database.code().as_deref().unwrap_or_default() {
            // PostgreSQL has five characters, SQLite a number (extended codes keep the primary one in the low byte).
            code if code.len() == 5 => classify_sqlstate(code),
            code => match code.parse::<u32>() {
                // The index of the write-ahead log could not grow.
                Ok(4_874) => Full,
                Ok(code) => match code & 0xff {
                    5 | 6 => Busy,
                    8 => ReadOnly,
                    13 => Full,
                    10 | 14 => Unavailable,
                    11 | 26 => Corrupt,
                    _ => Other,
                },
                Err(_) => Other,
            },
        },
        _ => Other,
    }
}

fn classify_sqlstate(code: &str) -> StoreErrorKind {
    use StoreErrorKind::{Busy, Full, Other, ReadOnly, Unavailable};
    match code {
        "53100" => Full,
        "25006" => ReadOnly,
        // Among them a statement that waited for locks beyond its limit.
        "40001" | "40P01" | "55P03" | "57014" => Busy,
        // A transaction that was idle beyond its limit, so its connection is gone. A database that takes no connections, or is
        // not there; a user who is not let in.
        "25P03" | "55000" | "3D000" | "28000" | "28P01" => Unavailable,
        _ if code.starts_with("08") || code.starts_with("57P") || code.starts_with("53") => Unavailable,
        _ => Other,
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Conflict => {
                Problem::conflict("already-exists", "Something with the same name already exists.")
            }
            StoreErrorKind::Corrupt | StoreErrorKind::Schema | StoreErrorKind::Other => {
                tracing::error!(error = %error, "the database answered with an error");
                Problem::new(
                    ProblemKind::Internal,
                    "internal",
                    "Mainstay could not do this because of a defect of its own. Its log has the details under this request id.",
                )
            }
            StoreErrorKind::Full => Problem::new(
                ProblemKind::Unavailable,
                "disk-full",
                "Nothing was changed: the disk that holds Mainstay's database is full. Free some space and try again.",
            ),
            StoreErrorKind::ReadOnly => Problem::new(
                ProblemKind::Unavailable,
                "read-only",
                "Nothing was changed: Mainstay's database is read-only. Check its file permissions and disk, then try again.",
            ),
            StoreErrorKind::Fenced => Problem::new(
                ProblemKind::Unavailable,
                "moved",
                "Nothing was changed: another replica of Mainstay has just taken over this work. Try again.",
            ),
            StoreErrorKind::Unavailable | StoreErrorKind::Busy => Problem::new(
                ProblemKind::Unavailable,
                "database-unavailable",
                "Nothing was changed: Mainstay's database does not answer at the moment. Try again in a few seconds.",
            ),
        }
    }
}
