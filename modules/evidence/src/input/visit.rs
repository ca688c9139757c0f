//! The set of inputs, and giving each stream of it to a visitor.

use std::{
    fs::File,
    io::{self, Read, Seek},
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    compression::Compression,
    content::Content,
    limits::InputLimits,
    note::{Note, Trouble},
    opening::{Opening, Place},
    recognise::Recognised,
    walk::{FoundFile, Walk},
    zipped,
};
use crate::source::Origin;

/// Bytes between two reports of progress.
const STEP: u64 = 1 << 20;

/// How far reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'p> {
    /// Bytes that were read of files, compressed as they are.
    pub read: u64,
    /// Bytes of all files when they were found; unknown with standard input among them.
    pub known: Option<u64>,
    /// The file that is read.
    pub file: &'p str,
}

/// One stream: its name, what it was taken for, and its content, to be read. What the visitor leaves is skipped.
pub struct Input<'i> {
    /// Its name for quotes.
    pub origin: Origin,
    /// Its path from the folder or archive that was given.
    pub relative: String,
    /// Its bytes, where they are known beforehand.
    pub known: Option<u64>,
    /// What it was taken for, and why.
    pub recognised: Recognised,
    pub(super) content: Content<'i>,
    pub(super) inputs: &'i Inputs,
    pub(super) read: u64,
    pub(super) ended: bool,
}

impl Input<'_> {
    /// Its first bytes, at most 64 KB, whatever was read of it.
    pub fn prefix(&self) -> &[u8] {
        self.content.prefix()
    }
}

impl Read for Input<'_> {
    /// Never fails: a stream that breaks ends there, and a note says so.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if self.ended || into.is_empty() {
            return Ok(0);
        }
        loop {
            match self.content.read(into) {
                Ok(count) => {
                    self.read += count as u64;
                    self.ended = count == 0;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.inputs.failed(&self.origin, &error, self.read);
                    return Ok(0);
                }
            }
        }
    }
}

/// A set of files to be read. It may be shared between threads that each visit other files.
#[derive(Debug)]
pub struct Inputs {
    pub(super) limits: InputLimits,
    files: Vec<FoundFile>,
    known: Option<u64>,
    notes: Mutex<Vec<Note>>,
    over: AtomicU64,
    pub(super) read: AtomicU64,
    pub(super) decompressed: AtomicU64,
    pub(super) members: AtomicU64,
}

impl Inputs {
    /// Finds the files that paths lead to: folders with all below them, `-` for standard input. Nothing is opened yet.
    pub fn gather(paths: &[PathBuf], limits: InputLimits) -> Self {
        let walk = Walk::over(paths, &limits);
        Self {
            limits,
            known: walk.files.iter().map(|file| file.length).sum(),
            files: walk.files,
            notes: Mutex::new(walk.notes),
            over: AtomicU64::new(walk.over),
            read: AtomicU64::new(0),
            decompressed: AtomicU64::new(0),
            members: AtomicU64::new(0),
        }
    }

    /// The files, in the order in which they are read.
    pub fn files(&self) -> &[FoundFile] {
        &self.files
    }

    /// Gives every stream of every file to `each`.
    pub fn visit_all(&self, progress: &dyn Fn(Progress<'_>), each: &mut dyn FnMut(Input<'_>)) {
        for file in &self.files {
            self.visit(file, progress, each);
        }
    }

    /// Gives the streams of one file to `each`: itself, or what is in it.
    pub fn visit(&self, file: &FoundFile, progress: &dyn Fn(Progress<'_>), each: &mut dyn FnMut(Input<'_>)) {
        let place = Place::of(file);
        let Some(path) = &file.path else {
            let stream = self.metered(io::stdin().lock(), &file.name, progress);
            Opening { inputs: self, each }.open(Box::new(stream), place, None);
            return;
        };
        let opened = File::open(path).and_then(|mut opened| {
            let mut head = Vec::with_capacity(4);
            (&mut opened).take(4).read_to_end(&mut head)?;
            opened.rewind()?;
            Ok((opened, head))
        });
        let (opened, head) = match opened {
            Ok(opened) => opened,
            Err(error) => return self.note(&place.origin(), Trouble::Closed(error.to_string())),
        };
        let length = file.length.unwrap_or(u64::MAX);
        if zipped::begins(&head) {
            let within = |count| self.advance(count, &file.name, progress);
            zipped::members(&mut Opening { inputs: self, each }, opened, &place, &within);
        } else {
            let known = Compression::of(&head).is_none().then_some(length);
            // A file that grows is read to where it ended when it was found: it might never end otherwise.
            let mut stream = self.metered((&opened).take(length), &file.name, progress);
            Opening { inputs: self, each }.open(Box::new(&mut stream), place, known);
            let (read, at_end) = (stream.count, stream.ended);
            let now = opened.metadata().map_or(length, |found| found.len());
            if at_end && read < length {
                self.note(&Origin::file(&file.name), Trouble::Shrank { length, read });
            } else if now > length {
                self.note(&Origin::file(&file.name), Trouble::Grew { read: length, now });
            }
        }
        self.report(&file.name, progress);
    }

    /// What was not read, or not to its end, sorted by name, and how many more such notes there were.
    pub fn notes(&self) -> (Vec<Note>, u64) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        notes.sort_by(|left, right| left.origin.cmp(&right.origin));
        (notes, self.over.load(Ordering::Relaxed))
    }

    pub(super) fn note(&self, origin: &Origin, trouble: Trouble) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() >= self.limits.notes {
            self.over.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let origin = origin.clone();
        notes.push(Note { origin, trouble });
    }

    /// Notes what a stream said after so many bytes. A bound that was reached is told as such.
    pub(super) fn failed(&self, origin: &Origin, error: &io::Error, read: u64) {
        let bound = error.get_ref().and_then(|inner| inner.downcast_ref::<Trouble>());
        let trouble = bound.cloned().unwrap_or_else(|| Trouble::Broken {
            read,
            said: error.to_string(),
        });
        self.note(origin, trouble);
    }

    fn metered<'m, R: Read + 'm>(
        &'m self,
        inner: R,
        name: &'m str,
        progress: &'m dyn Fn(Progress<'_>),
    ) -> Metered<'m, R> {
        Metered {
            inner,
            inputs: self,
            name,
            progress,
            count: 0,
            ended: false,
        }
    }

    fn advance(&self, count: u64, name: &str, progress: &dyn Fn(Progress<'_>)) {
        let before = self.read.fetch_add(count, Ordering::Relaxed);
        if before / STEP != (before + count) / STEP {
            self.report(name, progress);
        }
    }

    fn report(&self, file: &str, progress: &dyn Fn(Progress<'_>)) {
        progress(Progress {
            read: self.read.load(Ordering::Relaxed),
            known: self.known,
            file,
        });
    }
}

/// Counts what is read of a file.
struct Metered<'m, R> {
    inner: R,
    inputs: &'m Inputs,
    name: &'m str,
    progress: &'m dyn Fn(Progress<'_>),
    count: u64,
    ended: bool,
}

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.ended |= count == 0 && !into.is_empty();
        self.count += count as u64;
        self.inputs.advance(count as u64, self.name, self.progress);
        Ok(count)
    }
}
