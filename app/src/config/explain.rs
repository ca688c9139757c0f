//! The effective configuration with secrets masked and the origin of each value, for `mainstay config check`.

use serde_json::Value;

use super::{Loaded, TakesEffect, places::join};

/// One effective setting.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Setting {
    /// Dotted key.
    pub key: String,
    /// The value as TOML would show it; secrets are masked.
    pub value: String,
    /// Where it came from: file and line, variable, flag, or the default.
    pub from: String,
    /// When another value would take effect.
    pub takes_effect: TakesEffect,
}

/// Lists every effective setting.
pub fn explain(loaded: &Loaded) -> Vec<Setting> {
    let tree = serde_json::to_value(&loaded.config).unwrap_or_default();
    let mut settings = Vec::new();
    flatten(String::new(), &tree, &mut |key, value| {
        settings.push(Setting {
            value: mask(&key, value),
            from: loaded.sources.of(&key),
            takes_effect: TakesEffect::of(&key),
            key,
        });
    });
    settings
}

/// Names every value of a tree by its dotted key.
pub(super) fn flatten(prefix: String, value: &Value, emit: &mut impl FnMut(String, &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flatten(join(&prefix, key), value, emit);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (index, item) in items.iter().enumerate() {
                flatten(format!("{prefix}[{index}]"), item, emit);
            }
        }
        Value::Null => emit(prefix, &Value::String("(not set)".to_owned())),
        other => emit(prefix, other),
    }
}

/// Hides what must not be shown: the password in a URL, and the path and query of an address that may hold a token.
pub(super) fn mask(key: &str, value: &Value) -> String {
    let Value::String(text) = value else {
        return value.to_string();
    };
    let Ok(mut url) = url::Url::parse(text) else {
        return text.clone();
    };
    if url.password().is_some() {
        // Only a URL that cannot have a password refuses one.
        let _ = url.set_password(Some("***"));
    }
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let shown = pairs
            .iter()
            .map(|(name, value)| (name, if is_secret(name) { "***" } else { value }));
        url.query_pairs_mut().clear().extend_pairs(shown);
    }
    let token_in_path = matches!(key.rsplit_once('.'), Some((section, "url")) if section != "database");
    if token_in_path && url.has_host() && (url.path().len() > 1 || url.query().is_some()) {
        return format!("{}/***", url.origin().ascii_serialization());
    }
    url.to_string()
}

/// Whether a parameter of an address holds what must not be shown.
fn is_secret(parameter: &str) -> bool {
    let parameter = parameter.to_ascii_lowercase();
    ["pass", "secret", "token", "key"]
        .iter()
        .any(|word| parameter.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_and_tokens_in_addresses_are_masked() {
        let show = |key: &str, text: &str| mask(key, &Value::String(text.to_owned()));
        assert_eq!(
            show("database.url", "postgresql://u:secret@db/m"),
            "postgresql://u:***@db/m"
        );
        assert_eq!(
            show("webhook[0].url", "https://hooks.example/T0/B0/token"),
            "https://hooks.example/***"
        );
        assert_eq!(
            show("database.url", "postgresql://db/m?user=u&password=secret"),
            "postgresql://db/m?user=u&password=***"
        );
        assert_eq!(show("data_dir", "mainstay-data"), "mainstay-data");
    }
}
