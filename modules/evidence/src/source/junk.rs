//! What is not text: refused with a reason, by its first bytes.

/// Bytes that are looked at.
pub const LOOKED_AT: usize = 8_192;

const MAGIC: [(&[u8], &str); 14] = [
    (
        b"\x1f\x8b",
        "gzip-compressed data: give it decompressed, or as a .gz file",
    ),
    (b"PK\x03\x04", "a zip archive: give its members"),
    (b"\x28\xb5\x2f\xfd", "Zstandard-compressed data: give it decompressed"),
    (b"BZh", "bzip2-compressed data: give it decompressed"),
    (b"\xfd7zXZ\x00", "xz-compressed data: give it decompressed"),
    (b"\x7fELF", "a program (ELF)"),
    (b"MZ\x90", "a program (PE)"),
    (b"\x89PNG", "an image (PNG)"),
    (b"\xff\xd8\xff", "an image (JPEG)"),
    (b"GIF8", "an image (GIF)"),
    (b"%PDF-", "a PDF document"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (
        b"LPKSHHRH",
        "a binary journal: export it with `journalctl --output=export`",
    ),
    (b"\xca\xfe\xba\xbe", "a program (Java class or Mach-O)"),
];

/// Why a source is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It says by its first bytes what it is.
    #[error("this is {0}")]
    Known(&'static str),
    /// It looks like no text.
    #[error("{percent} % of the first {looked_at} bytes are control characters: this is not text")]
    Binary {
        /// Share of control characters.
        percent: usize,
        /// Bytes that were looked at.
        looked_at: usize,
    },
}

/// Refuses what is no text. `wide` is UTF-16, where every second byte may be zero.
pub fn refuse(head: &[u8], wide: bool) -> Option<Refusal> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Some(Refusal::Known(what));
    }
    if wide || head.is_empty() {
        return None;
    }
    let control = head
        .iter()
        .filter(|byte| **byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b))
        .count();
    let percent = control * 100 / head.len();
    (percent >= 10).then_some(Refusal::Binary {
        percent,
        looked_at: head.len(),
    })
}
