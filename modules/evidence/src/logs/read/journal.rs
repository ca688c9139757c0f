//! The export format of the systemd journal: an entry is lines of `FIELD=value` up to an empty one; a field with line
//! ends or other bytes in it is its name, a line end, eight bytes of length, and the value.

use super::{
    fields::{self, Field},
    format,
    record::Head,
};
use crate::logs::{
    correlate::IdentifierKind,
    severity::Severity,
    time::{Stamp, TimeContext},
};

/// Whether a file that begins with this line is such an export.
pub fn begins(line: &[u8]) -> bool {
    line.starts_with(b"__CURSOR=") || line.starts_with(b"__REALTIME_TIMESTAMP=")
}

/// Collects the lines of an entry.
#[derive(Debug, Default)]
pub struct Entry {
    /// Fields so far.
    any: bool,
    message: Vec<u8>,
    micros: Option<i64>,
    severity: Option<Severity>,
    unit: Vec<u8>,
    identifier: Vec<u8>,
    host: Vec<u8>,
    /// A field with a length: its name and what was read of it.
    name: Option<Vec<u8>>,
    pending: Vec<u8>,
}

/// Bytes of a value with a length that are waited for.
const LONGEST: u64 = 1 << 22;

impl Entry {
    /// Takes a line with its ending. True when the entry is over.
    pub fn line(&mut self, line: &[u8]) -> bool {
        if self.name.is_some() {
            self.pending.extend_from_slice(line);
            self.close_pending();
            return false;
        }
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.is_empty() {
            return self.any;
        }
        if let Some(at) = memchr::memchr(b'=', text) {
            self.field(&text[..at], &text[at + 1..]);
        } else {
            self.name = Some(text.to_vec());
            self.pending.clear();
        }
        false
    }

    fn close_pending(&mut self) {
        let Some((length, value)) = self.pending.split_first_chunk::<8>() else {
            return;
        };
        let length = u64::from_le_bytes(*length);
        if length > LONGEST {
            self.name = None;
            return;
        }
        let Ok(length) = usize::try_from(length) else { return };
        if value.len() <= length {
            return;
        }
        let (name, value) = (self.name.take().unwrap_or_default(), value[..length].to_vec());
        self.field(&name, &value);
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        let text = || std::str::from_utf8(value).ok();
        self.any = true;
        match name {
            b"MESSAGE" => self.message = value.to_vec(),
            b"PRIORITY" => self.severity = text().and_then(|text| text.parse().ok()).and_then(Severity::of_syslog),
            b"__REALTIME_TIMESTAMP" => self.micros = text().and_then(|text| text.parse().ok()),
            b"_SYSTEMD_UNIT" => self.unit = value.to_vec(),
            b"SYSLOG_IDENTIFIER" => self.identifier = value.to_vec(),
            b"_HOSTNAME" => self.host = value.to_vec(),
            _ => {}
        }
    }

    /// Whether nothing was collected.
    pub fn is_empty(&self) -> bool {
        !self.any
    }

    /// Moves the entry into a head and begins anew.
    pub fn finish(&mut self, head: &mut Head, context: &TimeContext, scratch: &mut Vec<u8>) {
        let entry = std::mem::take(self);
        head.clear();
        head.wrapped = true;
        head.stamp = entry.micros.map(|micros| Stamp {
            micros,
            year_assumed: false,
            day_assumed: false,
            zone_assumed: false,
        });
        head.severity = entry.severity;
        if !entry.host.is_empty() {
            head.identifiers.push(IdentifierKind::Host, &entry.host);
        }
        fields::take(
            head,
            Field::Service,
            if entry.identifier.is_empty() {
                &entry.unit
            } else {
                &entry.identifier
            },
            context,
        );
        format::inner(&entry.message, head, context, scratch);
        head.stamped = true;
    }
}
