//! A recording of the fleet that is being shown: the same files as a case has, without a plan.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use mainstay_kernel::World;
use tokio::time::Instant;

use super::{files, observations::Observations, plan::Case, watch::Watch};
use crate::demo::fleet::Fleet;

/// What is being recorded.
pub struct Recording {
    folder: PathBuf,
    watch: Watch,
}

impl Recording {
    /// Begins to look at the fleet from outside, and remembers how it is set up.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn start(fleet: &Fleet, folder: &Path, world: &World) -> Result<Self> {
        files::make_folders(folder)?;
        files::keep_settings(fleet, &folder.join("config").join("before"))?;
        let seen = Arc::new(Observations::default());
        let watch = Watch::start(
            &Case::unplanned(),
            fleet.registry(),
            folder,
            &seen,
            Instant::now(),
            world,
        )?;
        Ok(Self {
            folder: folder.to_owned(),
            watch,
        })
    }

    /// Ends it, and copies what the services wrote.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub async fn stop(self, fleet: &Fleet) -> Result<()> {
        self.watch.stop().await?;
        files::keep(fleet, &self.folder)
    }
}
