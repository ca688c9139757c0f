//! What spectators do to the fleet while the story is told: announced maintenance makes a failure an expected one, and a
//! silence keeps its alert from being delivered. Neither is a defect, so the story says what happened and ends there.

use super::{StoryError, Teller};
use crate::demo::mainstay::Window;

impl Teller {
    /// What a spectator did that the present step cannot survive.
    pub(super) async fn interrupted_now(&self, step: &str) -> Option<String> {
        let now = self.world.now();
        let covers = |window: &&Window| {
            let about = window.service.as_ref();
            let ours = about.is_none_or(|service| self.subjects.contains(service));
            ours && window.starts_at <= now && now < window.ends_at
        };
        // An API that does not answer is the step's own affair.
        let maintenance = self.api.maintenance().await.unwrap_or_default();
        if let Some(window) = maintenance.iter().find(covers) {
            return Some(announced(window));
        }
        if step != "alert-delivered" {
            return None;
        }
        let silences = self.api.silences().await.unwrap_or_default();
        silences.iter().find(covers).map(silenced)
    }

    /// What did not happen, or happened and must not, is an interruption when a spectator gave reason for it meanwhile.
    pub(super) async fn unless_interrupted<T>(&self, told: Result<T, StoryError>) -> Result<T, StoryError> {
        let (step, done) = match &told {
            Err(StoryError::Missing { missing, done, .. }) => (*missing, done),
            Err(StoryError::Wrong { step, done, .. }) => (*step, done),
            _ => return told,
        };
        let now = self.world.now();
        let meanwhile = |window: &&Window| window.starts_at <= now && window.ends_at > self.since;
        let maintenance = self.api.maintenance().await.unwrap_or_default();
        let silences = self.api.silences().await.unwrap_or_default();
        let what = match (maintenance.iter().find(meanwhile), silences.iter().find(meanwhile)) {
            (Some(window), _) => announced(window),
            (None, Some(window)) => silenced(window),
            (None, None) => return told,
        };
        Err(StoryError::Interrupted {
            step,
            what,
            done: done.clone(),
        })
    }
}

fn announced(window: &Window) -> String {
    format!(
        "somebody announced maintenance of {} ({}), so what fails there is expected and nobody is told of it",
        whose(window),
        window.reason
    )
}

fn silenced(window: &Window) -> String {
    format!(
        "somebody silenced the alerts of {} ({}), so nobody is told of them",
        whose(window),
        window.reason
    )
}

fn whose(window: &Window) -> &str {
    window.service.as_deref().unwrap_or("every service")
}
