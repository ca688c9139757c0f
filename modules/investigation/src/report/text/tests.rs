//! Tests of the text for a terminal.

use proptest::prelude::*;

use super::*;
use crate::report::sample;

const PLAIN: Style = Style {
    colour: false,
    width: 80,
};

#[test]
fn the_answer_comes_first_and_each_passage_can_be_followed() {
    insta::assert_snapshot!(text(&sample::full(), PLAIN));
}

#[test]
fn no_cause_says_what_would_help() {
    insta::assert_snapshot!(text(&sample::none_found(), PLAIN));
}

#[test]
fn nothing_read_is_said_in_sentences() {
    insta::assert_snapshot!(text(&sample::almost_empty(), PLAIN));
}

#[test]
fn colours_are_there_only_when_asked_for() {
    assert!(!text(&sample::full(), PLAIN).contains('\u{1b}'));
    let coloured = text(
        &sample::full(),
        Style {
            colour: true,
            width: 80,
        },
    );
    assert!(coloured.starts_with("\u{1b}[1;31mcart-service is the likely cause (87 %)\u{1b}[0m\n"));
}

#[test]
fn prose_stays_within_the_width_and_places_are_never_broken() {
    for width in [40, 80, 120] {
        for line in text(&sample::full(), Style { colour: false, width }).lines() {
            let is_place = line
                .trim_start()
                .split(':')
                .next_back()
                .is_some_and(|end| end.parse::<u64>().is_ok());
            assert!(
                is_place || line.chars().count() <= usize::from(width),
                "{width}: {line}"
            );
        }
    }
}

proptest! {
    #[test]
    fn what_was_read_never_steers_the_terminal(word in any::<String>()) {
        let written = text(&sample::filled_with(&word), PLAIN);
        prop_assert!(!written.chars().any(|character| character != '\n' && words::is_hidden(character)));
    }
}
