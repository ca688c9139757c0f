//! TOML 1.0.

use toml_edit::{Document, Item, Value};

use super::{ReadFailure, Sink};
use crate::changes::settings::Lines;

/// Reads a document. The parser has a bound of its own on how deep it goes.
pub(super) fn read(content: &str) -> Result<Sink, ReadFailure> {
    let document = Document::parse(content).map_err(|error| ReadFailure::Invalid {
        line: error.span().map_or(1, |span| Lines::of(content).of_byte(span.start)),
        said: format!("this is not valid TOML: {}", error.message()),
    })?;
    let mut sink = Sink::default();
    let mut open: Vec<(String, Node<'_>)> = document
        .as_table()
        .iter()
        .map(|(key, item)| (key.to_owned(), Node::Item(item)))
        .collect();
    while let Some((path, node)) = open.pop() {
        let below = |key: &str| format!("{path}.{key}");
        match node {
            Node::Item(Item::Table(table)) => {
                open.extend(table.iter().map(|(key, item)| (below(key), Node::Item(item))));
            }
            Node::Item(Item::ArrayOfTables(tables)) => {
                for (number, table) in tables.iter().enumerate() {
                    let name = table
                        .get("name")
                        .and_then(Item::as_str)
                        .map_or_else(|| number.to_string(), str::to_owned);
                    open.extend(
                        table
                            .iter()
                            .map(|(key, item)| (format!("{path}[{name}].{key}"), Node::Item(item))),
                    );
                }
            }
            Node::Item(Item::Value(value)) | Node::Value(value) => match value {
                Value::InlineTable(table) => {
                    open.extend(table.iter().map(|(key, value)| (below(key), Node::Value(value))));
                }
                Value::Array(array) => {
                    let elements = array.iter().enumerate();
                    open.extend(elements.map(|(number, value)| (format!("{path}[{number}]"), Node::Value(value))));
                }
                Value::String(text) => sink.push(path, text.value().clone(), value.span().unwrap_or_default()),
                other => {
                    let bytes = other.span().unwrap_or_default();
                    let text = content.get(bytes.clone()).unwrap_or_default().to_owned();
                    sink.push(path, text, bytes);
                }
            },
            Node::Item(Item::None) => {}
        }
    }
    Ok(sink)
}

enum Node<'d> {
    Item(&'d Item),
    Value(&'d Value),
}
