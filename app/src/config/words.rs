//! What a value of the wrong type is, in words for people who know TOML and not Rust.

use figment::error::{Actual, Kind};

/// What is wrong, to be read after the key.
pub(super) fn what_is_wrong(key: &str, kind: &Kind) -> String {
    match kind {
        Kind::InvalidType(actual, expected) | Kind::InvalidValue(actual, expected) => {
            format!("is {}; use {}", found(actual), wanted(expected))
        }
        Kind::MissingField(field) => format!("lacks `{field}`; add it"),
        Kind::UnknownVariant(found, known) => format!("is `{found}`; use {}", known.join(" or ")),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
            "is a number that is too large; use a smaller one".to_owned()
        }
        Kind::Message(message) if key == "listen" => {
            format!("cannot be used ({message}); write an address and a port, for example 127.0.0.1:8000 or [::1]:8000")
        }
        other => format!("cannot be used: {other}"),
    }
}

fn found(actual: &Actual) -> String {
    match actual {
        Actual::Bool(value) => value.to_string(),
        Actual::Unsigned(value) => value.to_string(),
        Actual::Signed(value) => value.to_string(),
        Actual::Float(value) => value.to_string(),
        Actual::Str(text) => format!("the text {text:?}"),
        Actual::Seq => "a list".to_owned(),
        Actual::Map => "a table".to_owned(),
        other => other.to_string(),
    }
}

fn wanted(expected: &str) -> &str {
    match expected {
        "usize" | "u64" | "u32" | "u16" => "a whole number from 0",
        "i64" | "i32" => "a whole number",
        "a boolean" => "true or false",
        "a string" | "path string" => "a text in quotes",
        "a sequence" => "a list in brackets",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}
