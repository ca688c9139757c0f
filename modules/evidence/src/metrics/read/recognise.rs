//! Which format a source has, by its first bytes.

use super::{
    Format,
    cell::{self, Cell},
    clock::is_named,
    separated::separator,
};
use crate::{logs::time::TimeContext, metrics::owner::component_rank, source::Encoding};

/// Rows among which one with a time is looked for.
const ROWS: usize = 16;
/// Bytes, lines and columns of a header that leaves no room for a row of data.
const LONG: usize = 2_048;
const HEADER: usize = 4;
const WIDE: usize = 8;

/// The format of measurements and why it was taken for that. None for what holds no measurements as far as can be seen.
/// `prefix` is some kilobytes from the beginning, `name` the name of the file.
pub fn recognise(prefix: &[u8], name: &str) -> Option<(Format, String)> {
    let prefix = prefix.strip_prefix(b"\xef\xbb\xbf").unwrap_or(prefix);
    let (decoded, _) = Encoding::Utf8.decode(prefix);
    let text = decoded.trim_start();
    json(text)
        .or_else(|| exposition(text))
        .or_else(|| separated(text, name))
}

fn json(text: &str) -> Option<(Format, String)> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let has = |key: &str| text.contains(&format!("\"{key}\""));
    let reason = if has("resourceMetrics") || has("resource_metrics") {
        "JSON with the key resourceMetrics: OTLP metrics"
    } else if has("resultType") {
        "JSON with the key resultType: the result of a Prometheus query"
    } else if has("metric") && (has("values") || has("value")) {
        "JSON with the keys metric and values"
    } else if has("resourceSpans") || has("resourceLogs") || has("traceID") || has("traceId") || has("spanId") {
        return None;
    } else if (has("time") || has("timestamp") || has("ts") || has("date"))
        && (has("value") || numbers(text) > 1)
        && !["message", "msg", "level", "severity", "log", "spans"]
            .iter()
            .any(|key| has(key))
    {
        "JSON objects with a time and numbers, and no message"
    } else {
        return None;
    };
    Some((Format::Json, reason.to_owned()))
}

/// Fields of the first object that are numbers.
fn numbers(text: &str) -> usize {
    let first = text.split('}').next().unwrap_or(text);
    first
        .split(':')
        .skip(1)
        .filter(|value| {
            value
                .trim_start()
                .starts_with(|letter: char| letter.is_ascii_digit() || letter == '-')
        })
        .count()
}

fn exposition(text: &str) -> Option<(Format, String)> {
    let mut samples = 0;
    for line in text.lines().take(200) {
        let mut words = line.split_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("#"), Some("TYPE"), Some(_)) => {
                return Some((
                    Format::Exposition,
                    "a line # TYPE: what a Prometheus target shows".into(),
                ));
            }
            (Some(name), Some(value), time) if !name.starts_with('#') => {
                let named = name.split('{').next().is_some_and(|name| {
                    !name.is_empty()
                        && name
                            .bytes()
                            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
                        && !name.starts_with(|letter: char| letter.is_ascii_digit())
                });
                let labelled = name.ends_with('}') && name.contains("=\"");
                let numeric = matches!(cell::number(value.as_bytes(), false), Cell::Number(_) | Cell::Infinite);
                let timed = time.is_none_or(|time| time.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'));
                if named && numeric && timed && (labelled || name.contains('_')) {
                    samples += 1;
                } else {
                    return None;
                }
            }
            _ => {}
        }
    }
    (samples >= 2).then(|| (Format::Exposition, "lines of a name, labels and a number".into()))
}

fn separated(text: &str, name: &str) -> Option<(Format, String)> {
    let context = TimeContext { reference: 0, zone: 0 };
    let mut lines = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let first = lines.next()?;
    let by = separator(first.as_bytes());
    let width = first.split(char::from(by)).count();
    if width < 2 {
        return None;
    }
    let header = first.to_lowercase();
    // Spans and log lines are tables too.
    if [
        "spanid",
        "span_id",
        "traceid",
        "trace_id",
        "message",
        "eventtemplate",
        "logline",
    ]
    .iter()
    .any(|column| header.contains(column))
    {
        return None;
    }
    let mut rows = 0;
    for line in std::iter::once(first).chain(lines).take(ROWS) {
        let (mut times, mut numbers, mut texts) = (0, 0, 0);
        for field in line.split(char::from(by)) {
            let field = field.trim().trim_matches('"').as_bytes();
            if cell::time(field, &context).is_some() {
                times += 1;
            } else {
                match cell::number(field, by == b';') {
                    Cell::Number(_) | Cell::Infinite => numbers += 1,
                    Cell::Missing => {}
                    Cell::Text => texts += 1,
                }
            }
        }
        // The last line may be cut.
        rows += usize::from((times > 1 || times == 1 && numbers > 0) && texts <= numbers.max(8));
    }
    let ending = if name.contains(".csv") || name.contains(".tsv") {
        " and its name says so"
    } else {
        ""
    };
    let sign = match by {
        b'\t' => "tabs".to_owned(),
        by => format!("{:?}", char::from(by)),
    };
    if rows > 0 {
        let reason = format!("rows parted by {sign} with a time and numbers{ending}");
        return Some((Format::Separated, reason));
    }
    // The header of a wide table may be longer than what is shown of it.
    let title = first
        .split(char::from(by))
        .next()
        .unwrap_or_default()
        .trim()
        .trim_matches('"');
    let cut = text.len() > LONG && text.lines().count() <= HEADER;
    (cut && width >= WIDE && (is_named(title) || component_rank(title).is_some())).then(|| {
        (
            Format::Separated,
            format!("a wide header parted by {sign} that begins with {title:?}{ending}"),
        )
    })
}
