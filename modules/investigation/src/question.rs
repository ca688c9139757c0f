//! The question: which of its words name a component, a time, a kind of trouble or words of a message. Knows no evidence but the
//! names of components and the time that is covered.

use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::report::{Question, UsedWord};

/// Words that tell that something is slow.
const SLOW: [&str; 14] = [
    "slow",
    "slower",
    "slowness",
    "latency",
    "latencies",
    "lag",
    "lags",
    "delay",
    "delayed",
    "delays",
    "hang",
    "hangs",
    "timeout",
    "timeouts",
];
/// Words that tell that something fails.
const FAILING: [&str; 17] = [
    "availability",
    "unavailable",
    "down",
    "fail",
    "fails",
    "failed",
    "failing",
    "failure",
    "failures",
    "error",
    "errors",
    "5xx",
    "crash",
    "crashed",
    "crashes",
    "outage",
    "broken",
];
/// Letters of the shortest name that is found without its ending.
const SHORTEST: usize = 3;
/// Words of a name at most, written apart.
const LONGEST: usize = 5;

/// What kind of trouble is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It is slow.
    Slow,
    /// It fails.
    Failing,
}

/// A question as it is understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Understood {
    /// For the report.
    pub question: Question,
    /// Places of the components that it names, in its order.
    pub components: Vec<usize>,
    /// The time that it names, in microseconds since 1970.
    pub at: Option<i64>,
    /// The trouble that it names.
    pub trouble: Option<Trouble>,
    /// Words of a message, in small letters.
    pub words: Vec<String>,
}

/// Understands a question. `names` are the components, `covered` the first and last time of the evidence.
pub fn understand(text: &str, names: &[String], covered: Option<(i64, i64)>) -> Understood {
    let mut understood = Understood {
        question: Question {
            text: text.to_owned(),
            used: Vec::new(),
        },
        components: Vec::new(),
        at: None,
        trouble: None,
        words: Vec::new(),
    };
    let rest = understood.take_quoted(text);
    let words: Vec<&str> = rest
        .split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '?' | '!' | '(' | ')'))
        .map(|word| word.trim_matches(|letter: char| matches!(letter, '.' | ':' | '\'')))
        .filter(|word| !word.is_empty())
        .collect();
    let plain: Vec<(String, usize)> = names
        .iter()
        .enumerate()
        .map(|(place, name)| (plain(name), place))
        .collect();
    let mut at = 0;
    while at < words.len() {
        let taken = understood
            .take_name(&words[at..], &plain)
            .or_else(|| understood.take_time(&words[at..], covered));
        at += taken.unwrap_or_else(|| {
            understood.take_word(words[at]);
            1
        });
    }
    understood
}

impl Understood {
    fn used(&mut self, word: impl Into<String>, taken_for: impl Into<String>) {
        let used = UsedWord {
            word: word.into(),
            taken_for: taken_for.into(),
        };
        if !self.question.used.contains(&used) {
            self.question.used.push(used);
        }
    }

    /// What stands between quotation marks are words of a message. Answers the rest.
    fn take_quoted(&mut self, text: &str) -> String {
        let mut rest = String::with_capacity(text.len());
        for (place, part) in text.split(['"', '“', '”', '`']).enumerate() {
            if place % 2 == 1 && !part.trim().is_empty() {
                self.used(part, "words of a message");
                self.words.push(part.trim().to_lowercase());
                rest.push(' ');
            } else {
                rest.push_str(part);
            }
        }
        rest
    }

    /// The longest run of words that is the name of a component.
    fn take_name(&mut self, words: &[&str], names: &[(String, usize)]) -> Option<usize> {
        let most = words.len().min(LONGEST);
        (1..=most).rev().find_map(|count| {
            let run = words[..count].join(" ");
            let wanted = plain(&run);
            if wanted.len() < SHORTEST {
                return None;
            }
            let same = names.iter().find(|(name, _)| *name == wanted);
            let found = same.or_else(|| {
                let short = bare(&wanted);
                let mut like = names
                    .iter()
                    .filter(|(name, _)| short.len() >= SHORTEST && bare(name) == short);
                // A name that could be two components is neither.
                like.next().filter(|_| like.next().is_none())
            });
            let place = found?.1;
            self.used(run, "component");
            if !self.components.contains(&place) {
                self.components.push(place);
            }
            Some(count)
        })
    }

    /// A point in time, of one word or of a date and a time.
    fn take_time(&mut self, words: &[&str], covered: Option<(i64, i64)>) -> Option<usize> {
        let (micros, count) = point(words).or_else(|| Some((clock(words[0], covered?)?, 1)))?;
        self.used(words[..count].join(" "), "time");
        self.at.get_or_insert(micros);
        Some(count)
    }

    fn take_word(&mut self, word: &str) {
        let lower = word.to_lowercase();
        let trouble = if SLOW.contains(&lower.as_str()) {
            Some((Trouble::Slow, "kind of trouble: slow"))
        } else if FAILING.contains(&lower.as_str()) {
            Some((Trouble::Failing, "kind of trouble: failing"))
        } else {
            None
        };
        if let Some((trouble, taken_for)) = trouble {
            self.used(word, taken_for);
            self.trouble.get_or_insert(trouble);
        }
        if trouble.is_none() && is_technical(word) {
            self.used(word, "words of a message");
            self.words.push(lower);
        }
    }
}

/// A name without case and signs.
fn plain(name: &str) -> String {
    name.chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// A plain name without what many names have in common.
fn bare(plain: &str) -> &str {
    let name = plain
        .strip_suffix("service")
        .or_else(|| plain.strip_suffix("svc"))
        .unwrap_or(plain);
    name.strip_prefix("ts")
        .filter(|rest| rest.len() >= SHORTEST && plain.ends_with("service"))
        .unwrap_or(name)
}

/// Words that nobody writes but for a program's: names of exceptions, codes, identifiers, status numbers.
fn is_technical(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let inner_capital = word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    let is_code = digits > 0 && letters > 1 && word.len() >= 4;
    let is_status = digits == 3 && letters == 0 && word.len() == 3 && word.starts_with(['4', '5']);
    inner_capital || word.contains('_') || is_code || is_status
}

/// RFC 3339, or a date and a time of day in UTC.
fn point(words: &[&str]) -> Option<(i64, usize)> {
    if let Ok(stamp) = words[0].parse::<Timestamp>() {
        return Some((stamp.as_microsecond(), 1));
    }
    let date: Date = words[0].parse().ok()?;
    let time = words.get(1).and_then(|word| time_of_day(word));
    let stamp = date
        .to_datetime(time.unwrap_or(Time::midnight()))
        .to_zoned(TimeZone::UTC)
        .ok()?;
    Some((stamp.timestamp().as_microsecond(), 1 + usize::from(time.is_some())))
}

/// `10:04` or `10:04:30`, perhaps with a `Z`.
fn time_of_day(word: &str) -> Option<Time> {
    let word = word.strip_suffix(['Z', 'z']).unwrap_or(word);
    let is_clock = word.contains(':')
        && word
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    is_clock.then(|| word.parse().ok()).flatten()
}

fn clock(word: &str, covered: (i64, i64)) -> Option<i64> {
    on_the_day(time_of_day(word)?, covered)
}

/// The last moment within what is covered, or up to an hour after it, at which a clock shows this, UTC.
pub fn on_the_day(time: Time, (first, last): (i64, i64)) -> Option<i64> {
    const HOUR: i64 = 3_600_000_000;
    let mut date = Timestamp::from_microsecond(last.saturating_add(HOUR))
        .ok()?
        .to_zoned(TimeZone::UTC)
        .date();
    for _ in 0..2 {
        let micros = date
            .to_datetime(time)
            .to_zoned(TimeZone::UTC)
            .ok()?
            .timestamp()
            .as_microsecond();
        if micros <= last.saturating_add(HOUR) {
            return (micros >= first.saturating_sub(HOUR)).then_some(micros);
        }
        date = date.yesterday().ok()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["ts-order-service", "checkoutservice", "cart", "PetSite", "redis-cart"]
            .map(str::to_owned)
            .to_vec()
    }

    /// Noon to two in the afternoon.
    fn covered() -> (i64, i64) {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_microsecond();
        (at("2026-11-21T12:00:00Z"), at("2026-11-21T14:00:00Z"))
    }

    fn ask(text: &str) -> Understood {
        understand(text, &names(), Some(covered()))
    }

    fn used(understood: &Understood) -> Vec<(&str, &str)> {
        let used = understood.question.used.iter();
        used.map(|used| (used.word.as_str(), used.taken_for.as_str())).collect()
    }

    #[test]
    fn components_times_and_trouble_are_found_in_a_sentence() {
        let asked = ask("Why is the checkout service slow since 13:05?");
        assert_eq!(
            (asked.components.as_slice(), asked.trouble),
            (&[1][..], Some(Trouble::Slow))
        );
        assert_eq!(
            asked.at,
            Some("2026-11-21T13:05:00Z".parse::<Timestamp>().unwrap().as_microsecond())
        );
        assert_eq!(
            used(&asked),
            [
                ("checkout service", "component"),
                ("slow", "kind of trouble: slow"),
                ("13:05", "time")
            ]
        );
    }

    #[test]
    fn a_name_is_found_however_it_is_written() {
        for text in [
            "order",
            "Order Service",
            "ts-order-service",
            "ts_order_service",
            "the order-service!",
        ] {
            assert_eq!(ask(text).components, [0], "{text}");
        }
        assert_eq!(ask("petsite availability").components, [3]);
        assert_eq!(ask("redis cart").components, [4]);
        assert_eq!(ask("nothing here").components, [0; 0]);
    }

    #[test]
    fn words_of_a_message_are_what_is_quoted_and_what_only_programs_write() {
        let asked = ask("NullPointerException and \"pool is empty\" with 503, conn_timeout, ORA-00060");
        assert_eq!(
            asked.words,
            [
                "pool is empty",
                "nullpointerexception",
                "503",
                "conn_timeout",
                "ora-00060"
            ]
        );
    }

    #[test]
    fn a_time_is_taken_from_the_day_that_is_covered_or_as_it_stands() {
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(ask("at 2026-11-20T01:02:03Z").at, at("2026-11-20T01:02:03Z"));
        assert_eq!(ask("on 2026-11-20 01:02").at, at("2026-11-20T01:02:00Z"));
        assert_eq!(ask("14:30").at, at("2026-11-21T14:30:00Z"));
        assert_eq!(ask("03:00").at, None, "nothing is known of that time");
        assert_eq!(understand("13:05", &names(), None).at, None);
    }

    #[test]
    fn nothing_is_used_of_a_question_that_says_nothing() {
        assert_eq!(used(&ask("what is wrong? please help")), []);
        assert_eq!(used(&ask("")), []);
    }
}
