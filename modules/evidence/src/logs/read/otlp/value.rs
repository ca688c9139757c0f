//! Values of OTLP in JSON (opentelemetry-proto, `common/v1/common.proto`): each is an object with its type as the key. They are read
//! where they stand, and written as plain words.

use super::super::json::{self, Value};

/// Values inside one another that are read; what is deeper is left out.
const DEEPEST: u32 = 8;

/// Calls with each key and plain value of a list of attributes, or of the fields of a structured value.
pub fn attributes<'t>(list: Value<'t>, mut each: impl FnMut(&'t [u8], Value<'t>)) {
    let list = match list {
        Value::Array(list) => Some(list),
        Value::Object(_) => values(list, &[b"kvlistValue", b"kvlist_value"]),
        Value::Text(_) | Value::Bare(_) => None,
    };
    let Some(list) = list else { return };
    json::elements(list, |element| pair(element, |key, value| each(key, bare(value))));
}

/// Appends a value as words: texts as they are, lists with commas, fields as `key=value`.
pub fn write(value: Value<'_>, into: &mut Vec<u8>) {
    write_within(value, into, DEEPEST);
}

fn write_within(value: Value<'_>, into: &mut Vec<u8>, depth: u32) {
    if depth == 0 {
        return;
    }
    match bare(value) {
        Value::Text(text) => json::unescape(text, into),
        Value::Bare(b"null") => {}
        Value::Bare(word) => into.extend_from_slice(word),
        inner => {
            let mut is_first = true;
            let mut part = |sign: &[u8], into: &mut Vec<u8>| {
                into.extend_from_slice(if is_first { b"" } else { sign });
                is_first = false;
            };
            if let Some(list) = values(inner, &[b"arrayValue", b"array_value"]) {
                json::elements(list, |element| {
                    part(b", ", into);
                    write_within(element, into, depth - 1);
                });
            } else if let Some(list) = values(inner, &[b"kvlistValue", b"kvlist_value"]) {
                json::elements(list, |element| {
                    pair(element, |key, value| {
                        part(b" ", into);
                        json::unescape(key, into);
                        into.push(b'=');
                        write_within(value, into, depth - 1);
                    });
                });
            }
        }
    }
}

/// The one value inside `{"stringValue": …}` and the like. Lists and fields stay in their object; what is no object is a value
/// itself.
fn bare(value: Value<'_>) -> Value<'_> {
    let Value::Object(object) = value else { return value };
    let mut found = value;
    json::fields(object, |key, inner| {
        let is_plain = matches!(inner, Value::Text(_) | Value::Bare(_));
        if is_plain && (key.ends_with(b"Value") || key.ends_with(b"_value")) {
            found = inner;
        }
    });
    found
}

/// The `values` of a list or of fields, by the key of either.
fn values<'t>(value: Value<'t>, names: &[&[u8]]) -> Option<&'t [u8]> {
    let Value::Object(object) = value else { return None };
    let mut found = None;
    json::fields(object, |key, inner| {
        if let (true, Value::Object(inner)) = (names.contains(&key), inner) {
            json::fields(inner, |key, list| {
                if let (b"values", Value::Array(list)) = (key, list) {
                    found = Some(list);
                }
            });
        }
    });
    found
}

/// Calls with the key and the value of `{"key": …, "value": …}`.
fn pair<'t>(element: Value<'t>, mut each: impl FnMut(&'t [u8], Value<'t>)) {
    let Value::Object(object) = element else { return };
    let (mut key, mut value) = (None, None);
    json::fields(object, |name, inner| match (name, inner) {
        (b"key", Value::Text(text)) => key = Some(text),
        (b"value", inner) => value = Some(inner),
        _ => {}
    });
    if let (Some(key), Some(value)) = (key, value) {
        each(key, value);
    }
}
