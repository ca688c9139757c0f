//! What went wrong, in a form both a program and a person can use; the HTTP kit renders it as RFC 9457.

use serde::Serialize;

/// The class of a problem; decides the HTTP status and whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request could not be understood (400).
    Malformed,
    /// Nobody is signed in (401).
    Unauthenticated,
    /// The caller may not do this (403).
    Forbidden,
    /// The thing does not exist, or not for this caller (404).
    NotFound,
    /// The request contradicts the current state (409).
    Conflict,
    /// The object was changed since the caller read it (412).
    Stale,
    /// The request is larger than allowed (413).
    TooLarge,
    /// The request is well formed but its content is wrong (422).
    Invalid,
    /// Too many requests (429).
    Limited {
        /// Seconds until a retry can succeed.
        retry_after_s: u64,
    },
    /// A defect in Mainstay (500).
    Internal,
    /// Something Mainstay needs is away; trying again later can help (503).
    Unavailable,
}

/// A field of the request that is wrong, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The path of the field in the request body, such as `window.seconds`.
    pub field: String,
    /// One sentence for a person.
    pub message: String,
}

/// An error that is shown to a caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// Decides the status.
    pub kind: ProblemKind,
    /// Stable kebab-case code for programs.
    pub code: &'static str,
    /// One sentence for a person: what happened, to what, what to do next.
    pub detail: String,
    /// The fields at fault, when the problem is with the request's content.
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of the given kind.
    pub fn new(kind: ProblemKind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            errors: Vec::new(),
        }
    }

    /// The thing `what` (such as "service `api`") does not exist.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(ProblemKind::NotFound, "not-found", format!("There is no {what}."))
    }

    /// The content of the request is wrong.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Invalid, code, detail)
    }

    /// The request contradicts the current state.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::Conflict, code, detail)
    }

    /// Adds a field error.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, message: impl Into<String>) -> Self {
        self.errors.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }
}
