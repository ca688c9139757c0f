//! YAML into the tree: parser events, a stack instead of recursion, and a budget that ends alias bombs.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::{Documents, Entry, MAX_DEPTH, MAX_NODES, Node, ReadError, Style, Value, note_duplicates};

/// A list or map that is still open.
struct Frame {
    node: Node,
    anchor: usize,
    /// How many values existed before this one, so that its own size is known when it closes.
    count_before: usize,
    /// The key whose value comes next, in a map.
    key: Option<(String, usize, usize)>,
}

struct Builder {
    documents: Documents,
    stack: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    count: usize,
    lines_before: usize,
}

/// Reads every document of a stream; places are moved down by `lines_before` lines.
pub(super) fn parse(text: &str, lines_before: usize) -> Result<Documents, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder {
        documents: Documents::default(),
        stack: Vec::new(),
        anchors: HashMap::new(),
        count: 0,
        lines_before,
    };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let mut place = ReadError::new(
                error.marker().line(),
                error.marker().col() + 1,
                format!("this is not valid YAML: {}", error.info()),
            );
            if let Some((line, column)) = tab_indentation(text, place.line) {
                let message = "this line is indented with a tab, which YAML does not allow; use spaces";
                place = ReadError::new(line, column, message);
            }
            place.line += lines_before;
            place
        })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// The commonest mistake, which the parser often notices a line too early or describes as something else: a tab in the
/// indentation of the line it complains about or of the next.
fn tab_indentation(text: &str, line: usize) -> Option<(usize, usize)> {
    let candidates = text.lines().enumerate().skip(line.saturating_sub(1)).take(2);
    candidates
        .filter(|(_, content)| !content.trim().is_empty())
        .find_map(|(index, content)| {
            let indentation = content.split(|char: char| char != ' ' && char != '\t').next()?;
            Some((index + 1, indentation.find('\t')? + 1))
        })
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), ReadError> {
        let line = span.start.line().max(1) + self.lines_before;
        let column = span.start.col() + 1;
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::Scalar(text, style, anchor, _) => {
                let style = match style {
                    ScalarStyle::Plain => Style::Plain,
                    ScalarStyle::Literal => Style::Literal,
                    _ => Style::Quoted,
                };
                let value = Value::Scalar {
                    text: text.into_owned(),
                    style,
                };
                self.add(Node { line, column, value }, anchor, 1)
            }
            Event::SequenceStart(anchor, _) => self.open(Value::List(Vec::new()), anchor, line, column),
            Event::MappingStart(anchor, _) => self.open(Value::Map(Vec::new()), anchor, line, column),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => {
                let Some((node, size)) = self.anchors.get(&id) else {
                    return Err(ReadError::new(
                        line,
                        column,
                        "an alias stands inside the value it names",
                    ));
                };
                if self.count + size > MAX_NODES {
                    return Err(too_large(line, column));
                }
                if self.stack.len() + depth(node) > MAX_DEPTH {
                    return Err(too_deep(line, column));
                }
                let (mut node, size) = (node.clone(), *size);
                node.line = line;
                node.column = column;
                self.add(node, 0, size)
            }
        }
    }

    fn open(&mut self, value: Value, anchor: usize, line: usize, column: usize) -> Result<(), ReadError> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(too_deep(line, column));
        }
        let node = Node { line, column, value };
        self.stack.push(Frame {
            node,
            anchor,
            count_before: self.count,
            key: None,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let Some(mut frame) = self.stack.pop() else {
            return Ok(());
        };
        if let Value::Map(entries) = &mut frame.node.value {
            note_duplicates(entries, &mut self.documents.duplicates);
            apply_merge_keys(entries);
        }
        let size = self.count - frame.count_before + 1;
        self.count = frame.count_before;
        self.add(frame.node, frame.anchor, size)
    }

    /// Puts a finished value where it belongs: under its key, into its list, or as a document.
    fn add(&mut self, node: Node, anchor: usize, size: usize) -> Result<(), ReadError> {
        self.count += size;
        if self.count > MAX_NODES {
            return Err(too_large(node.line, node.column));
        }
        if anchor != 0 {
            // The copy that the anchor keeps is work too, so it is counted like any other expansion.
            self.count += size;
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(frame) = self.stack.last_mut() else {
            self.documents.roots.push(node);
            return Ok(());
        };
        match &mut frame.node.value {
            Value::List(items) => items.push(node),
            Value::Map(entries) => match frame.key.take() {
                Some((key, line, column)) => entries.push(Entry {
                    key,
                    line,
                    column,
                    value: node,
                }),
                None => match node.value {
                    Value::Scalar { text, .. } => frame.key = Some((text, node.line, node.column)),
                    Value::List(_) | Value::Map(_) => {
                        return Err(ReadError::new(
                            node.line,
                            node.column,
                            "a key must be a plain text; write templates such as `{{ name }}` in quotes",
                        ));
                    }
                },
            },
            Value::Scalar { .. } => {}
        }
        Ok(())
    }
}

/// Replaces `<<` by the entries it names, as far as the map does not set them itself.
fn apply_merge_keys(entries: &mut Vec<Entry>) {
    let Some(at) = entries.iter().position(|entry| entry.key == "<<") else {
        return;
    };
    let merged = entries.remove(at).value;
    let maps = match merged.value {
        Value::List(items) => items,
        _ => vec![merged],
    };
    for map in maps {
        if let Value::Map(inherited) = map.value {
            for entry in inherited {
                if !entries.iter().any(|own| own.key == entry.key) {
                    entries.push(entry);
                }
            }
        }
    }
}

/// How many levels a value has; bounded, because every stored value passed the depth limit.
fn depth(node: &Node) -> usize {
    match &node.value {
        Value::Scalar { .. } => 0,
        Value::List(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Map(entries) => 1 + entries.iter().map(|entry| depth(&entry.value)).max().unwrap_or(0),
    }
}

fn too_deep(line: usize, column: usize) -> ReadError {
    ReadError::new(
        line,
        column,
        format!("this is nested deeper than {MAX_DEPTH} levels; flatten it"),
    )
}

fn too_large(line: usize, column: usize) -> ReadError {
    ReadError::new(
        line,
        column,
        format!("this file expands to more than {MAX_NODES} values; remove aliases (`*name`) that repeat large parts"),
    )
}
