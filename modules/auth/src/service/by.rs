//! Who acts, and from where.

use std::net::IpAddr;

use mainstay_kernel::{Actor, OrganizationId, TypedId};
use uuid::Uuid;

use crate::error::AuthError;
use crate::model::{Permission, Permissions, Role, SessionId, TokenId, TokenName, UserId, Username, Who};

/// Somebody whose token was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whose rows they see.
    pub organization: OrganizationId,
    /// The account.
    pub user: UserId,
    /// Its name now.
    pub username: Username,
    /// Its role now.
    pub role: Role,
    /// What they may do with what they presented.
    pub permissions: Permissions,
    /// What they presented.
    pub via: Via,
}

/// What somebody was known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// An access token of a session.
    Session {
        /// Which session.
        session: SessionId,
        /// Which token.
        jti: Uuid,
        /// When the token expires, in seconds since 1970.
        expires_s: i64,
    },
    /// An API token.
    Token {
        /// Which.
        id: TokenId,
        /// What its owner calls it.
        name: TokenName,
    },
}

impl Identity {
    /// Whether they may.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// The session, unless it is a program with an API token.
    pub fn session(&self) -> Option<SessionId> {
        match self.via {
            Via::Session { session, .. } => Some(session),
            Via::Token { .. } => None,
        }
    }

    /// The originator of changes, as other modules record it.
    pub fn actor(&self) -> Actor {
        match &self.via {
            Via::Session { .. } => Actor::Person {
                id: self.user.as_uuid(),
                name: self.username.to_string(),
            },
            Via::Token { name, .. } => Actor::Token {
                name: name.to_string(),
                owner: self.user.as_uuid(),
                owner_name: self.username.to_string(),
            },
        }
    }
}

/// From where something was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The caller's address; unknown for what was not asked over the network.
    pub address: Option<IpAddr>,
    /// What the caller's program calls itself.
    pub user_agent: Option<String>,
    /// The request.
    pub request_id: Option<String>,
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    /// Somebody who is signed in, or a program of theirs.
    Person(Box<Identity>),
    /// Whoever can open the database on the machine itself.
    Console,
    /// Mainstay by itself.
    System(&'static str),
}

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// Who.
    pub who: Doer,
    /// From where.
    pub origin: Origin,
}

impl By {
    /// Makes sure that the account is not the caller's own: for that there are ways that ask for the password, so that a session
    /// somebody else got hold of cannot go round them.
    ///
    /// # Errors
    /// When it is.
    pub(super) fn somebody_else(&self, id: UserId) -> Result<(), AuthError> {
        match &self.who {
            Doer::Person(identity) if identity.user == id => Err(AuthError::OwnAccount),
            Doer::Person(_) | Doer::Console | Doer::System(_) => Ok(()),
        }
    }

    /// Somebody who is signed in.
    pub fn person(identity: Identity, origin: Origin) -> Self {
        Self {
            who: Doer::Person(Box::new(identity)),
            origin,
        }
    }

    /// Whoever can open the database on the machine itself.
    pub fn console() -> Self {
        Self {
            who: Doer::Console,
            origin: Origin::default(),
        }
    }

    /// Mainstay's own task of that name.
    pub fn system(task: &'static str) -> Self {
        Self {
            who: Doer::System(task),
            origin: Origin::default(),
        }
    }

    /// Whose rows are meant.
    pub fn organization(&self) -> OrganizationId {
        match &self.who {
            Doer::Person(identity) => identity.organization,
            Doer::Console | Doer::System(_) => OrganizationId::DEFAULT,
        }
    }

    pub(crate) fn who(&self) -> Who {
        match &self.who {
            Doer::Person(identity) => Who {
                kind: match identity.via {
                    Via::Session { .. } => "person",
                    Via::Token { .. } => "token",
                },
                id: Some(identity.user.as_uuid()),
                label: identity.actor().label(),
            },
            Doer::Console => Who {
                kind: "console",
                id: None,
                label: "somebody at the machine itself".to_owned(),
            },
            Doer::System(task) => Who {
                kind: "system",
                id: None,
                label: format!("mainstay ({task})"),
            },
        }
    }
}
