//! Promises written in files: from the JSON of a declaration (Mainstay YAML, or what an import makes of `slos.json`) to a
//! draft, and from there through the same validation as the API.
//!
//! ```yaml
//! apiVersion: mainstay/v1
//! kind: Slo
//! metadata: { name: api-availability }
//! spec:
//!   service: api
//!   objective: 99.9
//! ```
//! is enough. `sli` may be a word or an object, `objective` a number or `99.9%`, `window` a length such as `30d` or an
//! object. Unknown fields are refused: a misspelt `objectiv` must not become a promise nobody made.

use mainstay_catalog::{Declaration, DeclarationValidator};
use mainstay_kernel::{Environment, FieldError};
use mainstay_runtime::Latest;
use serde_json::{Map, Value};

use crate::{
    model::{Draft, DraftWindow, Limits, Validated, validate},
    service::Settings,
};

const FIELDS: &[&str] = &[
    "name",
    "service",
    "description",
    "sli",
    "objective",
    "window",
    "rules",
    "budget_alert_percent",
];
const SLI_FIELDS: &[&str] = &["kind", "checks", "threshold_ms", "minimum_per_s"];
const WINDOW_FIELDS: &[&str] = &["kind", "seconds", "unit", "time_zone"];

/// The kind of declaration this module understands.
pub const KIND: &str = "slo";

/// Reads and checks the body of a declaration of the kind `slo`.
///
/// # Errors
/// Every field that is wrong, with a sentence for its author.
pub fn validate_declaration(
    body: &Value,
    environment: &Environment,
    limits: &Limits,
) -> Result<Validated, Vec<FieldError>> {
    let mut reader = Reader::default();
    let draft = reader.draft(body);
    match validate(&draft, environment, limits) {
        Ok(validated) if reader.errors.is_empty() => Ok(validated),
        Ok(_) => Err(reader.errors),
        Err(errors) => {
            // A field that could not be read is reported as such, and not once more as missing.
            let unread: Vec<_> = reader.errors.iter().map(|error| error.field.clone()).collect();
            reader
                .errors
                .extend(errors.into_iter().filter(|error| !unread.contains(&error.field)));
            Err(reader.errors)
        }
    }
}

/// Judges declared SLOs while files are imported.
#[derive(Debug, Clone, Default)]
pub struct SloDeclarations {
    /// What a definition must fit.
    pub(crate) settings: Latest<Settings>,
}

impl DeclarationValidator for SloDeclarations {
    fn kind(&self) -> &str {
        KIND
    }

    fn validate(&self, declaration: &Declaration) -> Vec<String> {
        match validate_declaration(&declaration.body, &declaration.environment, &self.settings.get().limits) {
            Ok(_) => Vec::new(),
            Err(errors) => errors
                .into_iter()
                .map(|FieldError { field, message }| format!("`{field}`: {message}"))
                .collect(),
        }
    }
}

#[derive(Default)]
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn wrong(&mut self, field: &str, message: impl Into<String>) {
        self.errors.push(FieldError {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    fn draft(&mut self, body: &Value) -> Draft {
        let Value::Object(fields) = body else {
            self.wrong("spec", "must be a list of fields such as `service` and `objective`");
            return Draft::default();
        };
        self.refuse_unknown(fields, "", FIELDS);
        let mut draft = Draft {
            name: self.text(fields, "name"),
            service: self.text(fields, "service"),
            description: self.text(fields, "description"),
            objective: self.percent(fields, "objective"),
            rules: self.words(fields.get("rules"), "rules"),
            budget_alert_percent: self.percent(fields, "budget_alert_percent"),
            window: fields.get("window").map(|window| self.window(window)),
            ..Draft::default()
        };
        match fields.get("sli") {
            None | Some(Value::Null) => {}
            Some(Value::String(kind)) => draft.sli_kind = Some(kind.clone()),
            Some(Value::Object(sli)) => {
                self.refuse_unknown(sli, "sli.", SLI_FIELDS);
                draft.sli_kind = self.text_at(sli, "kind", "sli.kind");
                draft.checks = self.words(sli.get("checks"), "sli.checks");
                draft.threshold_ms = self.number(sli, "threshold_ms", "sli.threshold_ms");
                draft.minimum_per_s = self.number(sli, "minimum_per_s", "sli.minimum_per_s");
            }
            Some(_) => self.wrong(
                "sli",
                "must be a word such as `availability`, or fields such as `kind` and `checks`",
            ),
        }
        draft
    }

    fn refuse_unknown(&mut self, fields: &Map<String, Value>, prefix: &str, known: &[&str]) {
        for field in fields.keys().filter(|field| !known.contains(&field.as_str())) {
            self.wrong(
                &format!("{prefix}{field}"),
                format!("is no field of an SLO; known here are {}", known.join(", ")),
            );
        }
    }

    fn text(&mut self, fields: &Map<String, Value>, field: &str) -> Option<String> {
        self.text_at(fields, field, field)
    }

    fn text_at(&mut self, fields: &Map<String, Value>, field: &str, path: &str) -> Option<String> {
        match fields.get(field)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            _ => {
                self.wrong(path, "must be text");
                None
            }
        }
    }

    fn number(&mut self, fields: &Map<String, Value>, field: &str, path: &str) -> Option<f64> {
        match fields.get(field)? {
            Value::Null => None,
            Value::Number(number) => number.as_f64(),
            _ => {
                self.wrong(path, "must be a number");
                None
            }
        }
    }

    fn percent(&mut self, fields: &Map<String, Value>, field: &str) -> Option<f64> {
        if let Some(Value::String(text)) = fields.get(field) {
            let number = text.trim().trim_end_matches('%').trim_end().parse().ok();
            if number.is_none() {
                self.wrong(field, format!("`{text}` is not a percentage; write for example 99.9"));
            }
            return number;
        }
        self.number(fields, field, field)
    }

    fn words(&mut self, value: Option<&Value>, path: &str) -> Option<Vec<String>> {
        match value? {
            Value::Null => None,
            Value::String(word) => Some(vec![word.clone()]),
            Value::Array(items) => {
                let words: Option<Vec<_>> = items.iter().map(|item| item.as_str().map(str::to_owned)).collect();
                if words.is_none() {
                    self.wrong(path, "must be a list of words");
                }
                words
            }
            _ => {
                self.wrong(path, "must be a list of words");
                None
            }
        }
    }

    fn window(&mut self, value: &Value) -> DraftWindow {
        match value {
            Value::String(text) => window_from_text(text),
            Value::Object(fields) => {
                self.refuse_unknown(fields, "window.", WINDOW_FIELDS);
                let unit = fields.get("unit").and_then(Value::as_str);
                let zone = fields.get("time_zone").and_then(Value::as_str).unwrap_or("UTC");
                match (unit, fields.get("seconds").and_then(Value::as_i64)) {
                    (Some(unit), None) => DraftWindow::Calendar(unit.to_owned(), zone.to_owned()),
                    (None, Some(seconds)) => DraftWindow::Rolling(seconds),
                    _ => DraftWindow::Unreadable(value.to_string()),
                }
            }
            other => DraftWindow::Unreadable(other.to_string()),
        }
    }
}

/// `30d`, `4w`, `12h`, `20m`, `600s`; or `month` for a calendar month in UTC.
fn window_from_text(text: &str) -> DraftWindow {
    let text = text.trim();
    if crate::model::CalendarUnit::parse(text).is_some() {
        return DraftWindow::Calendar(text.to_owned(), "UTC".to_owned());
    }
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic() || char == ' ');
    let size = match text[digits.len()..].trim() {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        "y" => 365 * 86_400,
        _ => return DraftWindow::Unreadable(text.to_owned()),
    };
    digits
        .parse::<i64>()
        .ok()
        .and_then(|count| count.checked_mul(size))
        .map_or_else(|| DraftWindow::Unreadable(text.to_owned()), DraftWindow::Rolling)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{CheckSelection, SliKind, Window};

    fn read(body: &Value) -> Result<Validated, Vec<FieldError>> {
        validate_declaration(body, &Environment::production(), &Limits::default())
    }

    #[test]
    fn a_service_and_an_objective_are_enough() {
        let validated = read(&json!({"name": "api-up", "service": "api", "objective": 99.9})).unwrap();
        assert_eq!(validated.definition.name, "api-up");
        assert_eq!(validated.definition.window, Window::thirty_days());
    }

    #[test]
    fn what_an_import_makes_of_slos_json_is_read() {
        let body = json!({
            "name": "fks-api-latency", "service": "fks-api", "sli": {"kind": "latency", "threshold_ms": 200.0},
            "objective": 95.0, "window": {"kind": "rolling", "seconds": 2_592_000},
        });
        let definition = read(&body).unwrap().definition;
        assert_eq!(definition.sli.kind, SliKind::Latency { threshold_us: 200_000 });
        assert_eq!(definition.window, Window::thirty_days());
    }

    #[test]
    fn short_forms_are_understood() {
        let body = json!({"service": "api", "objective": "99.5 %", "sli": "error-rate", "window": "7d", "rules": "page-quick"});
        let definition = read(&body).unwrap().definition;
        assert_eq!(definition.objective.ppm(), 995_000);
        assert_eq!(definition.sli.kind, SliKind::ErrorRate);
        assert_eq!(definition.window, Window::Rolling { seconds: 604_800 });
        let body = json!({"service": "api", "objective": 99, "window": {"unit": "month", "time_zone": "Europe/Berlin"}, "sli": {"checks": ["health"]}});
        let definition = read(&body).unwrap().definition;
        assert_eq!(definition.window.to_string(), "calendar month (Europe/Berlin)");
        assert_eq!(definition.sli.checks, CheckSelection::Named(vec!["health".to_owned()]));
    }

    #[test]
    fn a_misspelt_field_is_named_beside_what_is_missing_because_of_it() {
        let errors = read(&json!({"service": "api", "objectiv": 99.9})).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["objectiv", "objective"]);
    }

    #[test]
    fn a_value_of_the_wrong_type_is_reported_once() {
        let errors = read(&json!({"service": 7, "objective": "much", "window": "soon"})).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["service", "objective", "window"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(window in ".{0,20}", objective in ".{0,20}", service in ".{0,20}") {
            let _ = read(&json!({"service": service, "objective": objective, "window": window}));
        }
    }
}
