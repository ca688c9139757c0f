//! The tree keeps every place and survives every input.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

fn place(text: &str, syntax: Syntax, path: &[&str]) -> (usize, usize) {
    let documents = parse(text, syntax).unwrap();
    let node = documents.roots.first().unwrap().at(path).unwrap();
    (node.line, node.column)
}

#[test]
fn every_format_knows_the_line_and_column_of_a_value() {
    assert_eq!(place("a:\n  b: 1\n", Syntax::Yaml, &["a", "b"]), (2, 6));
    assert_eq!(place("{\n  \"a\": {\"b\": 1}\n}", Syntax::Json, &["a", "b"]), (2, 14));
    assert_eq!(place("[a]\nb = 1\n", Syntax::Toml, &["a", "b"]), (2, 5));
}

#[test]
fn a_long_line_is_counted_once_and_places_may_be_asked_in_any_order() {
    let text = "é\n€uro, b, c";
    let lines = Lines::new(text);
    for _ in 0..2 {
        assert_eq!(lines.place(text.find('c').unwrap()), (2, 10));
        assert_eq!(lines.place(text.find('b').unwrap()), (2, 7));
        assert_eq!(lines.place(0), (1, 1));
        assert_eq!(lines.place(text.find('u').unwrap()), (2, 2));
        assert_eq!(lines.place(text.len() + 9), (2, 2), "beyond the end nothing is counted");
    }
}

#[test]
fn json_and_yaml_give_the_same_values() {
    let json = r#"{"a": [1, 2.5, true, null, "x\u00e9\ud83d\ude00"], "b": {}}"#;
    let yaml = "a: [1, 2.5, true, null, \"xé😀\"]\nb: {}\n";
    let toml = "a = [1]\nb = {}\n";
    let root = |text, syntax| parse(text, syntax).unwrap().roots.remove(0).to_json();
    assert_eq!(root(json, Syntax::Json), root(yaml, Syntax::Yaml));
    assert_eq!(root(toml, Syntax::Toml), serde_json::json!({"a": [1], "b": {}}));
}

#[test]
fn a_broken_file_says_where() {
    let error = parse("{\n  \"a\": 1,\n}", Syntax::Json).unwrap_err();
    assert_eq!((error.line, error.column), (3, 1));
    assert!(!error.message.contains("at line"), "{}", error.message);
    assert_eq!(parse("a: [1\nb: 2\n", Syntax::Yaml).unwrap_err().line, 2);
    assert_eq!(parse("a = 1\nb = [\n", Syntax::Toml).unwrap_err().line, 2);
}

#[test]
fn a_key_written_twice_is_noted_and_the_last_counts() {
    for (text, syntax) in [("a: 1\na: 2\n", Syntax::Yaml), ("{\"a\": 1,\n\"a\": 2}", Syntax::Json)] {
        let documents = parse(text, syntax).unwrap();
        let duplicate = documents.duplicates.first().unwrap();
        assert_eq!(
            (duplicate.key.as_str(), duplicate.first_line, duplicate.line),
            ("a", 1, 2)
        );
        assert_eq!(documents.roots.first().unwrap().text_of("a"), Some("2"));
    }
}

#[test]
fn merge_keys_and_aliases_are_followed() {
    let text = "x: &base {image: a, port: 1}\ny:\n  <<: *base\n  port: 2\nz: *base\n";
    let root = parse(text, Syntax::Yaml).unwrap().roots.remove(0);
    let y = root.get("y").unwrap();
    assert_eq!((y.text_of("image"), y.text_of("port")), (Some("a"), Some("2")));
    assert_eq!(root.at(&["z", "image"]).unwrap().text(), Some("a"));
}

#[test]
fn an_alias_bomb_is_one_clear_error() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        writeln!(bomb, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(",")).unwrap();
    }
    let error = parse(&bomb, Syntax::Yaml).unwrap_err();
    assert!(error.message.contains("expands to more than"), "{}", error.message);
    let error = parse("a: &a [*a]", Syntax::Yaml).unwrap_err();
    assert!(error.message.contains("alias"), "{}", error.message);
}

#[test]
fn nesting_without_end_is_an_error_and_not_a_crash() {
    let deep = 20_000;
    for (text, syntax) in [
        ("[".repeat(deep), Syntax::Yaml),
        ("- ".repeat(deep), Syntax::Yaml),
        ("? ".repeat(deep), Syntax::Yaml),
        ("[".repeat(deep) + &"]".repeat(deep), Syntax::Json),
        (format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)), Syntax::Toml),
        (format!("{}a = 1", "a.".repeat(deep)), Syntax::Toml),
        (format!("[{}a]", "a.".repeat(deep)), Syntax::Toml),
    ] {
        assert!(parse(&text, syntax).is_err(), "{:?} {}", syntax, &text[..10]);
    }
}

#[test]
fn a_block_keeps_its_lines() {
    let text = "data:\n  x.yml: |\n    a: 1\n    b:\n      c: 2\n";
    let root = parse(text, Syntax::Yaml).unwrap().roots.remove(0);
    let entry = root.get("data").unwrap().entry("x.yml").unwrap();
    let inner = parse_embedded_yaml(entry.value.text().unwrap(), entry.line)
        .unwrap()
        .roots
        .remove(0);
    assert_eq!(inner.at(&["b", "c"]).unwrap().line, 5);
    assert_eq!(entry.line, 2);
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_fail(text in "[\\[\\]{}:,\"'a-c0-9&*|>#?! \n\t.=\\\\-]{0,200}") {
        for syntax in [Syntax::Yaml, Syntax::Json, Syntax::Toml] {
            let _ = parse(&text, syntax);
        }
    }

    #[test]
    fn json_values_survive_the_tree(value in json()) {
        let text = serde_json::to_string_pretty(&value).unwrap();
        let back = parse(&text, Syntax::Json).unwrap().roots.remove(0).to_json();
        prop_assert_eq!(back, value);
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        "\\PC{0,12}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            proptest::collection::btree_map("[a-z]{1,6}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
