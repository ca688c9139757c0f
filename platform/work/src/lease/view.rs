//! Replicas and leases as people see them: what the database holds now, and not what this replica last saw.

use jiff::Timestamp;
use mainstay_store::StoreError;

use super::{Leases, store};
use crate::replica::{self, Member, ReplicaId};

/// A lease as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseView {
    /// Its name.
    pub name: String,
    /// The role that a replica needs to hold it.
    pub role: String,
    /// Who holds it.
    pub holder: Option<ReplicaId>,
    /// Counts up with every change of hands.
    pub token: i64,
    /// When it last changed hands.
    pub changed_at: Timestamp,
}

impl Leases {
    /// Everybody who takes part, read from the database.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn everybody(&self) -> Result<Vec<Member>, StoreError> {
        replica::store::members(&self.inner.database).await
    }

    /// Every lease, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn all(&self) -> Result<Vec<LeaseView>, StoreError> {
        store::views(&self.inner.database).await
    }
}
