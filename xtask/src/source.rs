//! Rust source taken apart into code and string literals, so that a word in a comment or a string is not taken for code.
//!
//! It knows the lexical rules of the Rust Reference (chapter "Tokens") as far as comments, strings and characters go, and
//! nothing of the grammar.

/// A string literal and the line it begins on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Counted from 1.
    pub line: usize,
    /// What stands between the quotes, escapes left as written.
    pub text: String,
}

/// A Rust file's parts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Source {
    /// The code line by line, with comments and the inside of literals blanked out.
    pub code: Vec<String>,
    /// Every string literal.
    pub literals: Vec<Literal>,
    /// The first line, counted from 1, of an inline `#[cfg(test)] mod … {` at the left margin.
    pub tests_from: Option<usize>,
}

impl Source {
    /// Takes a file apart.
    pub fn scan(text: &str) -> Self {
        let mut scanner = Scanner {
            chars: text.chars().collect(),
            at: 0,
            line: 1,
            code: String::with_capacity(text.len()),
            literals: Vec::new(),
        };
        scanner.run();
        let code: Vec<String> = scanner.code.split('\n').map(str::to_owned).collect();
        let tests_from = code
            .windows(2)
            .position(|pair| {
                pair[0].starts_with("#[cfg(test)]") && pair[1].starts_with("mod ") && pair[1].contains('{')
            })
            .map(|index| index + 1);
        Self {
            code,
            literals: scanner.literals,
            tests_from,
        }
    }

    /// Whether a line belongs to the inline tests at the end of the file.
    pub fn is_test_line(&self, line: usize) -> bool {
        self.tests_from.is_some_and(|from| line >= from)
    }

    /// The lines, counted from 1, on which `path` stands as code: not as a part of a longer word.
    pub fn lines_with(&self, path: &str) -> Vec<usize> {
        let word = |character: char| character.is_alphanumeric() || character == '_';
        self.code
            .iter()
            .enumerate()
            .filter(|(_, line)| {
                line.match_indices(path).any(|(index, found)| {
                    let before = line[..index]
                        .chars()
                        .next_back()
                        .is_none_or(|character| !word(character));
                    let after = line[index + found.len()..].chars().next();
                    before && (!path.ends_with(word) || after.is_none_or(|character| !word(character)))
                })
            })
            .map(|(index, _)| index + 1)
            .collect()
    }
}

struct Scanner {
    chars: Vec<char>,
    at: usize,
    line: usize,
    code: String,
    literals: Vec<Literal>,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    /// Takes one character and writes it, or a blank in its place.
    fn take(&mut self, blank: bool) -> Option<char> {
        let character = self.peek(0)?;
        self.at += 1;
        if character == '\n' {
            self.line += 1;
            self.code.push('\n');
        } else {
            self.code.push(if blank { ' ' } else { character });
        }
        Some(character)
    }

    fn run(&mut self) {
        let mut previous = ' ';
        while let Some(character) = self.peek(0) {
            match (character, self.peek(1)) {
                ('/', Some('/')) => {
                    while self.peek(0).is_some_and(|next| next != '\n') {
                        self.take(true);
                    }
                }
                ('/', Some('*')) => self.block_comment(),
                ('"', _) => self.string(),
                ('\'', _) => self.character(),
                ('r', Some('"' | '#')) if !is_word(previous) || previous == 'b' => self.raw_string(),
                _ => {
                    self.take(false);
                }
            }
            previous = character;
        }
    }

    fn block_comment(&mut self) {
        let mut depth = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => {
                    depth += 1;
                    self.take(true);
                }
                (Some('*'), Some('/')) => {
                    depth -= 1;
                    self.take(true);
                }
                (None, _) => return,
                _ => {}
            }
            self.take(true);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        let line = self.line;
        let mut text = String::new();
        self.take(false);
        while let Some(character) = self.peek(0) {
            match character {
                '"' => break,
                '\\' => {
                    text.push('\\');
                    self.take(true);
                    text.extend(self.take(true));
                }
                _ => text.extend(self.take(true)),
            }
        }
        self.take(false);
        self.literals.push(Literal { line, text });
    }

    /// `'x'` and `'\n'` are characters; `'static` is a lifetime and stays code.
    fn character(&mut self) {
        let is_character = self.peek(1) == Some('\\') || self.peek(2) == Some('\'');
        self.take(false);
        if !is_character {
            return;
        }
        while let Some(character) = self.take(true) {
            match character {
                '\\' => {
                    self.take(true);
                }
                '\'' => return,
                _ => {}
            }
        }
    }

    fn raw_string(&mut self) {
        let mut hashes = 0;
        while self.peek(1 + hashes) == Some('#') {
            hashes += 1;
        }
        if self.peek(1 + hashes) != Some('"') {
            // A raw identifier such as `r#type`.
            self.take(false);
            return;
        }
        let line = self.line;
        for _ in 0..hashes + 2 {
            self.take(false);
        }
        let mut text = String::new();
        while let Some(character) = self.peek(0) {
            if character == '"' && (0..hashes).all(|hash| self.peek(1 + hash) == Some('#')) {
                break;
            }
            text.extend(self.take(true));
        }
        for _ in 0..=hashes {
            self.take(false);
        }
        self.literals.push(Literal { line, text });
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_comments_and_strings_are_not_code() {
        let source = Source::scan(
            "// sqlx::query\n/* sqlx::query /* nested */ still */ let a = \"sqlx::query\";\nsqlx::query();\n",
        );
        assert_eq!(source.lines_with("sqlx::"), [3]);
        assert_eq!(
            source.literals,
            [Literal {
                line: 2,
                text: "sqlx::query".into()
            }]
        );
    }

    #[test]
    fn a_longer_word_is_another_word() {
        let source = Source::scan("utoipa_axum::router();\naxum::serve();\nuse axum;\nuse axum_extra;\n");
        assert_eq!(source.lines_with("axum::"), [2]);
        assert_eq!(source.lines_with("axum"), [2, 3]);
    }

    #[test]
    fn raw_strings_escapes_characters_and_lifetimes_end_where_they_end() {
        let source = Source::scan(
            "let a = r#\"one \"two\"\"#; let b = \"t\\\"hree\"; let c = '\"'; let d: &'static str = b\"four\"; x();",
        );
        let texts: Vec<&str> = source.literals.iter().map(|literal| literal.text.as_str()).collect();
        assert_eq!(texts, ["one \"two\"", "t\\\"hree", "four"]);
        assert_eq!(source.lines_with("x("), [1]);
        assert_eq!(source.lines_with("static"), [1]);
    }

    #[test]
    fn inline_tests_are_found_and_a_test_file_declaration_is_not() {
        assert_eq!(
            Source::scan("fn a() {}\n#[cfg(test)]\nmod tests {\n}\n").tests_from,
            Some(2)
        );
        assert_eq!(Source::scan("#[cfg(test)]\nmod tests;\nfn a() {}\n").tests_from, None);
    }
}
