//! Hands another configuration to the running modules.

use std::path::PathBuf;

use mainstay_backends::notify::HttpOutgoing;
use mainstay_runtime::Latest;
use mainstay_slo::Slo;
use mainstay_watch::Watch;

use crate::config::Config;

/// Everything that goes on with another configuration. Cheap to clone.
#[derive(Clone)]
pub struct Reconfigure {
    pub(super) watch: Watch,
    pub(super) slo: Slo,
    pub(super) outgoing: HttpOutgoing,
    /// What is imported; it is imported again whenever this is set.
    pub(super) imports: Latest<Vec<PathBuf>>,
}

impl Reconfigure {
    /// Puts it into force, and has read again whatever it names: secrets, certificates and imported files.
    ///
    /// # Errors
    /// When a part of it cannot be used; then nothing has changed.
    pub fn apply(&self, config: &Config) -> anyhow::Result<()> {
        let (watch, slo, outgoing) = (config.watch()?, config.slo()?, config.outgoing()?);
        // A certificate may be gone since it was judged, so what reads it comes first.
        self.watch.reconfigure(watch)?;
        self.outgoing.reconfigure(&outgoing)?;
        self.slo.reconfigure(slo);
        self.imports.set(config.catalog.import.clone());
        Ok(())
    }
}
