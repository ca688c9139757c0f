//! What a series is by its name: role, kind, unit and statistic. It does not look at values.

use std::borrow::Cow;

use super::{Kind, Role};

/// The words of a name in lower case: parted at signs and at the humps of camel case; digits stay with their letter.
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut open, mut lower) = (false, false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            (open, lower) = (false, false);
            continue;
        }
        let hump = letter.is_uppercase() && lower;
        lower = letter.is_lowercase();
        match words.last_mut() {
            Some(word) if open && !hump => word.extend(letter.to_lowercase()),
            _ => words.push(letter.to_lowercase().collect()),
        }
        open = true;
    }
    words
}

/// The table of roles by the lower-cased name, the first match wins; it extends that of ADR 13. A part
/// with a blank before it stands at the beginning of a word: `mem` must not be found in `remember`.
const ROLES: [(&str, Role); 39] = [
    // How many are under way follows from how many come and from how long they take (Little's law), so it is evidence of neither.
    (" in flight ", Role::Other),
    (" inflight ", Role::Other),
    (" concurrent ", Role::Other),
    ("cpu", Role::Cpu),
    (" mem", Role::Memory),
    ("memory", Role::Memory),
    (" heap", Role::Memory),
    (" rss", Role::Memory),
    ("latency", Role::Latency),
    ("duration", Role::Latency),
    (" lat ", Role::Latency),
    ("response time", Role::Latency),
    ("responsetime", Role::Latency),
    (" rt ", Role::Latency),
    (" elapsed", Role::Latency),
    ("availab", Role::Availability),
    ("success", Role::Availability),
    (" ok ", Role::Availability),
    (" up ", Role::Availability),
    (" healthy ", Role::Availability),
    (" alive ", Role::Availability),
    ("error", Role::Error),
    ("fail", Role::Error),
    ("exception", Role::Error),
    (" 5xx ", Role::Error),
    ("request", Role::Traffic),
    ("workload", Role::Traffic),
    (" ops ", Role::Traffic),
    (" qps ", Role::Traffic),
    (" rps ", Role::Traffic),
    (" tps ", Role::Traffic),
    ("throughput", Role::Traffic),
    (" load ", Role::Traffic),
    (" queue", Role::Saturation),
    (" backlog", Role::Saturation),
    (" pool", Role::Saturation),
    (" connections ", Role::Saturation),
    (" threads ", Role::Saturation),
    ("saturation", Role::Saturation),
];

/// Values of labels that make a count of requests one of errors (RFC 9110, 15.6; the names of gRPC codes are not listed).
fn tells_failure(key: &str, value: &str) -> bool {
    matches!(
        key,
        "code" | "status" | "status_code" | "http_status" | "http.response.status_code" | "response_code"
    ) && value.len() == 3
        && value.starts_with('5')
}

/// What a series tells, and why.
pub fn role<'l>(
    name: &str,
    unit: Option<&str>,
    mut labels: impl Iterator<Item = (&'l str, &'l str)>,
) -> (Role, Cow<'static, str>) {
    // The unit may be what tells: `Workload(Ops)`.
    let words = words(name);
    if words
        .first()
        .is_some_and(|word| word.starts_with("node") || word.starts_with("host"))
    {
        return (Role::Host, "its name begins with node or host".into());
    }
    // Prometheus adds these to what it scrapes (Jobs and instances).
    if words.first().is_some_and(|word| word == "scrape") {
        return (
            Role::Other,
            "its name begins with scrape: it tells of who measured".into(),
        );
    }
    if let Some((key, value)) = labels.find(|(key, value)| tells_failure(key, value)) {
        return (Role::Error, format!("its label {key} is {value}").into());
    }
    let text = format!(" {} {} ", words.join(" "), unit.unwrap_or_default().to_lowercase());
    let Some((part, role)) = ROLES.iter().find(|(part, _)| text.contains(part)) else {
        return (Role::Other, "nothing in its name tells".into());
    };
    if *role == Role::Latency && text.contains("client") {
        return (Role::ClientLatency, "its name contains client beside a latency".into());
    }
    (*role, format!("its name contains {:?}", part.trim()).into())
}

/// A name without the unit in brackets at its end, and that unit.
pub fn bracketed(name: &str) -> (&str, Option<&str>) {
    let trimmed = name.trim();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some(inner) = trimmed.strip_suffix(close)
            && let Some(at) = inner.rfind(open)
            && at > 0
            && (1..=16).contains(&(inner.len() - at - 1))
        {
            return (trimmed[..at].trim_end(), Some(&inner[at + 1..]));
        }
    }
    (trimmed, None)
}

/// The unit by the words of a name, in the form of UCUM where there is one (Prometheus, "Metric and label naming").
pub fn unit(name: &str) -> Option<&'static str> {
    words(name).iter().rev().find_map(|word| {
        Some(match word.as_str() {
            "seconds" | "second" | "sec" => "s",
            "ms" | "milliseconds" | "millis" | "millisecond" => "ms",
            "us" | "microseconds" | "micros" => "us",
            "ns" | "nanoseconds" | "nanos" => "ns",
            "bytes" | "byte" => "By",
            "ratio" => "1",
            "percent" | "percentage" | "pct" => "%",
            _ => return None,
        })
    })
}

/// The statistic by the words of a name: `P95`, `lat_50`, `avg`.
pub fn statistic(name: &str) -> Option<String> {
    const PERCENTILES: [&str; 7] = ["50", "75", "90", "95", "99", "999", "9999"];
    let words = words(name);
    let last = words.len().checked_sub(1)?;
    words.iter().enumerate().rev().find_map(|(place, word)| {
        let part = |letter: char| word.strip_prefix(letter).filter(|rest| PERCENTILES.contains(rest));
        let glued = PERCENTILES
            .iter()
            .find(|part| word.ends_with(*part) && word.ends_with(&format!("p{part}")));
        if let Some(rest) = part('p').or_else(|| part('q')).or(glued.copied()) {
            return Some(format!("p{rest}"));
        }
        if last > 0 && place == last && PERCENTILES.contains(&word.as_str()) {
            return Some(format!("p{word}"));
        }
        matches!(word.as_str(), "avg" | "average" | "mean" | "median" | "max" | "min").then(|| word.clone())
    })
}

/// The kind where only name and unit are known, and why. A name of a counter is a guess until the values agree.
pub fn kind(name: &str, unit: Option<&str>, is_bucket: bool) -> (Kind, &'static str) {
    let lower = name.to_ascii_lowercase();
    if is_bucket || lower.ends_with("_bucket") {
        (Kind::HistogramPart, "it is a bucket of a histogram")
    } else if unit == Some("%") || unit == Some("1") || lower.ends_with("_ratio") {
        (Kind::Ratio, "its unit is that of a part of a whole")
    } else if ["_total", "_count", "_sum"].iter().any(|end| lower.ends_with(end)) {
        (Kind::Counter, "its name ends like a counter's")
    } else {
        (Kind::Gauge, "nothing says that it is anything else")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_follow_from_the_name() {
        for (name, unit, expected) in [
            ("CpuUsageRate", Some("%"), Role::Cpu),
            ("container_memory_working_set_bytes", None, Role::Memory),
            ("NodeCpuUsageRate", Some("%"), Role::Host),
            ("PodClientLatencyP95", Some("s"), Role::ClientLatency),
            ("PodServerLatencyP95", Some("s"), Role::Latency),
            ("http_request_duration_seconds", None, Role::Latency),
            ("lat_50", None, Role::Latency),
            ("PodWorkload", Some("Ops"), Role::Traffic),
            ("PodSuccessRate", None, Role::Availability),
            ("ok", None, Role::Availability),
            ("up", None, Role::Availability),
            ("node_up", None, Role::Host),
            ("uptime_seconds", None, Role::Other),
            ("http_requests_total", None, Role::Traffic),
            ("http_requests_in_flight", None, Role::Other),
            ("inflightRequests", None, Role::Other),
            ("drops", None, Role::Other),
            ("request_failures", None, Role::Error),
            ("db_pool_in_use", None, Role::Saturation),
            ("SyscallRead", None, Role::Other),
        ] {
            assert_eq!(role(name, unit, std::iter::empty()).0, expected, "{name}");
        }
        let failing = role("http_requests_total", None, [("code", "503")].into_iter());
        assert_eq!(failing, (Role::Error, "its label code is 503".into()));
    }

    #[test]
    fn a_unit_stands_in_brackets_or_at_the_end_of_the_name() {
        assert_eq!(bracketed("CpuUsage(m)"), ("CpuUsage", Some("m")));
        assert_eq!(bracketed("(all)"), ("(all)", None));
        assert_eq!(unit("process_cpu_seconds_total"), Some("s"));
        assert_eq!(unit("used_percent"), Some("%"));
        assert_eq!(unit("cart"), None);
    }

    #[test]
    fn a_statistic_is_a_word_of_the_name() {
        for (name, expected) in [
            ("PodClientLatencyP99", Some("p99")),
            ("lat_50", Some("p50")),
            ("latency_avg", Some("avg")),
            ("50", None),
            ("steps", None),
        ] {
            assert_eq!(statistic(name).as_deref(), expected, "{name}");
        }
    }
}
