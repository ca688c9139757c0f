//! Whether a password is hard enough to guess. Its hash is made elsewhere.

use zxcvbn::{Score, zxcvbn};

/// The fewest characters of a password.
const SHORTEST: usize = 10;
/// The most characters of a password. More would only cost time.
const LONGEST: usize = 256;

/// The password is too easy to guess, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WeakPassword(String);

/// Judges a password of somebody who is known by `about`: names and addresses, which are the first things that are tried.
///
/// It must take at least 10^8 guesses (a score of 3 of 4), as estimated by zxcvbn (Wheeler, 2016, USENIX Security).
///
/// # Errors
/// What makes it weak, and what would help, in one sentence.
pub fn judge(password: &str, about: &[&str]) -> Result<(), WeakPassword> {
    let length = password.chars().count();
    if length < SHORTEST {
        return Err(WeakPassword(format!(
            "must have at least {SHORTEST} characters, and this has {length}; a few unrelated words make a good one"
        )));
    }
    if length > LONGEST {
        return Err(WeakPassword(format!(
            "must have at most {LONGEST} characters, and this has {length}"
        )));
    }
    let inputs: Vec<&str> = about.iter().copied().chain(["mainstay"]).collect();
    let estimate = zxcvbn(password, &inputs);
    if estimate.score() >= Score::Three {
        return Ok(());
    }
    let why = estimate
        .feedback()
        .and_then(|feedback| {
            let warning = feedback.warning().map(|warning| warning.to_string());
            warning.or_else(|| feedback.suggestions().first().map(ToString::to_string))
        })
        .unwrap_or_else(|| "Add another word or two.".to_owned());
    Err(WeakPassword(format!(
        "is too easy to guess: {} A few unrelated words make a good one",
        why.trim_end_matches('.').to_owned() + "."
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_tries_first_is_refused() {
        for weak in [
            "",
            "short",
            "password123",
            "Password1!",
            "qwertyuiop",
            "aaaaaaaaaaaaaa",
            "1234567890123",
            "mainstaymainstay",
        ] {
            assert!(judge(weak, &[]).is_err(), "{weak}");
        }
    }

    #[test]
    fn a_name_of_its_owner_makes_a_password_weak() {
        let password = "lovelacebyron";
        assert!(judge(password, &["lovelace", "byron", "lovelacebyron"]).is_err());
    }

    #[test]
    fn a_few_unrelated_words_are_good() {
        assert_eq!(judge("correct horse battery staple", &["ada"]), Ok(()));
        assert_eq!(judge("Trübe Ähren im Wind 7", &["ada"]), Ok(()));
    }

    #[test]
    fn the_reason_says_what_to_do_and_never_the_password() {
        let said = judge("password123", &[]).unwrap_err().to_string();
        assert!(
            said.contains("unrelated words") && !said.contains("password123"),
            "{said}"
        );
        assert!(
            judge(&"ab".repeat(200), &[])
                .unwrap_err()
                .to_string()
                .contains("at most 256")
        );
    }
}
