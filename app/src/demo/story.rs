//! The story of one failure, told from what Mainstay's API and the receiver's log say.
//!
//! **Invariant:** no step is concluded from the fault that was arranged. The service that failed, its dependants, the
//! budget and the alert are all found in Mainstay's answers; the demo only decides when to break and when to mend.

mod evidence;
mod interruption;
mod steps;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use mainstay_kernel::World;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{client::CallError, mainstay::Api, narrate::Narrator, options::Pace};

#[cfg(test)]
pub use steps::EXPECTED;

/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
#[expect(clippy::struct_field_names, reason = "the field is named as it is printed")]
pub struct Step {
    /// When it was seen.
    #[serde(serialize_with = "in_microseconds")]
    pub at: Timestamp,
    /// What happened, in kebab case.
    pub step: &'static str,
    /// Where it was read: a path of Mainstay's API, the receiver's log, or `demo` for what the demo itself did.
    pub source: &'static str,
    /// The facts.
    pub detail: Value,
}

/// Always with six digits, so that lines sort by their text.
fn in_microseconds<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.6}"))
}

/// The story stopped before its end.
#[derive(Debug, thiserror::Error)]
pub enum StoryError {
    /// A step did not happen in time.
    #[error("the step `{missing}` did not happen within {waited_s} s; seen so far: {}. What was seen last: {seen}", done.join(", "))]
    Missing {
        /// The step.
        missing: &'static str,
        /// How long it was waited for.
        waited_s: u64,
        /// What was seen instead.
        seen: String,
        /// The steps before.
        done: Vec<&'static str>,
    },
    /// A spectator did something after which the story cannot go on as it was meant.
    #[error("interrupted at `{step}`: {what}; seen so far: {}", done.join(", "))]
    Interrupted {
        /// Where in the story.
        step: &'static str,
        /// What the spectator did.
        what: String,
        /// The steps before.
        done: Vec<&'static str>,
    },
    /// Something happened that must not.
    #[error("at `{step}`: {what}; seen so far: {}", done.join(", "))]
    Wrong {
        /// Where in the story.
        step: &'static str,
        /// What must not have happened.
        what: String,
        /// The steps before.
        done: Vec<&'static str>,
    },
}

/// Whether a look was enough.
pub enum Look<T> {
    /// It happened.
    Seen(T),
    /// Not yet; what there is instead.
    NotYet(String),
}

/// Tells the story.
pub struct Teller {
    api: Api,
    log_url: String,
    world: World,
    pace: Pace,
    began: Instant,
    narrator: Narrator,
    done: Vec<&'static str>,
    /// The services whose failure is told: announced maintenance of one ends the story.
    subjects: BTreeSet<String>,
    /// When it was first looked at the fleet.
    since: Timestamp,
}

impl Teller {
    /// A teller that reads from `api` and from the receiver's log at `log_url`; the story began at `began`.
    pub fn new(api: Api, log_url: String, world: World, pace: Pace, began: Instant, narrator: Narrator) -> Self {
        Self {
            api,
            log_url,
            since: world.now(),
            world,
            pace,
            began,
            narrator,
            done: Vec::new(),
            subjects: BTreeSet::new(),
        }
    }

    /// The story will be about this service, so what spectators do to it matters. No step is concluded from it.
    pub fn is_about(&mut self, service: &str) {
        self.subjects.insert(service.to_owned());
    }

    /// Tells what the demo itself did.
    pub fn act(&mut self, step: &'static str, detail: Value) {
        self.tell(step, "demo", detail);
    }

    /// Tells that the story could not be finished.
    pub fn failed(&mut self, error: &StoryError) {
        let (told, missing, seen) = match error {
            StoryError::Missing { missing, seen, .. } => ("failed", missing, seen),
            StoryError::Wrong { step, what, .. } => ("failed", step, what),
            StoryError::Interrupted { step, what, .. } => ("interrupted", step, what),
        };
        let detail = json!({ "missing": missing, "seen": seen, "steps": self.done, "message": error.to_string() });
        self.tell(told, "demo", detail);
    }

    fn tell(&mut self, step: &'static str, source: &'static str, detail: Value) {
        let step = Step {
            at: self.world.now(),
            step,
            source,
            detail,
        };
        self.narrator.tell(&step, self.began.elapsed());
        self.done.push(step.step);
    }

    /// Looks again and again until `look` has seen the step, which is then told with the detail `look` gave.
    async fn until<T>(
        &mut self,
        step: &'static str,
        source: &'static str,
        mut look: impl AsyncFnMut(&Api, &str) -> Result<Look<(T, Value)>, CallError>,
    ) -> Result<T, StoryError> {
        let started = Instant::now();
        let limit = self
            .pace
            .step_limit
            .min(self.pace.story_limit.saturating_sub(self.began.elapsed()));
        loop {
            let seen = match look(&self.api, &self.log_url).await {
                Ok(Look::Seen((fact, detail))) => {
                    self.tell(step, source, detail);
                    return Ok(fact);
                }
                Ok(Look::NotYet(seen)) => seen,
                Err(error) => error.to_string(),
            };
            if let Some(what) = self.interrupted_now(step).await {
                return Err(self.interrupted(step, what));
            }
            if started.elapsed() >= limit {
                return Err(StoryError::Missing {
                    missing: step,
                    waited_s: started.elapsed().as_secs(),
                    seen,
                    done: self.done.clone(),
                });
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn interrupted(&self, step: &'static str, what: String) -> StoryError {
        StoryError::Interrupted {
            step,
            what,
            done: self.done.clone(),
        }
    }

    fn wrong(&self, step: &'static str, what: impl Into<String>) -> StoryError {
        StoryError::Wrong {
            step,
            what: what.into(),
            done: self.done.clone(),
        }
    }
}
