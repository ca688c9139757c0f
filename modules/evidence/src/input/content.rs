//! The content of a stream: its first bytes may be looked at before it is read.

use std::io::{self, Read};

/// Bytes that may be looked at.
pub(super) const PREFIX: usize = 1 << 16;

/// A stream whose beginning was read ahead. A failure comes where it stands, after what was read before it.
pub(super) struct Content<'s> {
    prefix: Vec<u8>,
    at: usize,
    failed: Option<io::Error>,
    rest: Box<dyn Read + 's>,
}

impl<'s> Content<'s> {
    pub fn new(mut rest: Box<dyn Read + 's>) -> Self {
        let mut prefix = Vec::with_capacity(PREFIX);
        let failed = (&mut rest).take(PREFIX as u64).read_to_end(&mut prefix).err();
        Self {
            prefix,
            at: 0,
            failed,
            rest,
        }
    }

    /// The failure of a stream that gave nothing at all before it.
    pub fn failed_at_once(&mut self) -> Option<io::Error> {
        if self.prefix.is_empty() {
            self.failed.take()
        } else {
            None
        }
    }

    pub fn prefix(&self) -> &[u8] {
        &self.prefix
    }
}

impl Read for Content<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.at < self.prefix.len() {
            let count = into.len().min(self.prefix.len() - self.at);
            into[..count].copy_from_slice(&self.prefix[self.at..self.at + count]);
            self.at += count;
            return Ok(count);
        }
        match self.failed.take() {
            Some(error) => Err(error),
            None => self.rest.read(into),
        }
    }
}
