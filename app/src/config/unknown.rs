//! Keys that mean nothing, each with the nearest one that does.

use serde_json::Value;

use super::{Config, WebhookSection, finding::Wrong, places::join};

/// A typing error is at most this many changes away, beside a third of the word's length.
const TYPING_ERROR: usize = 1;

/// Compares what was given with what there is.
pub(super) fn unknown_keys(given: &Value) -> Vec<Wrong> {
    let known = known();
    let mut all = Vec::new();
    paths("", &known, &mut all);
    let mut unknown = Vec::new();
    compare("", given, &known, &mut |path| {
        unknown.push(Wrong::new(
            path,
            match nearest(path, &all) {
                Some(near) => format!("is unknown and has no effect; did you mean `{near}`?"),
                None => "is unknown and has no effect; `mainstay config check` lists every key".to_owned(),
            },
        ));
    });
    unknown
}

/// Every key there is, as a tree. Lists of tables are shown by one table.
fn known() -> Value {
    let mut known = serde_json::to_value(Config::default()).unwrap_or_default();
    known["webhook"] = serde_json::to_value([WebhookSection::default()]).unwrap_or_default();
    known
}

fn compare(prefix: &str, given: &Value, known: &Value, unknown: &mut impl FnMut(&str)) {
    match (given, known) {
        (Value::Object(given), Value::Object(known)) => {
            for (key, value) in given {
                let path = join(prefix, key);
                match known.get(key) {
                    Some(known) => compare(&path, value, known, unknown),
                    None => unknown(&path),
                }
            }
        }
        (Value::Array(given), Value::Array(known)) => {
            if let Some(known @ Value::Object(_)) = known.first() {
                for (index, value) in given.iter().enumerate() {
                    compare(&format!("{prefix}[{index}]"), value, known, unknown);
                }
            }
        }
        _ => {}
    }
}

/// Every path of a tree, sections and lists included.
fn paths(prefix: &str, tree: &Value, all: &mut Vec<String>) {
    match tree {
        Value::Object(map) => {
            for (key, value) in map {
                let path = join(prefix, key);
                all.push(path.clone());
                paths(&path, value, all);
            }
        }
        Value::Array(items) => {
            if let Some(item @ Value::Object(_)) = items.first() {
                paths(prefix, item, all);
            }
        }
        _ => {}
    }
}

/// The known path whose last word is nearest, first among those in the same section.
fn nearest<'k>(path: &str, known: &'k [String]) -> Option<&'k str> {
    let (section, word) = path.rsplit_once('.').unwrap_or(("", path));
    let section = section.split('[').next().unwrap_or_default();
    let near = known.iter().filter_map(|candidate| {
        let (other_section, other) = candidate.rsplit_once('.').unwrap_or(("", candidate));
        let distance = distance(word, other);
        let elsewhere = section != other_section;
        // Elsewhere only the very word counts: many sections have a `url`, and none is near another's typing error.
        let likely = if elsewhere {
            distance == 0
        } else {
            distance <= TYPING_ERROR + word.len() / 3
        };
        likely.then_some((elsewhere, distance, candidate.as_str()))
    });
    near.min().map(|(_, _, candidate)| candidate)
}

/// Edit distance (Levenshtein), for a hint.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(given: &Value) -> Vec<(String, String)> {
        unknown_keys(given)
            .into_iter()
            .map(|wrong| (wrong.key, wrong.message))
            .collect()
    }

    fn suggested(given: &Value) -> String {
        let said = said(given);
        assert_eq!(said.len(), 1, "{said:?}");
        said[0].1.clone()
    }

    #[test]
    fn the_nearest_key_of_the_section_is_named_with_its_section() {
        let said = suggested(&json!({ "watch": { "retry_msec": 200 } }));
        assert!(said.contains("did you mean `watch.retry_ms`?"), "{said}");
        let said = suggested(&json!({ "wacht": { "retry_ms": 200 } }));
        assert!(said.contains("did you mean `watch`?"), "{said}");
    }

    #[test]
    fn a_key_in_the_wrong_section_is_led_to_the_right_one() {
        let said = suggested(&json!({ "retry_ms": 200 }));
        assert!(said.contains("did you mean `watch.retry_ms`?"), "{said}");
    }

    #[test]
    fn webhooks_have_known_keys_too() {
        let given = json!({ "webhook": [{ "name": "a", "url": "b" }, { "name": "c", "secretfile": "d" }] });
        let said = said(&given);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, "webhook[1].secretfile");
        assert!(said[0].1.contains("`webhook.secret_file`"), "{said:?}");
    }

    #[test]
    fn nothing_is_suggested_for_what_resembles_nothing() {
        assert!(suggested(&json!({ "colour": "red" })).contains("no effect; `mainstay config check`"));
    }
}
