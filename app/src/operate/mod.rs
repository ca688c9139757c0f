//! What operators see of Mainstay's durable work and do about it: replicas and leases, jobs, schedules, events.
//!
//! **Invariant:** nothing is decided here. A request calls one method of `platform/work` and shapes its answer; what a payload
//! must not show is masked on the way out.

pub mod backup;
mod events;
mod forget;
mod jobs;
mod metrics;
mod redact;
mod replicas;
mod schedules;

#[cfg(test)]
mod tests;

use mainstay_kernel::World;
use mainstay_store::StoreError;
use mainstay_work::{Jobs, Leases, Outbox, ReplicaId};
use utoipa_axum::router::OpenApiRouter;

use self::backup::{BackupPlan, Source};
pub use self::{jobs::as_answered, metrics::keep as keep_metrics, replicas::undone};

/// What these endpoints are served from. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Operate {
    /// Who takes part and does what.
    pub leases: Leases,
    /// What happened.
    pub outbox: Outbox,
    /// What is to be done.
    pub jobs: Jobs,
    /// The present.
    pub world: World,
}

impl Operate {
    /// Says how jobs are run that belong to no module.
    ///
    /// # Errors
    /// When a job cannot be written as JSON.
    pub fn register_jobs(&self, source: Source, plan: Option<BackupPlan>) -> Result<(), StoreError> {
        forget::register(&self.jobs, &self.outbox);
        backup::register(&self.jobs, &self.leases, source, plan)
    }

    /// What people call a replica, if it still takes part.
    fn name_of(&self, id: ReplicaId) -> Option<String> {
        name_of(&self.leases, id)
    }
}

fn name_of(leases: &Leases, id: ReplicaId) -> Option<String> {
    let members = leases.members().get();
    let member = members.iter().find(|member| member.id == id)?;
    Some(member.name.clone())
}

/// The routes of this folder.
pub fn routes() -> OpenApiRouter<Operate> {
    OpenApiRouter::new()
        .merge(replicas::routes())
        .merge(jobs::routes())
        .merge(schedules::routes())
        .merge(events::routes())
}
