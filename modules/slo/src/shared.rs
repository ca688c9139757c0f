//! What the replicas of one database share, as this module needs it.

use mainstay_kernel::World;
use mainstay_store::{GroupCommit, Wakes};
use mainstay_work::{Leases, Outbox};

/// Who does what, how replicas hear of each other, and where changes are announced. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Which replica does what.
    pub leases: Leases,
    /// Who waits for what others wrote.
    pub wakes: Wakes,
    /// Where other modules hear of changed alerts.
    pub outbox: Outbox,
    /// Small urgent writes.
    pub group: GroupCommit,
}

/// Tells what this process says to the others from what they say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender(String);

impl Sender {
    pub fn new(world: &World) -> Self {
        Self(format!("{:016x}", world.random()))
    }

    /// A message to everybody, to be said under a topic.
    pub fn message(&self, topic: &str, words: &str) -> String {
        format!("{topic}:{} {words}", self.0)
    }

    /// The words of a message of another process; nothing when it is this one's own.
    pub fn words_of_another<'m>(&self, message: &'m str) -> Option<&'m str> {
        let (sender, words) = message.split_once(' ')?;
        (sender != self.0).then_some(words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_does_not_listen_to_itself() {
        let world = World::system();
        let (one, other) = (Sender::new(&world), Sender::new(&world));
        let message = one.message("slo.alerts", "a b");
        let payload = message.strip_prefix("slo.alerts:").unwrap();
        assert_eq!(one.words_of_another(payload), None);
        assert_eq!(other.words_of_another(payload), Some("a b"));
    }
}
