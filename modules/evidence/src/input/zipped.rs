//! Archives of zip (APPNOTE 6.3.10), read by their directory at the end, entry by entry.

use std::{
    cell::Cell,
    fs::File,
    io::{self, Read, Seek},
    rc::Rc,
    sync::atomic::Ordering,
};

use rawzip::{CompressionMethod, RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::{
    compression::{Compression, Counted},
    content::Content,
    note::Trouble,
    opening::{Guarded, Opening, Place},
};

/// Whether a stream begins as a zip file does, one without members included.
pub(super) fn begins(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// A zip file in another file, or from standard input, has its directory at an end that was not seen yet: it is laid down in an
/// unnamed file of the system's folder for such things.
pub(super) fn laid_down(opening: &mut Opening<'_>, content: Content<'_>, place: &Place) {
    let inputs = opening.inputs;
    let most = inputs.limits.laid_down;
    let mut written = 0;
    let file = tempfile::tempfile().and_then(|mut file| {
        written = io::copy(&mut content.take(most + 1), &mut file)?;
        file.rewind()?;
        Ok(file)
    });
    match file {
        Ok(_) if written > most => inputs.note(&place.origin(), Trouble::TooLarge(most)),
        Ok(file) => members(opening, file, place, &|_| ()),
        Err(error) => inputs.failed(&place.origin(), &error, written),
    }
}

/// Gives every member to the visitor. `advance` is told of bytes that were read of the file.
pub(super) fn members(opening: &mut Opening<'_>, file: File, place: &Place, advance: &dyn Fn(u64)) {
    if let Err(error) = each_member(opening, file, place, advance) {
        opening.inputs.failed(&place.origin(), &error, 0);
    }
}

fn each_member(opening: &mut Opening<'_>, file: File, place: &Place, advance: &dyn Fn(u64)) -> io::Result<()> {
    let inputs = opening.inputs;
    let limits = inputs.limits;
    let length = file.metadata()?.len();
    let before = inputs.decompressed.load(Ordering::Relaxed);
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(io::Error::other)?;
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(io::Error::other)? {
        if entry.is_dir() {
            continue;
        }
        let member = match opening.member(place, entry.file_path().as_bytes()) {
            Ok(Some(member)) => member,
            Ok(None) => continue,
            Err(trouble) => return Err(io::Error::other(trouble)),
        };
        if entry.flags().is_encrypted() {
            inputs.note(&member.origin(), Trouble::Unreadable("encrypted".to_owned()));
            continue;
        }
        let method = entry.compression_method();
        let known = entry.uncompressed_size_hint();
        let found = match archive.get_entry(entry.wayfinder()) {
            Ok(found) => found,
            Err(error) => {
                inputs.failed(&member.origin(), &io::Error::other(error), 0);
                continue;
            }
        };
        let count = Rc::new(Cell::new(0));
        let counted = Advancing {
            inner: Counted {
                inner: found.reader(),
                count: Rc::clone(&count),
            },
            advance,
        };
        let decoded: Box<dyn Read + '_> = match method {
            CompressionMethod::STORE => Box::new(counted),
            CompressionMethod::DEFLATE => Box::new(flate2::read::DeflateDecoder::new(counted)),
            CompressionMethod::ZSTD => Compression::Zstandard.decode(Box::new(counted)),
            CompressionMethod::XZ => Compression::Xz.decode(Box::new(counted)),
            other => {
                let trouble = Trouble::Unreadable(format!("packed by a method that is not read ({other})"));
                inputs.note(&member.origin(), trouble);
                continue;
            }
        };
        let guarded = Guarded::new(found.verifying_reader(decoded), inputs, count);
        opening.open(Box::new(guarded), member, Some(known));
        // Members may share their bytes, so that no single one is out of proportion (David Fifield, "A better zip bomb").
        let given = inputs.decompressed.load(Ordering::Relaxed).saturating_sub(before);
        let most = limits.ratio_from.max(limits.ratio.saturating_mul(length));
        if given > most {
            return Err(io::Error::other(Trouble::Expands { from: length, most }));
        }
    }
    Ok(())
}

/// Tells of what is read.
struct Advancing<'a, R> {
    inner: R,
    advance: &'a dyn Fn(u64),
}

impl<R: Read> Read for Advancing<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(into)?;
        (self.advance)(count as u64);
        Ok(count)
    }
}
