//! What happened in a simulation, line by line: the proof that a seed repeats itself, and what one reads when it fails.

use std::{
    collections::VecDeque,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

/// Lines kept for the report of a failure.
const TAIL: usize = 400;

/// The log of one run. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Log {
    began: Instant,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    digest: u64,
    lines: u64,
    tail: VecDeque<String>,
    all: Option<String>,
}

impl Log {
    /// An empty log that keeps its last lines, or all of them.
    pub(super) fn new(began: Instant, keep_all: bool) -> Self {
        Self {
            began,
            inner: Arc::new(Mutex::new(Inner {
                // The offset basis of FNV-1a.
                digest: 0xcbf2_9ce4_8422_2325,
                lines: 0,
                tail: VecDeque::with_capacity(TAIL),
                all: keep_all.then(String::new),
            })),
        }
    }

    /// Adds a line under the time that has passed.
    pub fn line(&self, text: &str) {
        let passed = self.began.elapsed();
        let mut line = format!("{:>6}.{:03} ", passed.as_secs(), passed.subsec_millis());
        line.push_str(text);
        let mut inner = self.inner();
        inner.lines += 1;
        for byte in line.bytes() {
            inner.digest = (inner.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        if let Some(all) = &mut inner.all {
            // Writing to a string cannot fail.
            let _ = writeln!(all, "{line}");
        }
        if inner.tail.len() == TAIL {
            inner.tail.pop_front();
        }
        inner.tail.push_back(line);
    }

    /// A number that differs when any line does.
    pub fn digest(&self) -> u64 {
        self.inner().digest
    }

    /// How many lines there were.
    pub fn lines(&self) -> u64 {
        self.inner().lines
    }

    /// All lines if they were kept, otherwise the last few.
    pub fn text(&self) -> String {
        let inner = self.inner();
        match &inner.all {
            Some(all) => all.clone(),
            None => inner.tail.iter().fold(String::new(), |text, line| text + line + "\n"),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
