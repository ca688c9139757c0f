//! The change log: who did what, in the transaction that did it; read, and verified from its beginning.

use mainstay_kernel::{OrganizationId, TypedId};
use mainstay_store::Transaction;
use serde_json::Value;

use super::{Auth, By};
pub use crate::store::ChangeFilter as LogFilter;
use crate::{
    error::AuthError,
    model::{Action, Broken, Change, Entry, HASH_LENGTH, Target, Verification, Verifier},
    store::Head,
};

/// Entries that are read at a time when a log is verified.
const PIECE: i64 = 1_000;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogReport {
    /// How far the log is what was written.
    pub good: Verification,
    /// Where it stops being so.
    pub broken: Option<Broken>,
}

impl Auth {
    /// Writes a change down in the transaction that makes it. `before` and `after` hold what may be shown, never a secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn record(
        &self,
        tx: &mut Transaction,
        by: &By,
        action: Action,
        target: Target,
        before: Option<Value>,
        after: Option<Value>,
    ) -> Result<(), AuthError> {
        let organization = by.organization();
        let change = Change {
            who: by.who(),
            action,
            target,
            before,
            after,
            address: by.origin.address.map(|address| address.to_string()),
            request_id: by.origin.request_id.clone(),
        };
        let store = &self.inner.store;
        let mut head = store.lock_head(tx, organization).await?;
        if head.position > 0 && !self.is_sealed(organization, &head) {
            // Whoever goes on writing seals the end anew, and would so vouch for what somebody else may have written.
            let reseal = Change {
                who: By::system("change log").who(),
                action: "log.reseal",
                target: Target {
                    kind: "log",
                    id: head.position.to_string(),
                    label: "the end of the change log was not sealed with this key".to_owned(),
                },
                before: None,
                after: None,
                address: None,
                request_id: None,
            };
            head = self.append(tx, organization, &head, reseal).await?;
        }
        self.append(tx, organization, &head, change).await?;
        Ok(())
    }

    /// Writes an entry behind the end of the log; answers the new end.
    async fn append(
        &self,
        tx: &mut Transaction,
        organization: OrganizationId,
        head: &Head,
        change: Change,
    ) -> Result<Head, AuthError> {
        let position = head.position + 1;
        let at = self.inner.world.now_micros();
        let entry = Entry::after(head.hash, position, at, organization.as_uuid(), change);
        let hash = entry.digest(organization.as_uuid());
        let seal = self.inner.sealing.sign(&end(organization, position, &hash));
        self.inner.store.append(tx, organization, &entry, &seal).await?;
        Ok(Head { position, hash, seal })
    }

    fn is_sealed(&self, organization: OrganizationId, head: &Head) -> bool {
        let end = end(organization, head.position, &head.hash);
        self.inner.sealing.has_signed(&end, &head.seal)
    }

    /// Entries that fit a filter, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(
        &self,
        organization: OrganizationId,
        filter: &LogFilter,
        limit: usize,
    ) -> Result<Vec<Entry>, AuthError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        Ok(self.inner.store.entries(organization, filter, limit).await?)
    }

    /// The hash of the entry at a position, in hexadecimal; `None` when there is no such entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_hash_at(&self, organization: OrganizationId, position: i64) -> Result<Option<String>, AuthError> {
        let entries = self.inner.store.entries_after(organization, position - 1, 1).await?;
        let entry = entries.first().filter(|entry| entry.position == position);
        Ok(entry.map(|entry| hex::encode(&entry.hash)))
    }

    /// Reads an organisation's log from its beginning and compares it with its hashes, its end and the seal of its end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn verify_log(&self, organization: OrganizationId) -> Result<LogReport, AuthError> {
        let store = &self.inner.store;
        // The head first: what is written meanwhile comes behind it and is not looked at.
        let head = store.head(organization).await?;
        let end_at = head.as_ref().map_or(0, |head| head.position);
        let mut verifier = Verifier::new(organization.as_uuid());
        loop {
            let so_far = verifier.so_far().entries;
            let limit = PIECE.min(end_at - so_far);
            let entries = if limit > 0 {
                store.entries_after(organization, so_far, limit).await?
            } else {
                Vec::new()
            };
            if entries.is_empty() {
                break;
            }
            for entry in &entries {
                if let Err(broken) = verifier.next(entry) {
                    return Ok(LogReport {
                        good: verifier.so_far(),
                        broken: Some(broken),
                    });
                }
            }
        }
        let good = verifier.so_far();
        let broken = match head.and_then(|head| self.wrong_end(organization, &head, &good)) {
            None => self.beyond_end(organization).await?,
            found => found,
        };
        Ok(LogReport { good, broken })
    }

    /// Entries behind the log's end were not written by Mainstay. The newest is read first: what is written in between moves
    /// the end with it.
    async fn beyond_end(&self, organization: OrganizationId) -> Result<Option<Broken>, AuthError> {
        let store = &self.inner.store;
        let newest = store.entries(organization, &LogFilter::default(), 1).await?;
        let found = newest.first().map_or(0, |entry| entry.position);
        let expected = store.head(organization).await?.map_or(0, |head| head.position);
        Ok((found > expected).then_some(Broken::End { expected, found }))
    }

    fn wrong_end(&self, organization: OrganizationId, head: &Head, good: &Verification) -> Option<Broken> {
        if head.position != good.entries {
            return Some(Broken::End {
                expected: head.position,
                found: good.entries,
            });
        }
        if head.hash != good.hash {
            return Some(Broken::Chain(head.position));
        }
        (head.position > 0 && !self.is_sealed(organization, head)).then_some(Broken::Seal)
    }
}

/// What the seal of a log's end is made over.
fn end(organization: OrganizationId, position: i64, hash: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 + HASH_LENGTH);
    bytes.extend(organization.as_uuid().as_bytes());
    bytes.extend(position.to_be_bytes());
    bytes.extend(hash);
    bytes
}
