//! `mainstay login|logout|token|user` and what of `mainstay admin` is about accounts.

mod admin;
mod kept;
mod link;
mod login;
mod token;
mod user;

pub use admin::{ResetLinkArgs, VerifyLogArgs, reset_link, verify_log};
pub use kept::Kept;
pub use link::first_link;
pub use login::{LoginArgs, LogoutArgs, login, logout};
pub use token::{TokenVerb, run as token};
pub use user::{UserVerb, run as user};
