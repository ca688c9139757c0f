//! Masks what looks secret in the payloads of jobs and events before anybody sees it. What a payload is for is its module's
//! secret to keep; this only makes sure that a forgotten one does not end up on a screen.

use serde_json::Value;
use url::Url;

/// What stands in the place of a secret.
const MASK: &str = "***";

/// A field whose name holds one of these, written in any style, is not shown.
const SECRETS: [&str; 13] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "apikey",
    "authorization",
    "credential",
    "cookie",
    "privatekey",
    "accesskey",
    "signingkey",
    "bearer",
];

/// The same value without what looks secret.
pub fn redact(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .map(|(name, value)| {
                let shown = if is_secret(&name) && !is_harmless(&value) {
                    MASK.into()
                } else {
                    redact(value)
                };
                (name, shown)
            })
            .collect(),
        Value::Array(items) => items.into_iter().map(redact).collect(),
        Value::String(text) => redact_text(text).into(),
        other => other,
    }
}

/// Hides the password and the query of each address in a text, word by word.
pub fn redact_text(text: String) -> String {
    if !text.contains("://") {
        return text;
    }
    text.split_inclusive(char::is_whitespace)
        .map(|word| {
            let address = word.trim_end();
            let space = &word[address.len()..];
            masked(address).map_or_else(|| word.to_owned(), |masked| format!("{masked}{space}"))
        })
        .collect()
}

/// An address without what may be secret in it; `None` when there is nothing to hide.
fn masked(address: &str) -> Option<String> {
    let mut url = Url::parse(address).ok().filter(Url::has_host)?;
    let (password, query) = (url.password().is_some(), url.query().is_some());
    if password {
        // Only a URL that cannot have a password refuses one.
        let _ = url.set_password(Some(MASK));
    }
    if query {
        url.set_query(Some(MASK));
    }
    (password || query).then(|| url.to_string())
}

/// Whether a name such as `api_key`, `apiKey` or `API-KEY` names a secret.
fn is_secret(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    SECRETS.iter().any(|secret| plain.contains(secret))
}

/// Whether a value says only that there is or is not a secret.
fn is_harmless(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whatever_is_named_like_a_secret_is_masked_at_any_depth() {
        let payload = json!({
            "name": "pager",
            "apiKey": "k-1",
            "webhook": {"signing_secret": "whsec_1", "secret_set": true, "password": null},
            "headers": [{"Authorization": "Bearer x"}, {"X-Auth-Token": ["t"]}],
        });
        assert_eq!(
            redact(payload),
            json!({
                "name": "pager",
                "apiKey": "***",
                "webhook": {"signing_secret": "***", "secret_set": true, "password": null},
                "headers": [{"Authorization": "***"}, {"X-Auth-Token": "***"}],
            })
        );
    }

    #[test]
    fn addresses_lose_their_password_and_query_and_keep_the_rest() {
        let text =
            "cannot reach postgresql://mainstay:hunter2@db:5432/main, asked\nhttps://hooks.example/a?key=1 twice";
        assert_eq!(
            redact_text(text.to_owned()),
            "cannot reach postgresql://mainstay:***@db:5432/main, asked\nhttps://hooks.example/a?*** twice"
        );
        for plain in ["at 10:32 it was 3 // 4", "see https://example.org/guide", "a://", ""] {
            assert_eq!(redact_text(plain.to_owned()), plain);
        }
    }

    #[test]
    fn ordinary_fields_stay() {
        let payload = json!({"service": "payments", "keep_days": 7, "key": "payments", "paths": ["a/b"]});
        assert_eq!(redact(payload.clone()), payload);
    }
}
