//! Frames: compressed pieces of a backup, each with the digest of everything up to its end. Knows bytes, not rows.

use std::io::{self, Read, Write};

use flate2::{Compression, read::DeflateDecoder, write::DeflateEncoder};
use sha2::{Digest, Sha256};

use super::{
    BackupError,
    format::{LEVEL, MAGIC, VERSION},
};

/// The first frame.
pub(super) const HEADER: u8 = b'H';
/// Any other frame.
pub(super) const ROWS: u8 = b'R';
/// The last frame.
pub(super) const FOOTER: u8 = b'E';

const CHECK: usize = 4;
const DIGEST: usize = 32;
const PREFIX: usize = MAGIC.len() + 4 + CHECK;
/// Kind, table, length before and after compression.
const HEAD: usize = 1 + 2 + 4 + 4;
/// How much room is made before the bytes are there: a length alone must not take memory.
const ROOM: usize = 4 * 1024 * 1024;

/// Writes frames.
pub(super) struct FrameWriter<W> {
    out: W,
    encoder: DeflateEncoder<Vec<u8>>,
    hash: Sha256,
    written: u64,
    last: [u8; DIGEST],
}

/// What was written.
pub(super) struct Written<W> {
    /// Where to.
    pub out: W,
    /// How many bytes.
    pub bytes: u64,
    /// The digest at its end.
    pub digest: [u8; DIGEST],
}

impl<W: Write> FrameWriter<W> {
    /// Writes the beginning of the file.
    pub fn new(out: W) -> io::Result<Self> {
        let mut writer = Self {
            out,
            encoder: DeflateEncoder::new(Vec::new(), Compression::new(LEVEL)),
            hash: Sha256::new(),
            written: 0,
            last: [0; DIGEST],
        };
        writer.put(MAGIC)?;
        writer.put(&VERSION.to_be_bytes())?;
        let digest = digest(&writer.hash);
        writer.put(&digest[..CHECK])?;
        Ok(writer)
    }

    /// Writes one frame.
    pub fn frame(&mut self, kind: u8, table: u16, raw: &[u8]) -> io::Result<()> {
        self.encoder.write_all(raw)?;
        let stored = self.encoder.reset(Vec::with_capacity(raw.len() / 4))?;
        let mut head = [0; HEAD];
        head[0] = kind;
        head[1..3].copy_from_slice(&table.to_be_bytes());
        head[3..7].copy_from_slice(&length(raw)?.to_be_bytes());
        head[7..].copy_from_slice(&length(&stored)?.to_be_bytes());
        self.put(&head)?;
        let check = digest(&self.hash);
        self.put(&check[..CHECK])?;
        self.put(&stored)?;
        self.last = digest(&self.hash);
        let last = self.last;
        self.put(&last)
    }

    /// Hands everything over to where it was written to.
    pub fn finish(mut self) -> io::Result<Written<W>> {
        self.out.flush()?;
        Ok(Written {
            out: self.out,
            bytes: self.written,
            digest: self.last,
        })
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }
}

fn length(bytes: &[u8]) -> io::Result<u32> {
    u32::try_from(bytes.len()).map_err(|_| io::Error::other("one row is larger than 4 GiB"))
}

fn digest(hash: &Sha256) -> [u8; DIGEST] {
    hash.clone().finalize().into()
}

/// One frame whose bytes are as they were written.
#[derive(Debug)]
pub(super) struct Frame {
    pub kind: u8,
    pub table: u16,
    pub raw: Vec<u8>,
}

/// Reads frames, and believes nothing before its digest was compared.
pub(super) struct FrameReader<R> {
    input: R,
    hash: Sha256,
    read: u64,
    last: [u8; DIGEST],
}

impl<R: Read> FrameReader<R> {
    /// Reads the beginning of the file.
    ///
    /// # Errors
    /// When this is no backup, a damaged one, or one of a newer format.
    pub fn open(input: R) -> Result<Self, BackupError> {
        let mut reader = Self {
            input,
            hash: Sha256::new(),
            read: 0,
            last: [0; DIGEST],
        };
        let mut prefix = Vec::with_capacity(PREFIX);
        let read = (&mut reader.input).take(PREFIX as u64).read_to_end(&mut prefix);
        read.map_err(BackupError::io("read the backup"))?;
        let magic = &prefix[..prefix.len().min(MAGIC.len())];
        let wrong = magic.iter().zip(MAGIC).filter(|(found, due)| found != due).count();
        // A byte or two that changed do not make it something else.
        let forgiven = if magic.len() < MAGIC.len() { 0 } else { 2 };
        if magic.is_empty() || wrong > forgiven {
            return Err(BackupError::Foreign);
        }
        if prefix.len() < PREFIX {
            return Err(BackupError::CutShort {
                bytes: prefix.len() as u64,
            });
        }
        let (text, check) = prefix.split_at(PREFIX - CHECK);
        reader.hash.update(text);
        if wrong > 0 || digest(&reader.hash)[..CHECK] != *check {
            return Err(BackupError::Damaged {
                at: "at its very beginning".to_owned(),
                what: "the first 24 bytes are not as they were written".to_owned(),
            });
        }
        reader.hash.update(check);
        reader.read = PREFIX as u64;
        let version = number(&text[MAGIC.len()..]);
        if version != VERSION {
            return Err(BackupError::NewerFormat { found: version });
        }
        Ok(reader)
    }

    /// Reads the next frame.
    ///
    /// # Errors
    /// When it is damaged or missing.
    pub fn next(&mut self) -> Result<Frame, BackupError> {
        let begin = self.read;
        let mut head = [0; HEAD];
        self.take(&mut head)?;
        let due = digest(&self.hash);
        let mut check = [0; CHECK];
        self.take(&mut check)?;
        if check != due[..CHECK] {
            return Err(damaged(begin, "the head of a piece is not as it was written"));
        }
        let raw_length = number(&head[3..7]) as usize;
        let stored_length = number(&head[7..]);
        let mut stored = Vec::with_capacity(ROOM.min(stored_length as usize));
        let read = (&mut self.input)
            .take(u64::from(stored_length))
            .read_to_end(&mut stored)
            .map_err(BackupError::io("read the backup"))?;
        self.read += read as u64;
        if read < stored_length as usize {
            return Err(BackupError::CutShort { bytes: self.read });
        }
        self.hash.update(&stored);
        self.last = digest(&self.hash);
        let mut found = [0; DIGEST];
        self.take(&mut found)?;
        if found != self.last {
            return Err(damaged(begin, "what is read is not what was written"));
        }
        let mut raw = Vec::with_capacity(ROOM.min(raw_length));
        let inflated = DeflateDecoder::new(stored.as_slice())
            .take(raw_length as u64 + 1)
            .read_to_end(&mut raw);
        if inflated.is_err() || raw.len() != raw_length {
            return Err(damaged(begin, "what was written cannot be decompressed"));
        }
        Ok(Frame {
            kind: head[0],
            table: u16::from_be_bytes([head[1], head[2]]),
            raw,
        })
    }

    /// Makes sure that nothing follows; answers the size of the file and the digest at its end.
    ///
    /// # Errors
    /// When something follows.
    pub fn finish(mut self) -> Result<(u64, [u8; DIGEST]), BackupError> {
        let mut more = Vec::new();
        let read = (&mut self.input).take(1).read_to_end(&mut more);
        if read.map_err(BackupError::io("read the backup"))? > 0 {
            return Err(damaged(self.read, "something was added after its end"));
        }
        Ok((self.read, self.last))
    }

    /// How many bytes were read.
    pub fn position(&self) -> u64 {
        self.read
    }

    fn take(&mut self, bytes: &mut [u8]) -> Result<(), BackupError> {
        let mut filled = 0;
        while filled < bytes.len() {
            match self.input.read(&mut bytes[filled..]) {
                Ok(0) => {
                    return Err(BackupError::CutShort {
                        bytes: self.read + filled as u64,
                    });
                }
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(BackupError::io("read the backup")(error)),
            }
        }
        self.read += filled as u64;
        self.hash.update(&*bytes);
        Ok(())
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

fn damaged(at: u64, what: &str) -> BackupError {
    BackupError::Damaged {
        at: format!("in the piece that begins at byte {at}"),
        what: what.to_owned(),
    }
}
