//! Fields by name: which of a structured line is the message, the time, the severity, and which identifies a request.

use super::record::Head;
use crate::logs::{
    correlate::IdentifierKind,
    severity::Severity,
    time::{self, TimeContext},
};

/// What a field is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// The words.
    Message,
    /// When.
    Time,
    /// How bad, in words or in a number.
    Severity,
    /// How bad, as syslog counts.
    SyslogSeverity,
    /// How bad, as OpenTelemetry counts.
    OpenTelemetrySeverity,
    /// Who says it.
    Service,
    /// What correlates it.
    Identifier(IdentifierKind),
    /// An object that may hold more of these.
    Group,
    /// Text of an exception.
    Stack,
}

/// What a field of this name is.
pub fn of_name(name: &[u8]) -> Option<Field> {
    let mut lower = [0_u8; 24];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"message" | b"msg" | b"@message" | b"body" | b"log_message" | b"text" | b"short_message" => Field::Message,
        b"time" | b"ts" | b"timestamp" | b"@timestamp" | b"t" | b"date" | b"datetime" | b"eventtime" | b"asctime" => {
            Field::Time
        }
        b"timeunixnano" | b"time_unix_nano" => Field::Time,
        b"level" | b"lvl" | b"severity" | b"log.level" | b"levelname" | b"loglevel" | b"severity_text"
        | b"severitytext" => Field::Severity,
        b"syslog_severity" | b"priority" => Field::SyslogSeverity,
        b"severitynumber" | b"severity_number" => Field::OpenTelemetrySeverity,
        b"service" | b"service.name" | b"service_name" | b"app" | b"application" | b"logger" | b"component"
        | b"logger_name" | b"target" | b"syslog_identifier" => Field::Service,
        b"log" | b"fields" | b"attributes" | b"resource" | b"trace" | b"context" | b"mdc" | b"labels" => Field::Group,
        b"stack" | b"stacktrace" | b"stack_trace" | b"exception" | b"error.stack_trace" => Field::Stack,
        _ => Field::Identifier(IdentifierKind::of_key(lower)?),
    })
}

/// Puts a field into the head of a record. The value has its escapes resolved.
pub fn take(head: &mut Head, field: Field, value: &[u8], context: &TimeContext) {
    let number = || std::str::from_utf8(value).ok()?.trim().parse::<u64>().ok();
    match field {
        Field::Message => {
            head.message.clear();
            head.message.extend_from_slice(value);
        }
        Field::Time => {
            if head.stamp.is_none() {
                head.stamp = time::whole(value, context).or_else(|| decimal_epoch(value));
            }
        }
        Field::Severity => {
            head.severity = Severity::of_word(value)
                .or_else(|| number().and_then(numbered))
                .or(head.severity);
        }
        Field::SyslogSeverity => {
            head.severity = number()
                .and_then(Severity::of_syslog)
                .or_else(|| Severity::of_word(value))
                .or(head.severity);
        }
        Field::OpenTelemetrySeverity => {
            head.severity = head.severity.or_else(|| number().and_then(Severity::of_opentelemetry));
        }
        Field::Service => {
            if head.service.is_empty() {
                head.service.extend_from_slice(value);
            }
        }
        Field::Identifier(kind) => head.identifiers.push(kind, value),
        Field::Group | Field::Stack => {}
    }
}

/// Below ten it counts as syslog does, from ten on as bunyan does.
fn numbered(number: u64) -> Option<Severity> {
    if number < 8 {
        Severity::of_syslog(number)
    } else {
        Severity::of_ten(number)
    }
}

/// Seconds with a fraction, or a number with an exponent, as encoders of JSON write them.
pub fn decimal_epoch(value: &[u8]) -> Option<time::Stamp> {
    let seconds: f64 = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    if !(1e9..4e18).contains(&seconds) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "bounded above; below a microsecond nothing counts"
    )]
    let micros = if seconds < 4e9 {
        (seconds * 1e6).round() as i64
    } else {
        time::epoch_number(seconds as i64)?
    };
    Some(time::Stamp {
        micros,
        year_assumed: false,
        day_assumed: false,
        zone_assumed: false,
    })
}
