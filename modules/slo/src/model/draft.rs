//! From what a person wrote to a definition: every rule a definition must keep is checked here, the same for the API, for
//! files and for the command line.

use mainstay_catalog::ServiceName;
use mainstay_kernel::{Environment, FieldError, Micros};

use super::{
    BurnRule, CalendarUnit, CheckSelection, Definition, Objective, Ppm, RuleName, SECOND, Sli, SliKind, Window,
    words::{duration_in_words, number_in_words},
};

/// A definition as somebody wrote it: everything may be missing or wrong.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// The name; the service and the kind of indicator when absent.
    pub name: Option<String>,
    /// The service.
    pub service: Option<String>,
    /// What is promised.
    pub description: Option<String>,
    /// `availability` (the default), `latency`, `error-rate` or `throughput`.
    pub sli_kind: Option<String>,
    /// Check roles or names.
    pub checks: Option<Vec<String>>,
    /// For latency: the longest good answer.
    pub threshold_ms: Option<f64>,
    /// For throughput: the fewest successful probes per second.
    pub minimum_per_s: Option<f64>,
    /// In percent.
    pub objective: Option<f64>,
    /// The window; thirty days when absent.
    pub window: Option<DraftWindow>,
    /// The burn-rate rules to watch; all four when absent.
    pub rules: Option<Vec<String>>,
    /// The spent share that is announced, in percent; 80 when absent.
    pub budget_alert_percent: Option<f64>,
}

/// A window as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DraftWindow {
    /// So many seconds.
    Rolling(i64),
    /// A calendar unit and the name of a time zone.
    Calendar(String, String),
    /// Text that is no window.
    Unreadable(String),
}

/// What a definition must fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For how long event counts are kept, in seconds. A longer window would be promised over data that is gone.
    pub retention_s: i64,
    /// How often a check usually probes, in microseconds; only for warnings.
    pub probe_interval: Micros,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            retention_s: 400 * 86_400,
            probe_interval: 15 * SECOND,
        }
    }
}

/// A definition that holds, and what its author should know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validated {
    /// The definition.
    pub definition: Definition,
    /// Sentences for a person: nothing is wrong, but something may surprise.
    pub warnings: Vec<String>,
}

/// Checks a draft.
///
/// # Errors
/// Every field that is wrong, each with a sentence that says what to do instead.
pub fn validate(draft: &Draft, environment: &Environment, limits: &Limits) -> Result<Validated, Vec<FieldError>> {
    let mut errors = Errors(Vec::new());
    let service = errors.take("service", service(draft.service.as_deref()));
    let kind = sli_kind(draft, &mut errors);
    let checks = errors.take("sli.checks", checks(draft.checks.as_deref()));
    let objective = errors.take("objective", objective(draft.objective));
    let window = window(draft.window.as_ref(), limits, &mut errors);
    let rules = errors.take("rules", rules(draft.rules.as_deref()));
    let spent_alert_ppm = errors.take("budget_alert_percent", spent_alert(draft.budget_alert_percent));
    let description = errors.take("description", text(draft.description.as_deref(), 2_000));
    let name = errors.take("name", text(draft.name.as_deref(), 100));
    if let (Some(objective), Some(window), Some(rules)) = (objective, &window, &rules)
        && let Err(message) = reachable(objective, window, rules)
    {
        errors.add("objective", message);
    }
    match (
        service,
        kind,
        checks,
        objective,
        window,
        rules,
        spent_alert_ppm,
        description,
        name,
    ) {
        (
            Some(service),
            Some(kind),
            Some(checks),
            Some(objective),
            Some(window),
            Some(rules),
            Some(spent_alert_ppm),
            Some(description),
            Some(name),
        ) if errors.0.is_empty() => {
            let definition = Definition {
                name: name.unwrap_or_else(|| format!("{service}-{}", kind.as_str())),
                service,
                environment: environment.clone(),
                description,
                sli: Sli { kind, checks },
                objective,
                window,
                rules,
                spent_alert_ppm,
            };
            let warnings = warnings(&definition, limits);
            Ok(Validated { definition, warnings })
        }
        _ => Err(errors.0),
    }
}

struct Errors(Vec<FieldError>);

impl Errors {
    fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError {
            field: field.to_owned(),
            message: message.into(),
        });
    }

    fn take<T>(&mut self, field: &str, checked: Result<T, String>) -> Option<T> {
        checked.map_err(|message| self.add(field, message)).ok()
    }
}

fn service(text: Option<&str>) -> Result<ServiceName, String> {
    let text = text.ok_or("name the service the promise is about, such as `payments-api`")?;
    ServiceName::parse(text).map_err(|error| error.to_string())
}

fn text(text: Option<&str>, most: usize) -> Result<Option<String>, String> {
    match text.map(str::trim) {
        None => Ok(None),
        Some("") => Err("must not be empty; leave it out instead".to_owned()),
        Some(text) if text.chars().count() > most => Err(format!("is longer than {most} characters")),
        Some(text) if text.chars().any(|char| char.is_control() && char != '\n') => {
            Err("contains a control character".to_owned())
        }
        Some(text) => Ok(Some(text.to_owned())),
    }
}

fn sli_kind(draft: &Draft, errors: &mut Errors) -> Option<SliKind> {
    let word = draft.sli_kind.as_deref().unwrap_or("availability");
    if word != "latency" && draft.threshold_ms.is_some() {
        errors.add(
            "sli.threshold_ms",
            format!("belongs to a latency SLI, but this one measures {word}"),
        );
    }
    if word != "throughput" && draft.minimum_per_s.is_some() {
        errors.add(
            "sli.minimum_per_s",
            format!("belongs to a throughput SLI, but this one measures {word}"),
        );
    }
    match word {
        "availability" => Some(SliKind::Availability),
        "error-rate" => Some(SliKind::ErrorRate),
        "latency" => {
            let missing = "give the longest good answer in milliseconds, such as 300";
            let threshold = thousandths(draft.threshold_ms, missing, "above 0 and at most 600000 ms", 600_000.0);
            let threshold_us = errors.take("sli.threshold_ms", threshold)?;
            Some(SliKind::Latency { threshold_us })
        }
        "throughput" => {
            let missing = "give the fewest successful probes per second, such as 0.1";
            let minimum = thousandths(draft.minimum_per_s, missing, "at least 0.001 and at most 1000000", 1e6);
            let minimum_milli_per_s = errors.take("sli.minimum_per_s", minimum)?;
            Some(SliKind::Throughput { minimum_milli_per_s })
        }
        other => {
            errors.add(
                "sli.kind",
                format!("`{other}` is not an indicator; use availability, latency, error-rate or throughput"),
            );
            None
        }
    }
}

/// A number kept in thousandths of its unit, at least one thousandth.
fn thousandths(number: Option<f64>, missing: &str, range: &str, most: f64) -> Result<i64, String> {
    let number = number.ok_or(missing)?;
    let scaled = (number * 1_000.0).round();
    if !number.is_finite() || scaled < 1.0 || number > most {
        return Err(format!("{number} is out of range: give a number {range}"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked to lie in a small range")]
    let whole = scaled as i64;
    Ok(whole)
}

fn checks(words: Option<&[String]>) -> Result<CheckSelection, String> {
    let Some(words) = words else {
        return Ok(CheckSelection::default());
    };
    let mut words: Vec<String> = words.iter().map(|word| word.trim().to_owned()).collect();
    words.sort();
    words.dedup();
    match words.as_slice() {
        [] => Err(
            "is empty, so nothing would be measured; leave it out to measure health, readiness and liveness".to_owned(),
        ),
        words if words.iter().any(String::is_empty) => Err("contains an empty name".to_owned()),
        words if words.len() > 100 => Err("names more than 100 checks".to_owned()),
        _ => Ok(CheckSelection::Named(words)),
    }
}

fn objective(percent: Option<f64>) -> Result<Objective, String> {
    let percent = percent.ok_or("say which percentage must be good, such as 99.9")?;
    Objective::from_percent(percent).map_err(|error| error.to_string())
}

fn window(draft: Option<&DraftWindow>, limits: &Limits, errors: &mut Errors) -> Option<Window> {
    let window = match draft {
        None => Window::thirty_days(),
        Some(DraftWindow::Rolling(seconds)) => Window::Rolling { seconds: *seconds },
        Some(DraftWindow::Calendar(unit, zone)) => {
            let unit = errors.take("window.unit", calendar_unit(unit));
            let zone = errors.take("window.time_zone", time_zone(zone));
            Window::Calendar {
                unit: unit?,
                zone: zone?,
            }
        }
        Some(DraftWindow::Unreadable(text)) => {
            errors.add(
                "window",
                format!("`{text}` is not a window; give a length such as `30d`, `12h` or `20m`, or a calendar week, month, quarter or year"),
            );
            return None;
        }
    };
    if let Window::Rolling { seconds } = window
        && !(Window::SHORTEST_S..=Window::LONGEST_S).contains(&seconds)
    {
        errors.add(
            "window.seconds",
            format!("{seconds} s is out of range: a rolling window lasts from 10 minutes (600) to 366 days (31622400)"),
        );
        return None;
    }
    if window.keep_s() > limits.retention_s {
        let kept = duration_in_words(limits.retention_s * SECOND);
        errors.add(
            "window",
            format!(
                "a window of {window} is longer than event counts are kept ({kept}); shorten it, or keep them longer \
                 (`watch.retention.five_minutes_days`)"
            ),
        );
        return None;
    }
    Some(window)
}

fn calendar_unit(text: &str) -> Result<CalendarUnit, String> {
    CalendarUnit::parse(text)
        .ok_or_else(|| format!("`{text}` is not a calendar unit; use week, month, quarter or year"))
}

fn time_zone(text: &str) -> Result<jiff::tz::TimeZone, String> {
    jiff::tz::TimeZone::get(text)
        .map_err(|_| format!("`{text}` is not a time zone; use a name such as `Europe/Berlin` or `UTC`"))
}

fn rules(words: Option<&[String]>) -> Result<Vec<RuleName>, String> {
    let Some(words) = words else {
        return Ok(RuleName::ALL.to_vec());
    };
    let mut rules = words
        .iter()
        .map(|word| {
            RuleName::parse(word).ok_or_else(|| {
                format!("`{word}` is not a rule; use page-quick, page-slow, ticket-quick and ticket-slow")
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    rules.sort();
    rules.dedup();
    Ok(rules)
}

fn spent_alert(percent: Option<f64>) -> Result<Ppm, String> {
    let percent = percent.unwrap_or(80.0);
    let ppm = (percent * 10_000.0).round();
    if !(1.0..=1_000_000.0).contains(&ppm) {
        return Err(format!(
            "{percent} is out of range: give a percentage above 0 and at most 100"
        ));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie in [1, 1,000,000]"
    )]
    let ppm = ppm as Ppm;
    Ok(ppm)
}

fn reachable(objective: Objective, window: &Window, rules: &[RuleName]) -> Result<(), String> {
    let rules: Vec<_> = rules.iter().map(|name| BurnRule::of(*name, window)).collect();
    // The rules are sorted by factor, so the first that cannot fire asks for most.
    let Some(dead) = rules.iter().find(|rule| !rule.can_fire(objective)) else {
        return Ok(());
    };
    let alive: Vec<_> = rules
        .iter()
        .filter(|rule| rule.can_fire(objective))
        .map(|rule| rule.name.as_str())
        .collect();
    Err(format!(
        "at {objective} the burn rate can reach at most {}, when every event is bad, but the rule {} waits for more than {}: it could never fire. Promise more than {:.2} %, or watch only `rules: [{}]`",
        number_in_words(1.0 / objective.budget_ratio()),
        dead.name.as_str(),
        number_in_words(dead.factor()),
        dead.lowest_objective_percent(),
        alive.join(", "),
    ))
}

fn warnings(definition: &Definition, limits: &Limits) -> Vec<String> {
    let mut warnings = Vec::new();
    for rule in definition.burn_rules() {
        let fewest = i64::try_from(BurnRule::FLOOR).unwrap_or(i64::MAX);
        if rule.long < fewest * limits.probe_interval {
            warnings.push(format!(
                "The rule {} looks back {}, in which one check that probes every {} fails at most once, so only several checks failing together can fire it; probe more often or choose a longer window.",
                rule.name.as_str(),
                duration_in_words(rule.long),
                duration_in_words(limits.probe_interval),
            ));
        }
    }
    if definition
        .rules
        .iter()
        .all(|rule| matches!(rule, RuleName::TicketQuick | RuleName::TicketSlow))
    {
        warnings.push("No rule of this SLO pages anybody, however fast its budget burns.".to_owned());
    }
    if let CheckSelection::Named(words) = &definition.sli.checks
        && let [word] = words.as_slice()
        && word == "custom"
    {
        warnings.push("Only checks written by hand count; the generated ones are left out.".to_owned());
    }
    warnings
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
