//! Dockerfiles: an instruction is a setting, and each variable of ENV and ARG is one.

use super::Sink;

/// Reads all instructions.
pub(super) fn read(content: &str) -> Sink {
    let mut sink = Sink::default();
    let mut numbers = std::collections::BTreeMap::<String, usize>::new();
    let mut stage = 0_usize;
    let mut at = 0;
    let mut lines = content.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        let start = at;
        at += line.len();
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        // An instruction goes on in the next line after a backslash; comments in between do not end it.
        let mut last = text;
        while last.ends_with('\\') || last.starts_with('#') && last != text {
            let Some(next) = lines.next() else { break };
            at += next.len();
            last = next.trim();
        }
        let whole = content.get(start..at).unwrap_or_default();
        let trimmed = whole.trim();
        let from = start + (whole.len() - whole.trim_start().len());
        let Some((word, rest)) = trimmed.split_once(char::is_whitespace) else {
            continue;
        };
        let word = word.to_ascii_uppercase();
        let value_at = from + (trimmed.len() - rest.trim_start().len());
        let value = rest.trim();
        match word.as_str() {
            "FROM" => {
                let (image, name) = value
                    .split_once(" AS ")
                    .or_else(|| value.split_once(" as "))
                    .unwrap_or((value, ""));
                let name = if name.is_empty() {
                    stage.to_string()
                } else {
                    name.trim().to_owned()
                };
                stage += 1;
                sink.push(
                    format!("FROM[{name}].image"),
                    image.trim().to_owned(),
                    value_at..value_at + image.len(),
                );
            }
            "ENV" | "ARG" | "LABEL" => variables(&word, value, value_at, &mut sink),
            _ => {
                let number = numbers.entry(word.clone()).or_default();
                let path = match (word.as_str(), *number) {
                    ("RUN" | "COPY" | "ADD", number) => format!("{word}[{number}]"),
                    _ => word,
                };
                *number += 1;
                sink.push(path, value.to_owned(), value_at..value_at + value.len());
            }
        }
    }
    sink
}

/// `KEY=value KEY="a b"`, or the old form `KEY value`.
fn variables(word: &str, text: &str, start: usize, sink: &mut Sink) {
    let first = text.split_whitespace().next().unwrap_or_default();
    if !first.contains('=') {
        let value = text[first.len()..].trim();
        sink.push(
            format!("{word}.{first}"),
            value.to_owned(),
            start + text.len() - value.len()..start + text.len(),
        );
        return;
    }
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at].is_ascii_whitespace() || bytes[at] == b'\\' {
            at += 1;
            continue;
        }
        let from = at;
        let mut quote = None;
        while at < bytes.len() && (quote.is_some() || !bytes[at].is_ascii_whitespace()) {
            match (quote, bytes[at]) {
                (Some(open), byte) if open == byte => quote = None,
                (None, byte @ (b'"' | b'\'')) => quote = Some(byte),
                _ => {}
            }
            at += 1;
        }
        // Both ends are beside ASCII, so they are ends of characters.
        let Some((key, value)) = text.get(from..at).and_then(|pair| pair.split_once('=')) else {
            continue;
        };
        let value_from = start + at - value.len();
        sink.push(
            format!("{word}.{key}"),
            value.trim_matches(['"', '\'']).to_owned(),
            value_from..start + at,
        );
    }
}
