//! What people and their things are called: text that has been looked at.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The text cannot be a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidName(&'static str);

/// Declares a newtype over text that its `read` function accepts.
macro_rules! name {
    ($(#[$meta:meta])* $name:ident, $read:expr) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let read: fn(&str) -> Result<String, InvalidName> = $read;
                read(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// What somebody signs in with: 1 to 64 letters, digits and `. _ - @ +`, kept in lower case, so that an address can be one.
    Username,
    |text| {
        let text = text.trim().to_ascii_lowercase();
        let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-@+".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(good) && text.as_bytes()[0].is_ascii_alphanumeric() {
            Ok(text)
        } else {
            Err(InvalidName(
                "must be 1 to 64 letters, digits and . _ - @ +, and begin with a letter or digit",
            ))
        }
    }
);

name!(
    /// An e-mail address, as far as its form can be judged: a message to it is the only proof.
    Email,
    |text| {
        let text = text.trim();
        let parts = text.rsplit_once('@');
        let good = parts.is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.starts_with('.') && !domain.ends_with('.')
        });
        if good && text.len() <= 254 && !text.chars().any(|each| each.is_whitespace() || each.is_control()) {
            Ok(text.to_owned())
        } else {
            Err(InvalidName("must be an e-mail address, such as ada@example.org"))
        }
    }
);

name!(
    /// What somebody is called by others: 1 to 100 characters, shown as they are and never as markup.
    DisplayName,
    shown
);

name!(
    /// What an API token or a team is called: 1 to 100 characters.
    TokenName,
    shown
);

fn shown(text: &str) -> Result<String, InvalidName> {
    let text = text.trim();
    // Characters that change the direction of what follows make one name look like another.
    let hidden = |each: char| {
        each.is_control() || matches!(each, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if (1..=100).contains(&text.chars().count()) && !text.chars().any(hidden) {
        Ok(text.to_owned())
    } else {
        Err(InvalidName("must be 1 to 100 visible characters"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_username_is_kept_in_lower_case() {
        assert_eq!(
            "  Ada.Lovelace@Example.org ".parse::<Username>().unwrap().as_str(),
            "ada.lovelace@example.org"
        );
        for bad in ["", " ", "a b", "-a", "<script>", "ada\0", "ä", &"a".repeat(65)] {
            assert!(bad.parse::<Username>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_has_a_name_and_a_domain() {
        assert!("ada@example.org".parse::<Email>().is_ok());
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@.org",
            "ada@example.",
            "a da@example.org",
        ] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn markup_is_a_name_and_what_cannot_be_seen_is_not() {
        assert_eq!("<script>".parse::<DisplayName>().unwrap().as_str(), "<script>");
        for bad in ["", "\u{202e}nimda", "a\nb", "a\0", "\u{200b}", &"a".repeat(101)] {
            assert!(bad.parse::<DisplayName>().is_err(), "{bad:?}");
        }
    }
}
