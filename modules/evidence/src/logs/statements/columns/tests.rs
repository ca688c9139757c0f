//! Which words are values, by example and by property.

use proptest::prelude::*;

use super::*;
use crate::logs::{statements::key::LONGEST, template::hash_bytes};

const SYMBOLS: [&str; 12] = [
    "ACME", "ORCL", "IBM", "TSLA", "NVDA", "Nestlé", "SAP", "ABB", "UBS", "MSFT", "AAPL", "KO",
];
const NAMES: [&str; 8] = ["ann", "bob", "carol", "dan", "eve", "frank", "grace", "heidi"];

fn keyed(keys: &[String]) -> Vec<Keyed<'_>> {
    (0_u32..)
        .zip(keys)
        .map(|(number, key)| Keyed {
            number,
            component: 0,
            severity: None,
            key: key.as_bytes(),
        })
        .collect()
}

/// The key of each group with how many statements are in it, in the order of the keys.
fn found(keys: &[String]) -> Vec<(String, usize)> {
    let groups = groups(keyed(keys).into_iter());
    let mut found: Vec<(String, usize)> = groups
        .into_iter()
        .map(|group| (String::from_utf8(group.key).unwrap(), group.members.len()))
        .collect();
    found.sort();
    found
}

fn each(words: &[&str], say: impl Fn(&str) -> String) -> Vec<String> {
    words.iter().map(|word| say(word)).collect()
}

#[test]
fn many_words_in_one_place_are_values() {
    let keys = each(&SYMBOLS, |symbol| {
        format!("cannot divide <*> cents of {symbol} by its lot of <*>")
    });
    let expected = "cannot divide <*> cents of <*> by its lot of <*>".to_owned();
    assert_eq!(found(&keys), [(expected, 12)]);
    let keys = each(&SYMBOLS, |symbol| format!("no price, symbol=\"{symbol}\""));
    assert_eq!(found(&keys), [("no price, symbol=\"<*>\"".to_owned(), 12)]);
}

#[test]
fn few_words_in_one_place_say_what_happened() {
    for words in [&["accepted", "rejected"][..], &SYMBOLS[..5]] {
        assert_eq!(
            found(&each(words, |word| format!("the order <*> is {word} at last"))),
            []
        );
    }
}

#[test]
fn states_and_deeds_are_no_values_however_many_they_are() {
    let deeds = [
        "accepted",
        "rejected",
        "cancelled",
        "filled",
        "expired",
        "pending",
        "refused.",
        "delayed",
        "lost",
        "unknown",
    ];
    assert_eq!(found(&each(&deeds, |deed| format!("the order <*> is {deed}"))), []);
    let mut keys = each(&deeds, |deed| format!("the order of ACME is {deed}"));
    keys.extend(each(&SYMBOLS, |symbol| format!("the order of {symbol} is accepted")));
    keys.extend(each(&SYMBOLS, |symbol| format!("the order of {symbol} is rejected")));
    keys.sort();
    keys.dedup();
    let one = |deed: &str, count| (format!("the order of <*> is {deed}"), count);
    let alone = deeds.iter().filter(|deed| !deed.ends_with("cted"));
    let mut expected = vec![one("accepted", 12), one("rejected", 12)];
    // That ACME is a value is known from the others.
    assert!(found(&keys).iter().take(2).eq(&expected), "{:?}", found(&keys));
    expected.extend(alone.map(|deed| one(deed, 1)));
    assert!(found(&keys).iter().all(|group| expected.contains(group)));
}

#[test]
fn among_states_those_that_have_no_ending_of_one_are_states_as_well() {
    let states = [
        "accepted", "rejected", "pending", "open", "new", "done", "stale", "partial", "live", "late",
    ];
    assert_eq!(found(&each(&states, |state| format!("the order <*> is {state}"))), []);
    let pairs = states.iter().zip(SYMBOLS);
    let keys: Vec<String> = pairs
        .map(|(state, symbol)| format!("the order of {symbol} on the desk is {state} by now"))
        .collect();
    assert_eq!(found(&keys), []);
}

#[test]
fn a_name_that_ends_like_a_deed_does_not_hide_the_others() {
    let mut keys = each(&SYMBOLS, |symbol| format!("no price of {symbol} today"));
    keys.push("no price of Boeing today".to_owned());
    assert_eq!(found(&keys), [("no price of <*> today".to_owned(), 12)]);
    let pairs = SYMBOLS
        .iter()
        .zip(["ann", "bob", "carol", "dan", "eve", "frank", "grace", "heidi", "Alfred"]);
    let keys: Vec<String> = pairs
        .map(|(symbol, name)| format!("transfer of {symbol} from {name} to the account was late"))
        .collect();
    assert_eq!(
        found(&keys),
        [("transfer of <*> from <*> to the account was late".to_owned(), 8)]
    );
}

#[test]
fn what_is_mostly_that_word_is_told_apart() {
    assert_eq!(found(&each(&SYMBOLS, |symbol| format!("loaded {symbol}"))), []);
    assert_eq!(found(&each(&SYMBOLS, |symbol| format!("<*> {symbol} <*>: <*>"))), []);
}

#[test]
fn what_stands_first_needs_more_words_to_be_a_value() {
    let startups = |count: usize| each(&SYMBOLS[..count], |daemon| format!("{daemon} has come up again"));
    assert_eq!(found(&startups(11)), []);
    assert_eq!(found(&startups(12)), [("<*> has come up again".to_owned(), 12)]);
    let pairs = SYMBOLS[..8].iter().zip(NAMES);
    let keys: Vec<String> = pairs
        .map(|(symbol, name)| format!("{symbol} was lent to {name} for a day and a night"))
        .collect();
    assert_eq!(found(&keys), []);
}

#[test]
fn component_severity_and_length_must_agree() {
    let keys = each(&SYMBOLS, |symbol| format!("no price of {symbol} today"));
    let mut components = keyed(&keys);
    for key in &mut components {
        key.component = key.number % 3;
    }
    assert_eq!(groups(components.into_iter()), []);
    let mut severities = keyed(&keys);
    for key in severities.iter_mut().take(5) {
        key.severity = Some(Severity::Error);
    }
    let found_here = groups(severities.into_iter());
    assert_eq!(
        found_here.iter().map(|group| group.members.len()).collect::<Vec<_>>(),
        [7]
    );
    let mut lengths = keys[..5].to_vec();
    lengths.extend(each(&SYMBOLS[5..10], |symbol| {
        format!("no price of {symbol} for today")
    }));
    assert_eq!(found(&lengths), []);
}

#[test]
fn several_values_that_never_meet_again_are_found_at_once() {
    let pairs = SYMBOLS.iter().zip(NAMES.iter().cycle());
    let keys: Vec<String> = pairs
        .map(|(symbol, name)| format!("transfer of {symbol} from {name} to the account was refused, retry in <*>"))
        .collect();
    let expected = "transfer of <*> from <*> to the account was refused, retry in <*>".to_owned();
    assert_eq!(found(&keys), [(expected.clone(), 12)]);
    let all = SYMBOLS
        .iter()
        .flat_map(|symbol| NAMES.iter().map(move |name| (symbol, name)));
    let keys: Vec<String> = all
        .map(|(symbol, name)| format!("transfer of {symbol} from {name} to the account was refused, retry in <*>"))
        .collect();
    assert_eq!(found(&keys), [(expected, 96)]);
}

#[test]
fn three_values_are_found_among_messages_of_the_same_length() {
    let days = [
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
    ];
    let mut keys: Vec<String> = (0..84)
        .map(|place| (SYMBOLS[place % 12], NAMES[place * 3 % 8], days[place % 7]))
        .map(|(symbol, name, day)| format!("transfer of {symbol} from {name} on {day} is late"))
        .collect();
    keys.extend(each(&["cache", "queue", "index", "table", "lease"], |part| {
        format!("rebuild of {part} at night by hand is late")
    }));
    let expected = ("transfer of <*> from <*> on <*> is late".to_owned(), 84);
    assert_eq!(found(&keys), [expected]);
}

#[test]
fn unrelated_messages_of_one_length_stay_apart() {
    let keys: Vec<String> = [
        "the cache of users was warm",
        "a thread for timers was started",
        "no peer in cluster said anything",
        "all tables of orders were analysed",
        "the listener on port was opened",
        "one request of client timed out",
        "a lease for shard was renewed",
        "the leader of group was elected",
    ]
    .map(str::to_owned)
    .to_vec();
    assert_eq!(found(&keys), []);
}

#[test]
fn a_value_that_has_a_digit_elsewhere_is_the_same_value() {
    let mut keys = each(&SYMBOLS, |symbol| format!("no price of {symbol} today"));
    keys.push("no price of <*> today".to_owned());
    assert_eq!(found(&keys), [("no price of <*> today".to_owned(), 13)]);
}

#[test]
fn a_word_is_no_value_because_a_number_may_stand_there() {
    let mut keys = each(&SYMBOLS, |symbol| format!("limit <*> for {symbol} today"));
    keys.extend(each(&SYMBOLS, |symbol| format!("limit missing for {symbol} today")));
    keys.extend(each(&SYMBOLS, |symbol| format!("limit zero for {symbol} today")));
    let one = |limit: &str| (format!("limit {limit} for <*> today"), 12);
    assert_eq!(found(&keys), [one("<*>"), one("missing"), one("zero")]);
}

#[test]
fn what_stands_near_the_end_of_a_key_that_was_cut_off_is_not_compared() {
    let head = "because the exchange that was asked did not answer in time ".repeat(2);
    let keys = each(&SYMBOLS, |symbol| {
        let mut key = format!("no price was found, {head} for {symbol} and more ").into_bytes();
        key.resize(LONGEST, b'.');
        String::from_utf8(key).unwrap()
    });
    assert_eq!(found(&keys), []);
}

#[test]
fn a_key_whose_end_was_cut_off_is_compared_by_its_beginning() {
    let keys = each(&SYMBOLS, |symbol| {
        let tail = "because the exchange that was asked did not answer in time ".repeat(3);
        let mut key = format!("no price of {symbol} was found, {tail}").into_bytes();
        assert!(key.len() > LONGEST);
        key.truncate(LONGEST);
        String::from_utf8(key).unwrap()
    });
    assert_eq!(found(&keys).iter().map(|group| group.1).collect::<Vec<_>>(), [12]);
    assert!(
        found(&keys)[0]
            .0
            .starts_with("no price of <*> was found, because the exchange")
    );
}

/// Some of what a few places in a program say with some values.
fn said() -> impl Strategy<Value = Vec<String>> {
    let words = (0..4_usize, 0..SYMBOLS.len(), 0..NAMES.len());
    let key = words.prop_map(|(place, symbol, name)| {
        let (symbol, name) = (SYMBOLS[symbol], NAMES[name]);
        match place {
            0 => format!("cannot divide <*> cents of {symbol} by its lot"),
            1 => format!("order of {symbol} for {name} was accepted by the desk"),
            2 => format!("order of {symbol} for {name} was rejected by the desk"),
            _ => format!("hello {name}"),
        }
    });
    proptest::collection::btree_set(key, 0..120).prop_map(|keys| keys.into_iter().collect())
}

proptest! {
    #[test]
    fn the_order_of_keys_makes_no_difference(keys in said(), seed in any::<u64>()) {
        let mut other = keys.clone();
        other.sort_by_key(|key| hash_bytes(key.as_bytes()) ^ seed);
        prop_assert_eq!(found(&keys), found(&other));
    }

    #[test]
    fn a_group_has_what_its_key_says_and_no_statement_is_in_two(keys in said()) {
        let groups = groups(keyed(&keys).into_iter());
        let mut members: Vec<u32> = groups.iter().flat_map(|group| group.members.iter().copied()).collect();
        for group in &groups {
            let text = String::from_utf8(group.key.clone()).unwrap();
            let words: Vec<&str> = text.split(' ').collect();
            for member in &group.members {
                let key: Vec<&str> = keys[*member as usize].split(' ').collect();
                prop_assert_eq!(key.len(), words.len());
                prop_assert!(key.iter().zip(&words).all(|(own, shared)| own == shared || *shared == "<*>"));
            }
        }
        let all = members.len();
        members.sort_unstable();
        members.dedup();
        prop_assert_eq!(members.len(), all);
    }
}
