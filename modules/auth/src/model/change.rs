//! The change log: what an entry says, how entries are chained by their hashes, and how a log is verified.

use jiff::Timestamp;
use mainstay_kernel::{Micros, to_micros};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Bytes of a hash.
pub(crate) const HASH_LENGTH: usize = 32;
/// What the first entry's `previous` is.
pub(crate) const ORIGIN: [u8; HASH_LENGTH] = [0; HASH_LENGTH];

/// Who changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// `person`, `token`, `system`, `file` or `console`.
    pub kind: &'static str,
    /// The account, when it was one.
    pub id: Option<Uuid>,
    /// Their name at the time.
    pub label: String,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Such as `user` or `token`.
    pub kind: &'static str,
    /// Its identifier.
    pub id: String,
    /// Its name at the time.
    pub label: String,
}

/// What was done, such as `user.create`.
pub type Action = &'static str;

/// A change that is to be written down. `before` and `after` are made of what may be shown: never of a secret or its hash.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Who did it.
    pub who: Who,
    /// What they did.
    pub action: Action,
    /// To what.
    pub target: Target,
    /// What was before; `None` when it is new.
    pub before: Option<Value>,
    /// What is now; `None` when it is gone.
    pub after: Option<Value>,
    /// From which address.
    pub address: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
}

/// An entry as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Counted from 1, without a gap.
    pub position: i64,
    /// When.
    pub at: Timestamp,
    /// What kind of actor.
    pub actor_kind: String,
    /// Which account.
    pub actor_id: Option<Uuid>,
    /// Its name at the time.
    pub actor: String,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub target_kind: String,
    /// Its identifier.
    pub target_id: String,
    /// Its name at the time.
    pub target: String,
    /// JSON of what was before.
    pub before: Option<String>,
    /// JSON of what is now.
    pub after: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// In which request.
    pub request_id: Option<String>,
    /// The hash of the entry before.
    pub previous: Vec<u8>,
    /// The hash of this one.
    pub hash: Vec<u8>,
}

impl Entry {
    /// The entry that writes `change` down behind the one with the hash `previous`.
    pub(crate) fn after(
        previous: [u8; HASH_LENGTH],
        position: i64,
        at: Micros,
        organization: Uuid,
        change: Change,
    ) -> Self {
        let text = |value: Option<Value>| value.map(|value| value.to_string());
        let mut entry = Self {
            position,
            at: mainstay_kernel::from_micros(at),
            actor_kind: change.who.kind.to_owned(),
            actor_id: change.who.id,
            actor: change.who.label,
            action: change.action.to_owned(),
            target_kind: change.target.kind.to_owned(),
            target_id: change.target.id,
            target: change.target.label,
            before: text(change.before),
            after: text(change.after),
            address: change.address,
            request_id: change.request_id,
            previous: previous.to_vec(),
            hash: Vec::new(),
        };
        entry.hash = entry.digest(organization).to_vec();
        entry
    }

    /// The SHA-256 of everything in the entry. Each part is preceded by its length, so that no two entries read the same.
    pub(crate) fn digest(&self, organization: Uuid) -> [u8; HASH_LENGTH] {
        let mut hash = Sha256::new();
        let mut part = |bytes: Option<&[u8]>| match bytes {
            None => hash.update([0]),
            Some(bytes) => {
                hash.update([1]);
                hash.update((bytes.len() as u64).to_be_bytes());
                hash.update(bytes);
            }
        };
        part(Some(b"mainstay change 1"));
        part(Some(organization.as_bytes()));
        part(Some(&self.previous));
        part(Some(&self.position.to_be_bytes()));
        part(Some(&to_micros(self.at).to_be_bytes()));
        part(Some(self.actor_kind.as_bytes()));
        part(self.actor_id.as_ref().map(|id| id.as_bytes().as_slice()));
        for text in [
            &self.actor,
            &self.action,
            &self.target_kind,
            &self.target_id,
            &self.target,
        ] {
            part(Some(text.as_bytes()));
        }
        for text in [&self.before, &self.after, &self.address, &self.request_id] {
            part(text.as_ref().map(String::as_bytes));
        }
        hash.finalize().into()
    }
}

/// Where a log stops being what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Entries are missing, or stand in the wrong place.
    #[error("entry {expected} is missing: entry {found} follows the one before it")]
    Gap {
        /// The position that should have come.
        expected: i64,
        /// The one that came.
        found: i64,
    },
    /// An entry does not follow from the one before it.
    #[error("entry {0} does not continue the one before it: one of them was replaced")]
    Chain(i64),
    /// An entry was changed after it was written.
    #[error("entry {0} was changed after it was written")]
    Altered(i64),
    /// The log ends too early, or later than it should.
    #[error("the log should end with entry {expected} and ends with entry {found}: entries were taken away or added")]
    End {
        /// The position that the head names.
        expected: i64,
        /// The last entry there is.
        found: i64,
    },
    /// The head's seal was not made with this installation's key.
    #[error(
        "the seal of the log's end was not made with this installation's key: the log was written anew by somebody without it"
    )]
    Seal,
}

/// A log that is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// How many entries there are.
    pub entries: i64,
    /// The hash of the last one; whoever keeps it elsewhere can tell later that nothing before it was changed.
    pub hash: [u8; HASH_LENGTH],
}

impl Verification {
    /// The hash in hexadecimal, as it is shown.
    pub fn hash_text(&self) -> String {
        hex::encode(self.hash)
    }
}

/// Reads a log from its beginning and compares it with its hashes.
#[derive(Debug)]
pub struct Verifier {
    organization: Uuid,
    position: i64,
    hash: [u8; HASH_LENGTH],
}

impl Verifier {
    /// Before the first entry of an organisation's log.
    pub fn new(organization: Uuid) -> Self {
        Self {
            organization,
            position: 0,
            hash: ORIGIN,
        }
    }

    /// Looks at the next entry.
    ///
    /// # Errors
    /// When it is not what was written behind those before it.
    pub fn next(&mut self, entry: &Entry) -> Result<(), Broken> {
        let expected = self.position + 1;
        if entry.position != expected {
            return Err(Broken::Gap {
                expected,
                found: entry.position,
            });
        }
        if entry.previous != self.hash {
            return Err(Broken::Chain(expected));
        }
        let digest = entry.digest(self.organization);
        if entry.hash != digest {
            return Err(Broken::Altered(expected));
        }
        self.position = expected;
        self.hash = digest;
        Ok(())
    }

    /// What was seen so far.
    pub fn so_far(&self) -> Verification {
        Verification {
            entries: self.position,
            hash: self.hash,
        }
    }
}

#[cfg(test)]
mod tests;
