//! Pastes: standard input cannot be read a second time, so its beginning is kept for the passages that are quoted from it.

use std::io::{self, Read};

use mainstay_evidence::{input::STANDARD_INPUT, source::Origin};

/// Bytes that are kept of all pastes together, after decompression. What is pasted is seldom more than some thousand lines, and a
/// stream of many gigabytes must not fill the memory; of what comes later, no lines are quoted.
const MOST: usize = 64 << 20;

/// What was pasted.
#[derive(Debug)]
pub struct Pastes {
    kept: Vec<(Origin, Vec<u8>)>,
    room: usize,
    cut: bool,
}

impl Default for Pastes {
    fn default() -> Self {
        Self::within(MOST)
    }
}

impl Pastes {
    fn within(room: usize) -> Self {
        Self {
            kept: Vec::new(),
            room,
            cut: false,
        }
    }

    /// The stream itself; if it is a paste, what is read of it is kept.
    pub fn keep<'p, R: Read>(&'p mut self, origin: &Origin, stream: R) -> Kept<'p, R> {
        let pastes = (origin.file == STANDARD_INPUT).then(|| {
            self.kept.push((origin.clone(), Vec::new()));
            self
        });
        Kept { stream, pastes }
    }

    /// What the reader of the last stream is to be told of it.
    pub fn problem(&mut self) -> Option<String> {
        std::mem::take(&mut self.cut).then(|| {
            format!(
                "only lines of its first {} MiB are quoted, because it cannot be read twice",
                MOST >> 20
            )
        })
    }

    /// Each paste with the bytes that are kept of it.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, &[u8])> {
        self.kept.iter().map(|(origin, bytes)| (origin, bytes.as_slice()))
    }
}

/// A stream that is kept while it is read, if it is a paste.
pub struct Kept<'p, R> {
    stream: R,
    pastes: Option<&'p mut Pastes>,
}

impl<R: Read> Read for Kept<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(into)?;
        if let Some(pastes) = &mut self.pastes
            && let Some((_, kept)) = pastes.kept.last_mut()
        {
            let fits = count.min(pastes.room);
            kept.extend_from_slice(&into[..fits]);
            pastes.room -= fits;
            pastes.cut |= fits < count;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pastes: &mut Pastes, file: &str, content: &str) -> Option<String> {
        let mut read = String::new();
        let mut stream = pastes.keep(&Origin::file(file), content.as_bytes());
        stream.read_to_string(&mut read).unwrap();
        assert_eq!(read, content, "a reader gets all of it");
        pastes.problem()
    }

    #[test]
    fn a_paste_is_kept_as_far_as_there_is_room_and_files_are_not() {
        let mut pastes = Pastes::within(8);
        assert_eq!(read(&mut pastes, "x.log", "a file"), None);
        assert_eq!(read(&mut pastes, STANDARD_INPUT, "first"), None);
        assert!(read(&mut pastes, STANDARD_INPUT, "second").is_some());
        assert_eq!(read(&mut pastes, "y.log", "a file"), None);
        let kept: Vec<&[u8]> = pastes.iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(kept, [&b"first"[..], b"sec"]);
    }
}
