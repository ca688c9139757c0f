//! Archives of tar, read as they stream by.

use std::io::Read;

use tar::{Archive, EntryType};

use super::{
    content::Content,
    note::Trouble,
    opening::{Opening, Place},
};

/// Bytes of a header and of the unit everything is padded to.
const BLOCK: usize = 512;
/// Where the sum of a header's bytes stands in it (POSIX.1-1988, ustar).
const SUM: std::ops::Range<usize> = 148..156;
/// Bytes of a long name or of the records that hold one.
const LONGEST_NAME: u64 = 1 << 16;

/// Whether a stream begins with a header whose sum is right. Older archives have no other mark.
pub(super) fn begins(head: &[u8]) -> bool {
    let Some(header) = head.get(..BLOCK).filter(|header| header[0] != 0) else {
        return false;
    };
    let digits: Vec<u8> = header[SUM]
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b' ' | 0))
        .collect();
    let told = std::str::from_utf8(&digits)
        .ok()
        .and_then(|digits| u32::from_str_radix(digits, 8).ok());
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if SUM.contains(&at) { 32 } else { u32::from(*byte) })
        .sum();
    told == Some(sum)
}

/// Gives every member to the visitor.
pub(super) fn members(opening: &mut Opening<'_>, content: Content<'_>, place: &Place) {
    let inputs = opening.inputs;
    let mut archive = Archive::new(content);
    let entries = match archive.entries() {
        Ok(entries) => entries,
        Err(error) => return inputs.failed(&place.origin(), &error, 0),
    };
    // Raw, because otherwise a long name of any length would be read into memory.
    let mut long_name: Option<Vec<u8>> = None;
    let mut after = 0;
    for entry in entries.raw(true) {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(error) => return inputs.failed(&place.origin(), &error, after),
        };
        after = entry.raw_file_position().saturating_add(entry.size());
        let kind = entry.header().entry_type();
        match kind {
            EntryType::GNULongName | EntryType::XHeader => {
                let mut value = Vec::new();
                if (&mut entry).take(LONGEST_NAME).read_to_end(&mut value).is_ok() {
                    long_name = name_of(kind, value).or(long_name);
                }
                continue;
            }
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::GNULongLink => {
                if kind == EntryType::Directory {
                    long_name = None;
                }
                continue;
            }
            _ => {}
        }
        let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
        let member = match opening.member(place, &name) {
            Ok(Some(member)) => member,
            Ok(None) => continue,
            Err(trouble) => return inputs.note(&place.origin(), trouble),
        };
        let trouble = match kind {
            EntryType::Regular | EntryType::Continuous => None,
            EntryType::Symlink | EntryType::Link => Some(Trouble::NoFile("a link")),
            EntryType::GNUSparse => Some(Trouble::Unreadable("a sparse file".to_owned())),
            _ => Some(Trouble::NoFile("neither file nor folder")),
        };
        if let Some(trouble) = trouble {
            inputs.note(&member.origin(), trouble);
            continue;
        }
        let size = entry.size();
        let mut entry = Cut {
            inner: entry,
            left: size,
        };
        opening.open(Box::new(&mut entry), member, Some(size));
    }
}

/// The path in a GNU long name, or in the records of POSIX.1-2001 (`LENGTH key=value\n`).
fn name_of(kind: EntryType, mut value: Vec<u8>) -> Option<Vec<u8>> {
    if kind == EntryType::GNULongName {
        let end = memchr::memchr(0, &value).unwrap_or(value.len());
        value.truncate(end);
        return (!value.is_empty()).then_some(value);
    }
    let mut rest = value.as_slice();
    while let Some(space) = memchr::memchr(b' ', rest) {
        let length: usize = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length)?.strip_suffix(b"\n")?;
        if let Some(path) = record.strip_prefix(b"path=") {
            return Some(path.to_vec());
        }
        rest = &rest[length..];
    }
    None
}

/// A member that ends before its length is an archive that was cut short.
struct Cut<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Cut<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(into)?;
        self.left = self.left.saturating_sub(count as u64);
        if count == 0 && !into.is_empty() && self.left > 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok(count)
    }
}
