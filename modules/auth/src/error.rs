//! What can go wrong with accounts, and how a caller hears of it. A refusal never tells a stranger who has an account.

use mainstay_http::ApiError;
use mainstay_kernel::{FieldError, Problem, ProblemKind};
use mainstay_store::StoreError;

use crate::{
    crypto::{HashError, InvalidKey, NoEntropy, TokenError, Unsealable},
    model::{Permission, WeakPassword},
};

/// An error of this module.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// Wrong name or password, or an account that is switched off: which of them is not said.
    #[error("the name or the password is wrong")]
    Credentials,
    /// The password is right and a code is wanted too.
    #[error("a second factor is needed")]
    SecondFactorNeeded,
    /// The code is wrong, was used, or is of another time.
    #[error("the code is not right")]
    WrongCode,
    /// Too many attempts.
    #[error("too many attempts; the next one is possible in {retry_after_s} s")]
    Throttled {
        /// Seconds until one more is allowed.
        retry_after_s: u64,
    },
    /// Too many passwords are being checked at once.
    #[error("too many sign-ins at once")]
    Busy,
    /// Nobody is signed in.
    #[error("no token was presented")]
    NoToken,
    /// The token is not good.
    #[error("the token was refused: {0}")]
    Token(#[from] TokenError),
    /// The refresh token is unknown, used, expired, or its session is over.
    #[error("the session is over")]
    SessionOver,
    /// The link is unknown, used or expired.
    #[error("the link is used or expired")]
    LinkSpent,
    /// The caller may not do this.
    #[error("this needs the permission {0}")]
    Forbidden(Permission),
    /// Only a person may do this, and a program asked.
    #[error("an API token cannot do this")]
    OnlyInPerson,
    /// It is the caller's own account, for which the password is asked.
    #[error("this is for other accounts than one's own")]
    OwnAccount,
    /// There is no such thing, or not for this caller.
    #[error("there is no {what} `{id}`")]
    NoSuch {
        /// What kind of thing.
        what: &'static str,
        /// Its identifier or name.
        id: String,
    },
    /// Something of that name exists.
    #[error("there already is a {what} `{name}`")]
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
        /// The field of the request.
        field: &'static str,
    },
    /// Nobody would be left who can manage accounts.
    #[error("`{0}` is the last administrator")]
    LastAdministrator(String),
    /// There is nothing to confirm, or there is one already.
    #[error("{0}")]
    Factor(&'static str),
    /// The password can be guessed.
    #[error("the password {0}")]
    Weak(#[from] WeakPassword),
    /// The content of a request is wrong.
    #[error("the request is wrong in {} places", .0.len())]
    Invalid(Vec<FieldError>),
    /// The caller's copy is out of date.
    #[error("`{0}` was changed since it was read")]
    Stale(String),
    /// What is sealed in the database was sealed with another key.
    #[error(
        "the secrets in the database were sealed with another key than the one at hand; give Mainstay the key that was used with this database"
    )]
    WrongSealingKey,
    /// No random bytes.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// A password could not be hashed, or a token not be made.
    #[error("{0}")]
    Crypto(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthError {
    pub(crate) fn no_such(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::NoSuch {
            what,
            id: id.to_string(),
        }
    }

    pub(crate) fn field(field: &str, message: impl std::fmt::Display) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.to_owned(),
            message: message.to_string(),
        }])
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::NoEntropy(error) => Self::NoEntropy(error),
            failed @ HashError::Failed(_) => Self::Crypto(failed.to_string()),
        }
    }
}

impl From<Unsealable> for AuthError {
    fn from(_: Unsealable) -> Self {
        Self::WrongSealingKey
    }
}

impl From<InvalidKey> for AuthError {
    fn from(error: InvalidKey) -> Self {
        Self::Crypto(error.to_string())
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        let unauthenticated = |code, detail: &str| Self::new(ProblemKind::Unauthenticated, code, detail);
        match error {
            AuthError::Credentials => unauthenticated(
                "wrong-credentials",
                "The name or the password is wrong. After several attempts the next one has to wait.",
            ),
            AuthError::SecondFactorNeeded => unauthenticated(
                "second-factor-needed",
                "This account has a second factor. Send the present code of your authenticator app, or a recovery code, as `code` too.",
            ),
            AuthError::WrongCode => unauthenticated(
                "wrong-code",
                "The code is wrong, or was used already. Wait for the next one and see that your device's clock is right.",
            ),
            AuthError::Throttled { retry_after_s } => Self::new(
                ProblemKind::Limited { retry_after_s },
                "too-many-attempts",
                format!("There were too many attempts. The next one is possible in {retry_after_s} s."),
            ),
            AuthError::Busy => Self::new(
                ProblemKind::Limited { retry_after_s: 2 },
                "busy",
                "Too many people are signing in at this moment. Try again in 2 s.",
            ),
            AuthError::NoToken => unauthenticated(
                "not-signed-in",
                "Nobody is signed in. Sign in with `mainstay login`, or send an access token or an API token as \
                 `Authorization: Bearer`.",
            ),
            AuthError::Token(TokenError::Expired) => {
                unauthenticated("token-expired", "The token has expired. Refresh it, or sign in again.")
            }
            AuthError::Token(_) => unauthenticated(
                "invalid-token",
                "The token is not valid. Sign in again, or make a new one.",
            ),
            AuthError::SessionOver => unauthenticated("session-over", "This session is over. Sign in again."),
            AuthError::LinkSpent => Self::new(
                ProblemKind::NotFound,
                "link-spent",
                "This link was used already, or its 30 minutes are over. Ask an administrator for another, or run `mainstay admin reset-link`.",
            ),
            AuthError::Forbidden(permission) => Self::new(
                ProblemKind::Forbidden,
                "forbidden",
                format!(
                    "This needs the permission `{permission}`. Every role from {} on has it, and an API token when it was made with it.",
                    permission.least_role()
                ),
            ),
            AuthError::OnlyInPerson => Self::new(
                ProblemKind::Forbidden,
                "only-in-person",
                "An API token cannot do this. Sign in with your name and password.",
            ),
            AuthError::OwnAccount => Self::new(
                ProblemKind::Forbidden,
                "own-account",
                "This is for other accounts than your own. Change your own password and second factor under `/api/v1/auth/me`, or make a link with `mainstay admin reset-link` on the machine itself.",
            ),
            AuthError::NoSuch { what, id } => Self::not_found(format_args!("{what} `{id}`")),
            AuthError::Exists { what, name, field } => {
                let detail = format!("There already is a {what} `{name}`. Choose another name.");
                Self::conflict("already-exists", detail).field(field, "is taken")
            }
            AuthError::LastAdministrator(name) => Self::conflict(
                "last-administrator",
                format!("Nothing was changed: `{name}` is the last administrator. Make somebody else one first."),
            ),
            AuthError::Factor(detail) => Self::conflict("second-factor", detail),
            AuthError::Weak(weak) => {
                let message = weak.to_string();
                Self::invalid(
                    "weak-password",
                    format!("The password {}.", message.trim_end_matches('.')),
                )
                .field("password", message)
            }
            AuthError::Invalid(errors) => {
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
            AuthError::Stale(name) => Self::new(
                ProblemKind::Stale,
                "stale",
                format!("Somebody changed `{name}` since you read it. Read it again and repeat your change."),
            ),
            AuthError::WrongSealingKey | AuthError::NoEntropy(_) | AuthError::Crypto(_) => defect(&error),
            AuthError::Store(error) => error.into(),
        }
    }
}

fn defect(error: &AuthError) -> Problem {
    tracing::error!(%error, "accounts do not work");
    Problem::new(
        ProblemKind::Internal,
        "internal",
        "Mainstay could not do this because of a defect of its own. Its log has the details under this request id.",
    )
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        Problem::from(error).into()
    }
}
