//! Who follows the catalog and how far each has come, so that an import can answer when what it brought is in force. Knows
//! nothing of what they do with it.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::timeout};

/// How far one follower has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It has done everything up to this state.
    Reached(i64),
    /// The work falls to another replica.
    Elsewhere,
}

/// One who follows the catalog, and says how far it has come. When it is dropped nobody waits for it any more.
#[derive(Debug)]
pub struct Follower {
    progress: watch::Sender<Progress>,
}

impl Follower {
    /// Everything that the catalog held at this version is in force.
    pub fn reached(&self, version: i64) {
        self.progress.send_if_modified(|progress| {
            let further = !matches!(progress, Progress::Reached(before) if *before >= version);
            if further {
                *progress = Progress::Reached(version);
            }
            further
        });
    }

    /// Another replica does this work: nobody here can say how far it has come.
    pub fn stand_back(&self) {
        self.progress.send_replace(Progress::Elsewhere);
    }
}

/// Everybody who follows the catalog in this process.
#[derive(Debug, Default)]
pub(crate) struct Followers(Mutex<Vec<watch::Receiver<Progress>>>);

impl Followers {
    /// Takes in another one.
    pub(crate) fn join(&self) -> Follower {
        let (progress, receiver) = watch::channel(Progress::Reached(0));
        let mut followers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        followers.retain(|follower| follower.has_changed().is_ok());
        followers.push(receiver);
        Follower { progress }
    }

    /// Waits until all have reached the version, but no longer than `most`; answers whether they have.
    pub(crate) async fn reach(&self, version: i64, most: Duration) -> bool {
        let followers = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let all = async {
            for mut follower in followers {
                let there = follower.wait_for(|progress| match progress {
                    Progress::Reached(reached) => *reached >= version,
                    Progress::Elsewhere => true,
                });
                // One that is gone holds nobody up.
                if there.await.is_ok_and(|progress| *progress == Progress::Elsewhere) {
                    return false;
                }
            }
            true
        };
        timeout(most, all).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const MOST: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn all_followers_are_waited_for_and_one_that_is_gone_is_not() {
        let followers = Followers::default();
        assert!(followers.reach(1, MOST).await, "there is nobody to wait for");
        let (checks, objectives) = (followers.join(), followers.join());
        checks.reached(2);
        let (all, ()) = tokio::join!(followers.reach(2, MOST), async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            objectives.reached(2);
        });
        assert!(all);
        checks.reached(1);
        assert!(followers.reach(2, MOST).await, "nobody goes back");
        drop(objectives);
        checks.reached(3);
        assert!(followers.reach(3, MOST).await);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_late_is_not_waited_for_without_end_and_one_elsewhere_not_at_all() {
        let followers = Followers::default();
        let follower = followers.join();
        let before = Instant::now();
        assert!(!followers.reach(1, MOST).await);
        assert_eq!(before.elapsed(), MOST);
        follower.stand_back();
        let before = Instant::now();
        assert!(!followers.reach(1, MOST).await);
        assert_eq!(before.elapsed(), Duration::ZERO);
        follower.reached(1);
        assert!(followers.reach(1, MOST).await, "the work came here");
    }
}
