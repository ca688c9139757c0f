//! Compression of one stream, told by its first bytes.

use std::{
    cell::Cell,
    io::{self, BufRead, BufReader, Read},
    rc::Rc,
};

use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

/// Bytes that are asked of a compressed stream at once.
const BLOCK: usize = 1 << 16;
/// Bytes of a window or dictionary. `zstd -19` has 8 MB, `xz -9` 64 MB; with more, one input could take all memory.
const WINDOW: u64 = 64 << 20;
/// The same for xz, in units of 1,024 bytes, with its tables.
const XZ_MEMORY: u32 = 66 << 10;

/// How a stream is compressed.
///
/// bzip2 is refused like any binary file: of the decoders in Rust one stops after the first of several streams, the other has a
/// licence that is not among those allowed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952, of one member or several.
    Gzip,
    /// RFC 8878, of one frame or several.
    Zstandard,
    /// The .xz file format 1.2.1, of one stream or several.
    Xz,
}

impl Compression {
    pub fn of(head: &[u8]) -> Option<Self> {
        match head {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // A frame, or one to be skipped in front of it.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstandard),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    pub fn decode<'s>(self, stream: Box<dyn Read + 's>) -> Box<dyn Read + 's> {
        let stream = BufReader::with_capacity(BLOCK, stream);
        match self {
            Self::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(stream)),
            Self::Zstandard => Box::new(Frames::new(stream)),
            Self::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(stream, true, XZ_MEMORY)),
        }
    }

    /// A file's name without what says that it is compressed.
    pub fn stem(name: &str) -> String {
        let strip = |ending: &str| {
            let at = name.len().checked_sub(ending.len())?;
            let found = name.get(at..)?.eq_ignore_ascii_case(ending);
            (found && at > 0).then(|| name[..at].to_owned())
        };
        [".gz", ".zst", ".zstd", ".xz"]
            .into_iter()
            .find_map(strip)
            .unwrap_or_else(|| name.to_owned())
    }
}

/// All frames of a Zstandard stream one after another.
struct Frames<R> {
    source: R,
    decoder: FrameDecoder,
    within: bool,
}

impl<R: BufRead> Frames<R> {
    fn new(source: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(WINDOW);
        Self {
            source,
            decoder,
            within: false,
        }
    }

    /// Goes to the next frame. False at the end.
    fn next_frame(&mut self) -> io::Result<bool> {
        while !self.source.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.source) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
                    io::copy(&mut (&mut self.source).take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for Frames<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if into.is_empty() {
            return Ok(0);
        }
        loop {
            if !self.within {
                if !self.next_frame()? {
                    return Ok(0);
                }
                self.within = true;
            }
            while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                self.decoder
                    .decode_blocks(&mut self.source, BlockDecodingStrategy::UptoBlocks(1))
                    .map_err(io::Error::other)?;
            }
            let count = self.decoder.read(into)?;
            if count > 0 {
                return Ok(count);
            }
            self.within = !self.decoder.is_finished();
        }
    }
}

/// Counts what goes through.
pub(super) struct Counted<R> {
    pub inner: R,
    pub count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}
