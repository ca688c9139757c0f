//! Know: who somebody is, what they may do, and what they did.
//!
//! Owns accounts, organisations, teams, sessions, tokens, the keys that sign them, and the change log. Never knows what the
//! permissions are about: which route needs which one is said where the routes are put together.

mod api;
mod crypto;
mod error;
mod model;
mod service;
mod store;

pub use api::{ClientAddress, Gate, Signed, gate};
pub use crypto::{InvalidSealingKey, NoEntropy, PasswordCost, SealingKey, SealingKeys, TokenError};
pub use error::AuthError;
pub use model::{
    Access, Action, Broken, Change, DisplayName, Email, Entry, InvalidName, InvalidTable, KeyId, KeyPolicy, Limit,
    LinkPurpose, Permission, Permissions, RecoveryCode, Role, RouteTable, Row, Secret, SessionId, Target, TeamId,
    TokenId, TokenName, UnknownPermission, UnknownRole, UserId, Username, Verification, WeakPassword, Who,
};
pub use service::{
    Auth, By, Doer, Enrolment, Factors, Identity, IssuedLink, IssuedToken, LINK_LIFETIME, LONGEST_TOKEN_LIFE, Limits,
    LogFilter, LogReport, NewTeam, NewToken, NewUser, Origin, PublicKey, SessionView, Settings, SignIn, SignedIn, Team,
    TokenView, User, UserEdit, Via,
};
pub use store::MIGRATIONS;
