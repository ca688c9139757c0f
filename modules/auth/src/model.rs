//! The domain, pure: names, roles, permissions, secrets, and the mathematics of throttles, keys, codes and the change log.

mod change;
mod claims;
mod code;
mod ids;
mod key_schedule;
mod name;
mod password;
mod permission;
mod recovery;
mod role;
mod routes;
mod secret;
mod throttle;
mod totp;

pub use change::{Action, Broken, Change, Entry, Target, Verification, Verifier, Who};
pub(crate) use change::{HASH_LENGTH, ORIGIN};
pub use claims::Claims;
pub(crate) use claims::{ACCESS, AUTH_MODE};
pub(crate) use code::{base32, unbase32};
pub use ids::{KeyId, LinkPurpose, SessionEnd, SessionId, TeamId, TokenId, UserId};
pub use key_schedule::{KeyPlan, KeyPolicy, KeyTimes, plan, signer};
pub use name::{DisplayName, Email, InvalidName, TokenName, Username};
pub use password::{WeakPassword, judge};
pub use permission::{Permission, Permissions, UnknownPermission};
pub use recovery::{RECOVERY_CODES, RecoveryCode};
pub use role::{Role, UnknownRole};
pub use routes::{Access, InvalidTable, RouteTable, Row};
pub use secret::{Secret, SecretHash, SecretKind};
pub use throttle::{Limit, Verdict};
pub(crate) use totp::SECRET_BYTES as TOTP_SECRET;
pub use totp::Totp;
