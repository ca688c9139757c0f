//! The services as probes meet them: up or down as the seed has it.

use std::{fmt, sync::Arc};

use async_trait::async_trait;
use mainstay_kernel::World;
use mainstay_testkit::simulation::Chance;
use mainstay_watch::{Failure, FailureKind, SimulatedTargets};
use mainstay_work::Leases;
use tokio::time::Instant;

use crate::{
    record::{Probed, Record},
    truth::{Manner, SERVICES, Truth},
};

/// The end of every host's name.
pub const DOMAIN: &str = ".sim";

/// All services, as one process reaches them.
pub struct Targets {
    pub truth: Arc<Truth>,
    pub began: Instant,
    pub chance: Chance,
    pub record: Record,
    pub process: Arc<str>,
    pub world: World,
    pub leases: Leases,
}

impl fmt::Debug for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Targets")
            .field("process", &self.process)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl SimulatedTargets for Targets {
    async fn answer(&self, host: &str, port: u16) -> Result<u16, Failure> {
        let named = host.strip_suffix(DOMAIN);
        let known = SERVICES.iter().find(|(name, _)| named == Some(name));
        let Some((service, _)) = known else {
            return Err(Failure::new(FailureKind::Resolve, "has a name that nobody knows"));
        };
        self.record.inner().probes.push(Probed {
            service,
            port,
            process: Arc::clone(&self.process),
            replica: self.leases.me(),
            at: Instant::now(),
            wall: self.world.now_micros(),
        });
        match self.truth.at(service, self.began.elapsed()) {
            None => {
                // Usually quick, now and then slow, never as slow as the deadline.
                let takes = match self.chance.below(50) {
                    0 => self.chance.millis(300, 1_500),
                    _ => self.chance.millis(2, 60),
                };
                tokio::time::sleep(takes).await;
                Ok(200)
            }
            Some(Manner::Silent) => std::future::pending().await,
            Some(Manner::Errors) => {
                tokio::time::sleep(self.chance.millis(2, 60)).await;
                Ok(500)
            }
            Some(Manner::Refuses | Manner::Flaps(_)) => {
                tokio::time::sleep(self.chance.millis(1, 3)).await;
                Err(Failure::new(FailureKind::ConnectRefused, "refused the connection"))
            }
        }
    }
}
