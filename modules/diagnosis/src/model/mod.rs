//! The model: evidence in channels of one mechanism each, one conditional logit over all components and "none", and the weights
//! it was trained to.

mod channels;
mod posterior;
mod table;
mod train;
mod weights;

pub(crate) use channels::EXPLAINS;
pub use channels::{CHANNELS, Channel, Evidence, TRAINED, evidence};
pub(crate) use posterior::posterior_beside;
pub use posterior::{Posterior, posterior};
pub use table::{SHOWN, TRAINING, WEIGHTS};
pub use train::{Example, fit, fit_none};
pub use weights::{PRIOR, Shown, Training, Weights};
