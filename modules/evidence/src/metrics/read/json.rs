//! JSON: one document or one after another; each object says by its keys what it is.
//!
//! Elements are given out while the document is parsed, so that a cut one gives all that comes before the cut.

use std::io::Read;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{ReadOptions, ReadSummary, otlp, record::Records};
use crate::{
    metrics::SeriesSet,
    source::{Origin, ReadError},
};

/// Faulty documents after which a file is given up: it is no JSON.
const FAULTS: u64 = 1_000;

/// Reads all documents.
pub fn read(
    mut stream: impl Read,
    origin: &Origin,
    options: &ReadOptions,
    set: &mut SeriesSet,
) -> Result<ReadSummary, ReadError> {
    let mut content = Vec::new();
    let failed = |at: u64| move |source| ReadError::Stream { at, source };
    (&mut stream)
        .take(options.document as u64)
        .read_to_end(&mut content)
        .map_err(failed(0))?;
    let length = content.len() as u64;
    let skipped = std::io::copy(&mut stream, &mut std::io::sink()).map_err(failed(length))?;
    let mut records = Records::new(&content, origin, options, set);
    let mut at = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut faulty = 0;
    while at < content.len() && faulty < FAULTS {
        let rest = &content[at..];
        let Some(from) = rest
            .iter()
            .position(|byte| !byte.is_ascii_whitespace() && *byte != b',')
        else {
            break;
        };
        let mut document = serde_json::Deserializer::from_slice(&rest[from..]);
        let outcome = Element { records: &mut records }.deserialize(&mut document);
        let used = from + document.into_iter::<IgnoredAny>().byte_offset();
        if outcome.is_ok() {
            at += used.max(1);
        } else {
            faulty += 1;
            // What follows may be whole: it goes on with the next line.
            let tail = rest.get(used..).unwrap_or_default();
            at += used + memchr::memchr(b'\n', tail).map_or(tail.len(), |end| end + 1);
        }
    }
    let mut summary = records.finish();
    summary.bytes = length + skipped;
    summary.skipped = skipped + (content.len().saturating_sub(at)) as u64;
    summary.faulty += faulty;
    Ok(summary)
}

/// An object or an array of objects.
struct Element<'e, 'r, 't> {
    records: &'e mut Records<'r, 't>,
}

impl<'de> DeserializeSeed<'de> for Element<'_, 'de, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Element<'_, 'de, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object or an array of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(element) = sequence.next_element::<&RawValue>()? {
            self.records.element(element);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "resourceMetrics" | "resource_metrics" => map.next_value_seed(Each(|element| {
                    otlp::resource(element, self.records);
                }))?,
                "result" => map.next_value_seed(Each(|element| self.records.element(element)))?,
                "data" => map.next_value_seed(Element {
                    records: &mut *self.records,
                })?,
                _ => fields.push((key, map.next_value::<&RawValue>()?)),
            }
        }
        self.records.object(&fields);
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Calls with each element of an array.
struct Each<F>(F);

impl<'de, F: FnMut(&'de RawValue)> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(&'de RawValue)> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        while let Some(element) = sequence.next_element::<&RawValue>()? {
            (self.0)(element);
        }
        Ok(())
    }
}
