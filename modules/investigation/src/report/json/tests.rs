//! Tests of the JSON form: it is what its reference and its schema say.

use serde_json::{Map, Value};

use super::*;
use crate::report::sample;

const SCHEMA: &str = include_str!("../../../../../docs/reference/investigation-report.schema.json");
const REFERENCE: &str = include_str!("../../../../../docs/reference/investigation-report.md");

/// Holds a value against a schema: the part of JSON Schema that ours uses. What the schema does not describe is refused, so that
/// nothing is printed that is not documented.
fn hold(value: &Value, schema: &Value, root: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let definition = &root["$defs"][name.trim_start_matches("#/$defs/")];
        assert!(definition.is_object(), "{at}: {name} is not defined");
        return hold(value, definition, root, at);
    }
    if let Some([other, null]) = schema["anyOf"].as_array().map(Vec::as_slice) {
        assert_eq!(null["type"], "null");
        if !value.is_null() {
            hold(value, other, root, at);
        }
        return;
    }
    if let Some(values) = schema["enum"].as_array() {
        return assert!(values.contains(value), "{at}: {value}");
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        other => other
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect(),
    };
    let of_type = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    assert!(
        types.contains(&of_type) || (of_type == "integer" && types.contains(&"number")),
        "{at}: {value} is no {types:?}"
    );
    match value {
        Value::Object(fields) => hold_fields(fields, schema, root, at),
        Value::Array(items) => match schema["prefixItems"].as_array() {
            Some(parts) => {
                assert_eq!(items.len(), parts.len(), "{at}");
                items
                    .iter()
                    .zip(parts)
                    .for_each(|(item, part)| hold(item, part, root, at));
            }
            None => items
                .iter()
                .for_each(|item| hold(item, &schema["items"], root, &format!("{at}[]"))),
        },
        _ => {}
    }
}

fn hold_fields(fields: &Map<String, Value>, schema: &Value, root: &Value, at: &str) {
    for (name, value) in fields {
        let described = &schema["properties"][name];
        assert!(described["description"].is_string(), "{at}.{name} is not described");
        hold(value, described, root, &format!("{at}.{name}"));
    }
    for name in schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        assert!(fields.contains_key(name), "{at}.{name} is missing");
    }
}

#[test]
fn what_is_printed_is_what_the_schema_says() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for report in [
        sample::full(),
        sample::two_faults(),
        sample::none_found(),
        sample::almost_empty(),
        sample::hostile(),
        sample::many_components(),
        sample::small(),
    ] {
        let value = serde_json::from_str(&json(&report).unwrap()).unwrap();
        hold(&value, &schema, &schema, "report");
    }
}

#[test]
fn the_reference_names_every_field_and_value_of_the_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let definitions = schema["$defs"].as_object().unwrap();
    for (name, definition) in definitions
        .iter()
        .map(|(name, one)| (name.as_str(), one))
        .chain([("Report", &schema)])
    {
        let section = REFERENCE
            .split(&format!("### {name}\n"))
            .nth(1)
            .unwrap_or_else(|| panic!("{name}"));
        let section = section.split("\n##").next().unwrap();
        let fields = definition["properties"]
            .as_object()
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str);
        let values = definition["enum"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        for word in fields.chain(values) {
            assert!(section.contains(&format!("| `{word}` |")), "{name}.{word}");
        }
    }
    assert!(REFERENCE.contains(&format!("now \"{}\"", crate::report::VERSION)));
}

#[test]
fn the_example_of_the_reference_is_what_is_printed() {
    let example = REFERENCE
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    assert_eq!(example, json(&sample::small()).unwrap());
}

#[test]
fn reading_and_printing_again_changes_nothing() {
    for report in [sample::full(), sample::hostile(), sample::many_components()] {
        let text = json(&report).unwrap();
        assert_eq!(text, json(&report).unwrap());
        // Each number is the shortest that reads as itself; a reader that rounds correctly prints it the same.
        for number in text
            .split([' ', '\n', ','])
            .filter(|word| word.contains('.') && !word.ends_with('.'))
        {
            if let Ok(read) = number.parse::<f64>() {
                assert_eq!(serde_json::to_string(&read).unwrap(), number);
            }
        }
    }
}

#[test]
fn a_number_that_is_not_finite_is_null() {
    let mut report = sample::small();
    report.panels[0].points[0].1 = Some(f64::NAN);
    let value: Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
    assert!(value["panels"][0]["points"][0][1].is_null());
}
