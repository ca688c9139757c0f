//! Secrets: recognised by the name of a setting or by the form of its value, and masked.

use serde::{Serialize, Serializer};

/// What stands where a secret was.
const MASK: &str = "(secret, masked)";
/// Bytes of a value that are shown.
const SHOWN: usize = 256;

/// Parts of names whose values are secrets. A name such as `token_ttl` or `key_file` is none: see [`HARMLESS`].
const NAMES: [&str; 17] = [
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "credential",
    "authorization",
    "clientkey",
    "cookie",
    "sessionkey",
    "connectionstring",
];
/// Ends of names that tell about a secret without being one.
const HARMLESS: [&str; 19] = [
    "ttl",
    "timeout",
    "expiry",
    "expiration",
    "expires",
    "file",
    "path",
    "name",
    "ref",
    "length",
    "size",
    "url",
    "uri",
    "enabled",
    "type",
    "issuer",
    "audience",
    "endpoint",
    "lifetime",
];
/// Beginnings of tokens with a form of their own, as their issuers document them: AWS, GitHub, GitLab, Slack, Stripe, Google,
/// `OpenAI`, npm, JSON Web Tokens and PEM.
const FORMS: [&str; 22] = [
    "AKIA",
    "ASIA",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "sk_live_",
    "rk_live_",
    "sk_test_",
    "AIza",
    "sk-",
    "npm_",
    "eyJ",
    "-----BEGIN",
    "whsec_",
    "dop_v1_",
];
/// Bytes of a token with such a beginning, at least.
const TOKEN: usize = 16;

/// Bytes of a key in base64, at least: 240 bits and more.
const ENCODED: usize = 40;

/// A value that shows itself masked where it is a secret. Two values are equal if what is set is equal.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    text: String,
    /// What is shown in its place.
    shown: Option<String>,
}

impl Value {
    /// The value of the setting of this path.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let is_named = !text.is_empty() && is_secret_name(path) && !is_reference(text);
        let shown = if is_named || text.lines().any(names_one) {
            Some(MASK.to_owned())
        } else {
            masked(text)
        };
        Self {
            text: text.to_owned(),
            shown,
        }
    }

    /// A value that is hidden whatever it is.
    pub(super) fn hidden(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            shown: Some(MASK.to_owned()),
        }
    }

    /// What is set, for comparing. It may be a secret.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether all or a part of it is hidden.
    pub fn is_masked(&self) -> bool {
        self.shown.is_some()
    }

    /// What may be shown, cut at 256 bytes.
    pub fn shown(&self) -> &str {
        let text = self.shown.as_deref().unwrap_or(&self.text);
        &text[..text.floor_char_boundary(SHOWN)]
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}", self.shown())
    }
}

impl std::fmt::Display for Value {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.shown())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}

/// Whether the last names of a path are those of a secret.
pub(super) fn is_secret_name(path: &str) -> bool {
    // Data of a Secret are secrets whatever they are called; `env[DB_PASSWORD].value` has its name one step before.
    if path.starts_with("Secret/") && (path.contains(":data.") || path.contains(":stringData.")) {
        return true;
    }
    let mut parts = path
        .rsplit(['.', ':', '/'])
        .filter(|part| !matches!(*part, "value" | "default"));
    parts.next().is_some_and(|part| {
        let plain: String = part
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|character| character.to_ascii_lowercase())
            .collect();
        NAMES.iter().any(|name| plain.contains(name)) && !HARMLESS.iter().any(|end| plain.ends_with(end))
    })
}

/// `${NAME}`, `$NAME`, `{{ name }}` and the like point to a secret that stands elsewhere; a number or a switch is none.
fn is_reference(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with("${") || text.starts_with("{{") || text.starts_with("$(")) && text.ends_with(['}', ')'])
        || matches!(text, "true" | "false" | "null" | "~")
}

/// The text with secrets in it masked, if there are any.
pub(super) fn masked(text: &str) -> Option<String> {
    if text.contains("-----BEGIN") && text.contains("PRIVATE KEY") {
        return Some(MASK.to_owned());
    }
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    // Passwords in addresses: scheme://user:password@host.
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|character: char| character.is_whitespace() || matches!(character, '/' | '"' | '\'' | '<' | '>'))
            .unwrap_or(after.len());
        let authority = &after[..end];
        rest = &after[end..];
        match authority.rfind('@').map(|at| (authority[..at].find(':'), at)) {
            Some((Some(colon), at)) => {
                found = true;
                out.push_str(&authority[..=colon]);
                out.push_str(MASK);
                out.push_str(&authority[at..]);
            }
            _ => out.push_str(authority),
        }
    }
    out.push_str(rest);
    if out
        .split(|character: char| !(character.is_ascii_alphanumeric() || "_-./+=".contains(character)))
        .any(is_token)
    {
        return Some(MASK.to_owned());
    }
    found.then_some(out)
}

fn is_token(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.bytes().any(|byte| class(&byte));
    let of_form = word.len() >= TOKEN
        && FORMS.iter().any(|form| word.starts_with(form))
        && (has(u8::is_ascii_digit) || has(u8::is_ascii_uppercase));
    // Keys in base64. A path has more slashes, a digest no capitals, a name of a class points.
    let of_letters = word.len() >= ENCODED
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && !word.contains('.')
        && word.bytes().filter(|byte| *byte == b'/').count() <= word.len() / 16;
    of_form || of_letters
}

/// Whether a file of this path holds nothing but secrets.
pub(super) fn is_secret_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    name.contains("secret") || name.contains("credential")
}

/// Whether a line has the name of a secret anywhere and more than one pair, so that what is whose is not sure.
pub(super) fn is_crowded(line: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-');
    line.matches([':', '=']).count() > 1 && line.split(|character| !is_name(character)).any(is_secret_name)
}

/// Whether a passage may hold a secret, so that it is not quoted: by a token's form, or by `name = value` with a secret's name.
pub(super) fn may_hold(passage: &str) -> bool {
    masked(passage).is_some() || passage.lines().any(names_one)
}

fn names_one(line: &str) -> bool {
    let is_name = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | '.');
    line.match_indices([':', '=']).any(|(at, _)| {
        let before = line[..at].trim_end_matches(['"', '\'', ' ', ']', '\\']);
        let name = before
            .rsplit(|character| !is_name(character))
            .next()
            .unwrap_or_default();
        let after = line[at + 1..].trim_matches(['"', '\'', ' ', ',', '=', '\\']);
        is_secret_name(name) && !after.is_empty() && !is_reference(after)
    }) || {
        // `--password hunter2` and `Authorization: Bearer …`
        let lower = line.to_ascii_lowercase();
        lower.contains("bearer ") || lower.contains("--password") || lower.contains("--token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_name_and_by_form() {
        for (path, text, shown) in [
            ("db.password", "hunter2", MASK),
            ("env[DB_PASSWORD].value", "hunter2", MASK),
            ("api_key", "x", MASK),
            ("Secret/shop/db:data.user", "YWRtaW4=", MASK),
            ("token_ttl", "60", "60"),
            ("db.password", "${DB_PASSWORD}", "${DB_PASSWORD}"),
            ("password_file", "/run/x", "/run/x"),
            (
                "url",
                "postgres://ann:pw@db:5432/x",
                "postgres://ann:(secret, masked)@db:5432/x",
            ),
            ("url", "http://db:5432/x", "http://db:5432/x"),
            ("note", "use ghp_0123456789abcdefXYZ now", MASK),
            ("monkey", "banana", "banana"),
        ] {
            let value = Value::new(path, text);
            assert_eq!(value.shown(), shown, "{path} {text}");
            assert_eq!(format!("{value:?}"), format!("{shown:?}"));
        }
    }

    #[test]
    fn a_passage_with_a_secret_is_known() {
        for passage in [
            "{\"password\": \"x\"}",
            "PASSWORD=x",
            "a: 1\n  token: abc",
            "curl -H 'Authorization: Bearer x'",
            "redis://:pw@r",
        ] {
            assert!(may_hold(passage), "{passage}");
        }
        for passage in ["replicas: 2", "token_ttl: 5", "password: ${X}", "image: shop/cart:1.2"] {
            assert!(!may_hold(passage), "{passage}");
        }
    }
}
