//! The documents a service keeps in memory to answer faster, under a limit of its own.
//!
//! Every byte counted here is really allocated. It must not know what the documents say.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// Documents kept; older ones make room.
const ENTRIES_KEPT: usize = 256;
/// What a document takes when it is kept expanded: its text beside every intermediate table.
const EXPANDED_BYTES: usize = 1 << 20;

/// The limit forbids another allocation.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the document cache refused {wanted} bytes: {used} of {limit} bytes are taken by {documents} documents that are all still referenced"
)]
pub struct Refused {
    /// Bytes asked for.
    pub wanted: usize,
    /// Bytes taken.
    pub used: usize,
    /// Bytes there may be.
    pub limit: usize,
    /// Documents that take them.
    pub documents: usize,
}

/// A bounded cache of rendered documents.
#[derive(Debug)]
pub struct Documents {
    limit: usize,
    kept: Mutex<Kept>,
    references_stay: AtomicBool,
}

#[derive(Debug, Default)]
struct Kept {
    documents: VecDeque<Vec<u8>>,
    used: usize,
    last_wanted: usize,
}

impl Documents {
    /// A cache that never takes more than `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            kept: Mutex::default(),
            references_stay: AtomicBool::new(false),
        }
    }

    /// Keeps a document, dropping the oldest ones for it where nothing refers to them any more.
    ///
    /// # Errors
    /// [`Refused`] when the limit is reached and nothing may be dropped.
    pub fn keep(&self, text: &[u8]) -> Result<(), Refused> {
        let referenced = self.references_stay.load(Ordering::Relaxed);
        let wanted = if referenced {
            EXPANDED_BYTES.max(text.len())
        } else {
            text.len()
        };
        let mut kept = self.kept();
        kept.last_wanted = wanted;
        while !referenced && (kept.documents.len() >= ENTRIES_KEPT || kept.used + wanted > self.limit) {
            let Some(oldest) = kept.documents.pop_front() else {
                break;
            };
            kept.used -= oldest.len();
        }
        self.room_for(&kept, wanted)?;
        let mut document = Vec::with_capacity(wanted);
        // Repeating the text touches every page, so that the memory is resident and not only promised.
        document.extend(
            text.iter()
                .copied()
                .cycle()
                .take(if text.is_empty() { 0 } else { wanted }),
        );
        kept.used += document.len();
        kept.documents.push_back(document);
        Ok(())
    }

    /// Whether another document like the last one would be taken now; what a health check asks.
    ///
    /// # Errors
    /// [`Refused`] when not.
    pub fn probe(&self) -> Result<(), Refused> {
        if self.references_stay.load(Ordering::Relaxed) {
            let kept = self.kept();
            return self.room_for(&kept, kept.last_wanted);
        }
        // Whatever is kept may be dropped.
        Ok(())
    }

    /// Bytes taken now.
    pub fn used(&self) -> usize {
        self.kept().used
    }

    /// Whether documents kept from now on stay referenced and expanded, as a subscriber list nobody prunes makes them.
    pub fn keep_references(&self, stay: bool) {
        self.references_stay.store(stay, Ordering::Relaxed);
        if !stay {
            let mut kept = self.kept();
            *kept = Kept::default();
        }
    }

    fn room_for(&self, kept: &Kept, wanted: usize) -> Result<(), Refused> {
        if kept.used + wanted <= self.limit {
            return Ok(());
        }
        Err(Refused {
            wanted,
            used: kept.used,
            limit: self.limit,
            documents: kept.documents.len(),
        })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_documents_never_exceed_the_limit() {
        let documents = Documents::new(1000);
        for _ in 0..100 {
            documents.keep(&[7; 90]).unwrap();
        }
        assert!(documents.used() <= 1000);
        documents.probe().unwrap();
    }

    #[test]
    fn documents_that_stay_referenced_fill_the_limit_and_are_then_refused() {
        let documents = Documents::new(3 << 20);
        documents.keep_references(true);
        for _ in 0..3 {
            documents.keep(b"report").unwrap();
        }
        let refused = documents.keep(b"report").unwrap_err();
        assert_eq!((refused.documents, refused.used), (3, 3 << 20));
        assert!(documents.probe().is_err());
        documents.keep_references(false);
        assert_eq!(documents.used(), 0);
        documents.keep(b"report").unwrap();
    }
}
