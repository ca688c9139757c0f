//! Telemetry: whether a stream holds spans, log records of OTLP, or numbers over time.

use super::{FORMED, Head, Kind, LIKELY, MARKED, Recognised, json::Shape};

/// Whether these are spans.
pub(super) fn traces(head: &Head<'_>) -> Option<Recognised> {
    let found = |format, certainty, reason: &str| Some(Recognised::new(Kind::Traces, format, certainty, reason));
    if let Some(shape) = Shape::of(head) {
        if shape.has("resourceSpans") || shape.has("scopeSpans") {
            return found("OTLP JSON", MARKED, "it has `resourceSpans`, as OTLP traces do");
        }
        if shape.has("spans") && (shape.has("traceID") || shape.has("processes")) {
            return found(
                "Jaeger JSON",
                MARKED,
                "it has `spans` with `traceID`, as Jaeger's traces do",
            );
        }
        let is_zipkin =
            shape.has("traceId") && shape.has("id") && (shape.has("localEndpoint") || shape.has("duration"));
        if is_zipkin && !shape.has_any(&["message", "msg", "body", "log"]) {
            return found(
                "Zipkin JSON",
                MARKED,
                "its objects have `traceId`, `id` and an endpoint or a duration, as Zipkin's spans do",
            );
        }
        let is_span = shape.has_any(&["spanId", "span_id", "spanID"])
            && shape.has_any(&[
                "startTimeUnixNano",
                "start_time",
                "startTime",
                "start",
                "duration",
                "duration_ms",
            ]);
        if is_span && !shape.has_any(&["message", "msg", "body", "log"]) {
            return found(
                "JSON spans",
                FORMED,
                "its objects have a span's id and a start or a duration, and no message",
            );
        }
        return None;
    }
    let table = head.table()?;
    let is_span = table.has(&["traceid"]) && table.has(&["spanid", "id"]);
    let is_timed = table.has(&[
        "duration",
        "starttime",
        "starttimeunixnano",
        "start",
        "endtime",
        "parentid",
        "parentspanid",
        "operationname",
    ]);
    if is_span && is_timed && table.message().is_none() {
        return found(
            "CSV of spans",
            FORMED,
            "its columns hold trace and span ids and times of spans, and no message",
        );
    }
    None
}

/// Whether these are log records. Other logs are told by what is left.
pub(super) fn logs(head: &Head<'_>) -> Option<Recognised> {
    let shape = Shape::of(head)?;
    let is_otlp = shape.has_any(&["resourceLogs", "resource_logs", "scopeLogs", "scope_logs"]);
    let reason = "it has `resourceLogs`, as OTLP logs do";
    is_otlp.then(|| Recognised::new(Kind::Logs, "OTLP JSON", MARKED, reason))
}

/// Whether these are numbers over time.
pub(super) fn metrics(head: &Head<'_>) -> Option<Recognised> {
    let found = |format, certainty, reason: String| Some(Recognised::new(Kind::Metrics, format, certainty, reason));
    if let Some(shape) = Shape::of(head) {
        if shape.has("resourceMetrics") || shape.has("scopeMetrics") {
            return found(
                "OTLP JSON",
                MARKED,
                "it has `resourceMetrics`, as OTLP metrics do".to_owned(),
            );
        }
        if shape.has("resultType") && shape.has("result") {
            return found(
                "Prometheus query result",
                MARKED,
                "it has `resultType` and `result`, as answers of Prometheus do".to_owned(),
            );
        }
        let is_sample = shape.has_any(&["metric", "metric_name", "name", "__name__"])
            && shape.has_any(&["value", "values", "datapoints"])
            && shape.has_any(&["time", "timestamp", "ts", "values", "datapoints"]);
        if is_sample && !shape.has_any(&["message", "msg", "level", "apiVersion", "kind"]) {
            return found(
                "JSON samples",
                LIKELY,
                "its objects have a name, a value and a time".to_owned(),
            );
        }
        return None;
    }
    if let Some(reason) = exposition(head) {
        return found("Prometheus text", MARKED, reason);
    }
    let table = head.table()?;
    if table.message().is_some() || table.is_deployments() {
        return None;
    }
    let numeric = table.numeric();
    let time = table.time()?;
    (numeric > 0).then(|| {
        let reason = format!("it is a table with a column of times ({time}) and {numeric} columns of numbers");
        Recognised::new(Kind::Metrics, "CSV of samples", FORMED, reason)
    })
}

/// Lines of `name{label="value"} number`, or comments that Prometheus prescribes (exposition format 0.0.4).
fn exposition(head: &Head<'_>) -> Option<String> {
    let (mut samples, mut comments, mut others) = (0_u32, 0_u32, 0_u32);
    for line in head.lines().take(200) {
        if line.starts_with("# TYPE ") || line.starts_with("# HELP ") || line == "# EOF" {
            comments += 1;
        } else if is_sample(line) {
            samples += 1;
        } else if !line.starts_with('#') {
            others += 1;
        }
    }
    let all = samples > 0 && others == 0 && (comments > 0 || samples >= 3);
    all.then(|| {
        format!(
            "{samples} of its first lines are samples and {comments} are `# TYPE` or `# HELP`, as Prometheus writes"
        )
    })
}

fn is_sample(line: &str) -> bool {
    let name_end = line
        .find(|character: char| !character.is_ascii_alphanumeric() && character != '_' && character != ':')
        .unwrap_or(line.len());
    let (name, mut rest) = line.split_at(name_end);
    if name.is_empty() || name.as_bytes()[0].is_ascii_digit() {
        return false;
    }
    if rest.starts_with('{') {
        let Some(end) = rest.rfind('}') else { return false };
        rest = &rest[end + 1..];
    }
    let mut parts = rest.split_whitespace();
    rest.starts_with(' ')
        && parts.next().is_some_and(|value| value.parse::<f64>().is_ok())
        && parts.next().is_none_or(|at| at.parse::<f64>().is_ok() || at == "#")
}
