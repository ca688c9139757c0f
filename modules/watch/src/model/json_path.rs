//! A small subset of `JSONPath` (RFC 9535): `$`, `.name`, `['name']` and `[index]`; one value or none, never a list.

use std::fmt;

use serde_json::Value;

/// A path to one value in a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// The text is not a path of the supported subset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a path I can follow: {why}; write it like `$.status`, `$.items[0].name` or `$['odd key']`")]
pub struct InvalidJsonPath {
    text: String,
    why: &'static str,
}

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// When the text does not begin with `$` or uses anything but names and indexes.
    pub fn parse(text: &str) -> Result<Self, InvalidJsonPath> {
        let fail = |why| InvalidJsonPath {
            text: text.to_owned(),
            why,
        };
        let mut rest = text
            .trim()
            .strip_prefix('$')
            .ok_or_else(|| fail("it must begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = next_step(rest).map_err(fail)?;
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }

    /// The value at this path.
    pub fn find<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.0.iter().try_fold(document, |value, step| match step {
            Step::Key(key) => value.get(key),
            Step::Index(index) => value.get(index),
        })
    }
}

fn next_step(rest: &str) -> Result<(Step, &str), &'static str> {
    if let Some(name) = rest.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (key, after) = name.split_at(end);
        if key.is_empty() || key == "*" {
            return Err("a name must follow `.`");
        }
        return Ok((Step::Key(key.to_owned()), after));
    }
    let inner = rest.strip_prefix('[').ok_or("expected `.` or `[`")?;
    if let Some(quote @ ('\'' | '"')) = inner.chars().next() {
        let quoted = &inner[1..];
        let end = quoted.find(quote).ok_or("the quoted name does not end")?;
        let after = quoted[end + 1..]
            .strip_prefix(']')
            .ok_or("`]` is missing after the quoted name")?;
        return Ok((Step::Key(quoted[..end].to_owned()), after));
    }
    let end = inner.find(']').ok_or("`]` is missing")?;
    let index = inner[..end]
        .parse()
        .map_err(|_| "only a whole number or a quoted name may stand in `[]`")?;
    Ok((Step::Index(index), &inner[end + 1..]))
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if key.contains(['.', '[', '\'']) || key.is_empty() => write!(f, "[\"{key}\"]"),
            Step::Key(key) => write!(f, ".{key}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn names_indexes_and_quoted_names_lead_to_their_value() {
        let document = json!({"a": {"b": [10, {"c d": true}]}, "x.y": 1});
        let at = |path| JsonPath::parse(path).unwrap().find(&document).cloned();
        assert_eq!(at("$"), Some(document.clone()));
        assert_eq!(at("$.a.b[0]"), Some(json!(10)));
        assert_eq!(at("$.a.b[1]['c d']"), Some(json!(true)));
        assert_eq!(at("$[\"x.y\"]"), Some(json!(1)));
        assert_eq!(at("$.a.b[7]"), None);
        assert_eq!(at("$.a.b.c"), None);
    }

    #[test]
    fn what_would_select_several_values_is_refused_with_an_example() {
        for bad in [
            "", "a.b", "$..a", "$.a[*]", "$.", "$[", "$['a", "$['a'", "$.a[-1]", "$x",
        ] {
            let error = JsonPath::parse(bad).unwrap_err().to_string();
            assert!(error.contains("$.status"), "{bad}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused_without_panicking(text in ".{0,30}") {
            if let Ok(path) = JsonPath::parse(&text) {
                let _ = path.find(&json!({"a": [1]}));
            }
        }

        #[test]
        fn a_path_survives_being_written_down(keys in prop::collection::vec("[a-z]{1,5}", 0..4), index in 0_usize..9) {
            let text = keys.iter().fold("$".to_owned(), |text, key| format!("{text}.{key}")) + &format!("[{index}]");
            prop_assert_eq!(JsonPath::parse(&text).unwrap().to_string(), text);
        }
    }
}
