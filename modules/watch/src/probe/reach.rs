//! The seam at which a simulation stands in for the sockets of probes.

use std::{fmt::Debug, sync::Arc};

use async_trait::async_trait;

use crate::model::failure::Failure;

/// Targets that a simulation owns. It decides whether and when they answer; what an answer means is judged as always.
#[async_trait]
pub trait SimulatedTargets: Debug + Send + Sync {
    /// Connects to a host by its name or address and asks for an answer: its status, or why there is none. One that never
    /// answers runs into the check's deadline.
    async fn answer(&self, host: &str, port: u16) -> Result<u16, Failure>;
}

/// How targets are reached.
#[derive(Debug, Clone, Default)]
pub enum Reach {
    /// Over the network.
    #[default]
    Sockets,
    /// Within a simulation, without a network.
    Simulated(Arc<dyn SimulatedTargets>),
}
