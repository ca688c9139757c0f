//! One file per backend behind the provider traits; seen only by the app.

mod http_client;
pub mod notify;

pub use http_client::{ClientError, HttpClientConfig, http_client};
