//! Every statement about jobs and schedules.

mod jobs;
pub mod schedules;
mod views;

pub use jobs::*;
pub use views::*;
