//! Pairs of a key and a value by lines: `.env`, Java properties, INI. What is no pair is passed over.

use super::Sink;

/// Reads all pairs. A section is put in front of the keys below it.
pub(super) fn read(content: &str) -> Sink {
    let mut sink = Sink::default();
    let mut section = String::new();
    let mut at = 0;
    for line in content.split_inclusive('\n') {
        let start = at;
        at += line.len();
        let text = line.trim();
        if text.is_empty() || text.starts_with(['#', ';', '!']) {
            continue;
        }
        if let Some(name) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            name.trim().clone_into(&mut section);
            continue;
        }
        let Some((key, value, from)) = pair(line) else { continue };
        let path = if section.is_empty() {
            key.to_owned()
        } else {
            format!("{section}.{key}")
        };
        sink.push(path, value.to_owned(), start + from..start + from + value.len());
    }
    sink
}

/// The key and the value of a line, and where in it the value begins.
pub(in crate::changes) fn pair(line: &str) -> Option<(&str, &str, usize)> {
    let equals = line.find('=');
    // `key: value` in properties; a colon without a space belongs to a value or a key.
    let colon = line
        .find(": ")
        .or_else(|| line.trim_end().ends_with(':').then(|| line.trim_end().len() - 1));
    let at = match (equals, colon) {
        (Some(equals), Some(colon)) => equals.min(colon),
        (equals, colon) => equals.or(colon)?,
    };
    let key = line[..at].trim();
    let key = key
        .strip_prefix("export ")
        .unwrap_or(key)
        .trim_matches(['"', '\'', ' ']);
    if key.is_empty() || key.len() > 120 {
        return None;
    }
    let raw = &line[at + 1..];
    let value = raw.trim().trim_end_matches(',');
    let mut from = at + 1 + (raw.len() - raw.trim_start().len());
    let quoted = ['"', '\'']
        .into_iter()
        .find(|quote| value.len() >= 2 && value.starts_with(*quote) && value.ends_with(*quote));
    let value = if quoted.is_some() {
        from += 1;
        &value[1..value.len() - 1]
    } else {
        // A comment behind a value needs a space in front.
        value.find(" #").map_or(value, |comment| value[..comment].trim_end())
    };
    Some((key, value, from))
}
