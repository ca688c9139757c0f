//! Rows as bytes, exactly.
//!
//! A row is one bit for each column, rounded up to bytes, the first column in the lowest bit, set where the value is `NULL`;
//! then each value that is not `NULL`: `BOOLEAN` as one byte, 0 or 1; `BIGINT` folded so that small negative numbers are
//! small too (zigzag), seven bits to a byte, lowest first (LEB128); `DOUBLE PRECISION` as the eight bytes of its bits; `UUID`
//! as its sixteen bytes; `TEXT` and `BYTEA` as their length, like a `BIGINT` without the folding, and their bytes.

use sqlx::{ColumnIndex, Decode, Row, Type};
use uuid::Uuid;

use super::{ColumnShape, Kind};
use crate::Value;

/// Appends a row to `out`. On an error, `out` holds a part of it.
///
/// # Errors
/// When a value is of another type; the number is that of the column.
pub(super) fn encode<'r, R>(row: &'r R, columns: &[ColumnShape], out: &mut Vec<u8>) -> Result<(), (usize, sqlx::Error)>
where
    R: Row,
    usize: ColumnIndex<R>,
    bool: Type<R::Database> + Decode<'r, R::Database>,
    i64: Type<R::Database> + Decode<'r, R::Database>,
    f64: Type<R::Database> + Decode<'r, R::Database>,
    &'r str: Type<R::Database> + Decode<'r, R::Database>,
    &'r [u8]: Type<R::Database> + Decode<'r, R::Database>,
    Uuid: Type<R::Database> + Decode<'r, R::Database>,
{
    let nulls = out.len();
    out.resize(nulls + bitmap(columns.len()), 0);
    for (index, column) in columns.iter().enumerate() {
        let present = match column.kind {
            Kind::Bool => row
                .try_get::<Option<bool>, _>(index)
                .map(|value| value.map(|value| out.push(u8::from(value)))),
            Kind::Int => row
                .try_get::<Option<i64>, _>(index)
                .map(|value| value.map(|value| put_number(zigzag(value), out))),
            Kind::Float => row
                .try_get::<Option<f64>, _>(index)
                .map(|value| value.map(|value| out.extend_from_slice(&value.to_bits().to_be_bytes()))),
            Kind::Uuid => row
                .try_get::<Option<Uuid>, _>(index)
                .map(|value| value.map(|value| out.extend_from_slice(value.as_bytes()))),
            Kind::Text => row
                .try_get::<Option<&str>, _>(index)
                .map(|value| value.map(|value| put_bytes(value.as_bytes(), out))),
            Kind::Bytes => row
                .try_get::<Option<&[u8]>, _>(index)
                .map(|value| value.map(|value| put_bytes(value, out))),
        };
        if present.map_err(|error| (index, error))?.is_none() {
            out[nulls + index / 8] |= 1 << (index % 8);
        }
    }
    Ok(())
}

fn bitmap(columns: usize) -> usize {
    columns.div_ceil(8)
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Bytes that are no rows of these columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads the rows of one frame.
pub(super) struct Rows<'a> {
    bytes: &'a [u8],
}

impl<'a> Rows<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether all rows were read.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Appends the values of the next row.
    pub fn next(&mut self, columns: &[ColumnShape], values: &mut Vec<Value>) -> Result<(), Malformed> {
        let nulls = self.take(bitmap(columns.len()))?;
        for (index, column) in columns.iter().enumerate() {
            let present = nulls[index / 8] & (1 << (index % 8)) == 0;
            values.push(match column.kind {
                Kind::Bool => Value::Bool(present.then(|| self.flag()).transpose()?),
                Kind::Int => Value::Int(present.then(|| self.number().map(unzigzag)).transpose()?),
                Kind::Float => Value::Float(
                    present
                        .then(|| self.array().map(u64::from_be_bytes).map(f64::from_bits))
                        .transpose()?,
                ),
                Kind::Uuid => Value::Uuid(present.then(|| self.array().map(Uuid::from_bytes)).transpose()?),
                Kind::Text => Value::Text(present.then(|| self.text()).transpose()?),
                Kind::Bytes => Value::Bytes(present.then(|| self.blob().map(<[u8]>::to_vec)).transpose()?),
            });
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(Malformed)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed)
    }

    fn flag(&mut self) -> Result<bool, Malformed> {
        match self.take(1)? {
            [0] => Ok(false),
            [1] => Ok(true),
            _ => Err(Malformed),
        }
    }

    fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.take(1)?[0]);
            let part = byte & 0x7f;
            // The tenth byte has room for one bit.
            if (part << shift) >> shift != part {
                return Err(Malformed);
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed)
    }

    fn blob(&mut self) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        let text = str::from_utf8(self.blob()?).map_err(|_| Malformed)?;
        Ok(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_size_come_back() {
        for value in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN, i64::MAX - 1, 1 << 56] {
            let mut bytes = Vec::new();
            put_number(zigzag(value), &mut bytes);
            assert!(bytes.len() <= 10);
            let mut rows = Rows::new(&bytes);
            assert_eq!(rows.number().map(unzigzag), Ok(value));
            assert!(rows.is_empty());
        }
    }

    #[test]
    fn bytes_that_are_no_rows_are_refused() {
        let columns = |kind| {
            [ColumnShape {
                name: "value".to_owned(),
                kind,
                required: false,
            }]
        };
        let malformed: [(Kind, &[u8]); 7] = [
            (Kind::Bool, &[0, 2]),
            (Kind::Int, &[0, 0x80]),
            (
                Kind::Int,
                &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02],
            ),
            (Kind::Float, &[0, 1, 2, 3]),
            (Kind::Uuid, &[0, 1]),
            (Kind::Text, &[0, 2, 0xff, 0xff]),
            (Kind::Bytes, &[0, 5, 1]),
        ];
        for (kind, bytes) in malformed {
            assert_eq!(
                Rows::new(bytes).next(&columns(kind), &mut Vec::new()),
                Err(Malformed),
                "{kind:?} {bytes:?}"
            );
        }
    }
}
