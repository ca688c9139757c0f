//! As much of Prometheus' query language as the rules need: where a text ends, whether brackets match, and one shape of expression.

/// Why a text cannot be an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Problem {
    Backslash,
    UnterminatedString,
    Unbalanced,
    Empty,
}

impl Problem {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Backslash => "backslash",
            Self::UnterminatedString => "unterminated-string",
            Self::Unbalanced => "unbalanced",
            Self::Empty => "empty",
        }
    }

    pub(super) fn explanation(self) -> &'static str {
        match self {
            Self::Backslash => "a backslash stands outside a string; in a plain YAML value quotes need no escape",
            Self::UnterminatedString => "a string does not end",
            Self::Unbalanced => "a bracket has no partner",
            Self::Empty => "it is empty",
        }
    }
}

/// The first thing that makes the text no expression, with its line below the first (from 0).
pub(super) fn problem(expression: &str) -> Option<(Problem, usize)> {
    let mut line = 0;
    let mut open: Vec<(char, usize)> = Vec::new();
    let mut content = false;
    let mut chars = expression.chars();
    while let Some(char) = chars.next() {
        match char {
            '\n' => line += 1,
            '#' => {
                // A comment ends with its line.
                for next in chars.by_ref() {
                    if next == '\n' {
                        line += 1;
                        break;
                    }
                }
            }
            '"' | '\'' | '`' => {
                content = true;
                let start = line;
                let mut ended = false;
                while let Some(next) = chars.next() {
                    match next {
                        '\n' => line += 1,
                        '\\' if char != '`' => {
                            chars.next();
                        }
                        _ if next == char => {
                            ended = true;
                            break;
                        }
                        _ => {}
                    }
                }
                if !ended {
                    return Some((Problem::UnterminatedString, start));
                }
            }
            '\\' => return Some((Problem::Backslash, line)),
            '(' | '[' | '{' => {
                content = true;
                open.push((char, line));
            }
            ')' | ']' | '}' => {
                let partner = match char {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop().is_none_or(|(opened, _)| opened != partner) {
                    return Some((Problem::Unbalanced, line));
                }
            }
            _ => content |= !char.is_whitespace(),
        }
    }
    match open.first() {
        Some((_, line)) => Some((Problem::Unbalanced, *line)),
        None if !content => Some((Problem::Empty, 0)),
        None => None,
    }
}

/// The constant of an expression and its line below the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Constant {
    pub(super) value: f64,
    pub(super) line: usize,
}

/// The C of `(C - X) / C`, where X is a ratio: a metric whose name ends in `:ratio`, or a quotient of rates.
pub(super) fn remaining_budget(expression: &str) -> Option<Constant> {
    let line = expression
        .chars()
        .take_while(|char| char.is_whitespace())
        .filter(|char| *char == '\n')
        .count();
    let body = expression.trim().strip_prefix('(')?;
    let (constant, rest) = leading_number(body)?;
    let rest = rest.trim_start().strip_prefix('-')?;
    let close = closing(rest)?;
    let ratio = rest.get(..close)?;
    let divisor = rest.get(close + 1..)?.trim_start().strip_prefix('/')?;
    let (divided_by, tail) = leading_number(divisor)?;
    let is_ratio = ratio.contains(":ratio") || (ratio.contains('/') && ratio.contains("rate("));
    // One quantity written twice, so exactly equal is meant.
    let same = (constant - divided_by).abs() < f64::EPSILON;
    (is_ratio && same && tail.trim().is_empty()).then_some(Constant { value: constant, line })
}

fn leading_number(text: &str) -> Option<(f64, &str)> {
    let text = text.trim_start();
    let end = text
        .find(|char: char| !char.is_ascii_digit() && char != '.')
        .unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Some((number.parse().ok()?, rest))
}

/// Where the bracket that is already open closes.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 1_usize;
    let mut in_string = None;
    for (at, char) in text.char_indices() {
        match (in_string, char) {
            (Some(quote), _) if quote == char => in_string = None,
            (None, '"' | '\'') => in_string = Some(char),
            (None, '(') => depth += 1,
            (None, ')') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// The value of the first `service="…"` matcher.
pub(super) fn service_matcher(expression: &str) -> Option<&str> {
    let start = expression.find("service=\"")? + "service=\"".len();
    expression.get(start..)?.split('"').next()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn expressions_that_prometheus_takes_have_no_problem() {
        for good in [
            "up == 0",
            "sum(rate(x{a=~\"5..\",b='(']}[5m])) by (le)"
                .replace("']", "'")
                .as_str(),
            "a # a comment with ( and \"\n+ b",
            "x{y=\"\\\"\"}",
            "`raw \\`",
        ] {
            assert_eq!(problem(good), None, "{good}");
        }
    }

    #[test]
    fn what_prometheus_refuses_is_named_with_its_line() {
        assert_eq!(problem("(x{c=\\\"a\\\"} < 90)"), Some((Problem::Backslash, 0)));
        assert_eq!(problem("a\n+ (b"), Some((Problem::Unbalanced, 1)));
        assert_eq!(problem("a)"), Some((Problem::Unbalanced, 0)));
        assert_eq!(problem("(a]"), Some((Problem::Unbalanced, 0)));
        assert_eq!(problem("a{b=\"c}"), Some((Problem::UnterminatedString, 0)));
        assert_eq!(problem(" \n# nothing"), Some((Problem::Empty, 0)));
    }

    #[test]
    fn the_constant_of_a_budget_rule_is_found() {
        let found = remaining_budget("(0.1 - (fks_api:error_rate:ratio)) / 0.1\n").unwrap();
        assert!((found.value - 0.1).abs() < 1e-12);
        assert_eq!(remaining_budget("(0.1 - x) / 0.1"), None);
        assert_eq!(remaining_budget("(0.1 - a:ratio) / 0.2"), None);
        assert!(remaining_budget("(1 - sum(rate(a[5m])) / sum(rate(b[5m]))) / 1").is_some());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_fail(text in ".{0,80}") {
            let _ = problem(&text);
            let _ = remaining_budget(&text);
            let _ = service_matcher(&text);
        }
    }
}
