//! Changes: what was set, what was set differently, what was deployed, and which of it is risky.
//!
//! It reads settings, differences and events of deployments, and says what they say. Whether a change caused anything is not
//! for it to decide. A value that is recognised as a secret leaves this module masked only, in facts and in quotes.

mod collect;
mod compare;
mod diff;
mod events;
mod facts;
mod owner;
mod quantity;
mod read;
mod risk;
mod rules;
mod secret;
mod settings;
#[cfg(test)]
mod tests;

pub use collect::{ChangeLimits, Changes, Side};
pub use events::DeployEvent;
pub use facts::{ChangeFacts, DatedEvent, SettingChange, SourceNote};
pub use read::{Form, ReadFailure};
pub use risk::{Risk, RiskFact, RiskKind};
pub use secret::Value;
pub use settings::{Place, Setting, Settings};
