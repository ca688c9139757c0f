//! Rules of what is risky, by the name of a setting and its value, each with its reason.

use super::{
    quantity::{cores, count, duration, size},
    risk::{Name, PLAIN, POSSIBLE, Risk, RiskKind, STRONG, WEAK},
    secret::Value,
};

/// A cut to this share or less is a lot: half of a pool serves half of a peak.
const CUT: f64 = 0.5;
/// The same for timeouts, memory and processors, where little is spare.
const TIGHT_CUT: f64 = 0.75;
/// A growth to this much or more is a lot.
const GROWTH: f64 = 2.0;
/// Retries of one call beyond which a fault multiplies its own load.
const MANY_RETRIES: f64 = 10.0;

/// Names of amounts of memory and processor.
const RESOURCES: [&str; 5] = ["memlimit", "memorylimit", "cpulimit", "heapsize", "xmx"];
/// Names of what many share.
const POOLS: [&str; 15] = [
    "pool",
    "maxconn",
    "connections",
    "threads",
    "workers",
    "queue",
    "cache",
    "capacity",
    "concurrency",
    "ratelimit",
    "buffer",
    "maxidle",
    "maxopen",
    "maxactive",
    "limit",
];

fn is_on(text: &str) -> bool {
    ["true", "on", "yes", "1", "enabled"].contains(&text.to_ascii_lowercase().as_str())
}

fn is_off(text: &str) -> bool {
    ["false", "off", "no", "0", "disabled", "none"].contains(&text.to_ascii_lowercase().as_str())
}

fn push(risks: &mut Vec<Risk>, kind: RiskKind, certainty: f64, reason: impl Into<String>) {
    let reason = reason.into();
    risks.push(Risk {
        kind,
        reason,
        certainty,
    });
}

/// Values that are risky whatever was there before.
pub(super) fn standing(name: &Name, text: &str, risks: &mut Vec<Risk>) {
    let lower = text.to_ascii_lowercase();
    let number = count(text);
    if name.is_timeout() && duration(&name.last, text).is_some_and(|found| found.number <= 0.0) {
        push(
            risks,
            RiskKind::TimeoutZero,
            STRONG,
            "a timeout of 0 means none to some readers and at once to others",
        );
    }
    if name.last == "replicas" || name.last.ends_with("replicacount") {
        if number == Some(0.0) {
            push(risks, RiskKind::ReplicasZero, PLAIN, "0 replicas: nothing runs");
        }
    } else if name.has(&["retries", "maxretry", "retrylimit", "maxattempts", "retrycount"])
        && (number.is_some_and(|number| !(0.0..=MANY_RETRIES).contains(&number))
            || ["unlimited", "infinite", "inf", "forever"].contains(&lower.as_str()))
    {
        push(
            risks,
            RiskKind::RetriesUnlimited,
            STRONG,
            "so many retries multiply the load on what already fails",
        );
    }
    let debug = name.has(&["debug"]) && is_on(text)
        || name.has(&["loglevel", "rootlevel"]) && ["debug", "trace"].contains(&lower.as_str());
    if debug {
        push(risks, RiskKind::DebugOn, WEAK, "debugging costs time and fills disks");
    }
    let unverified = name.has(&[
        "insecureskipverify",
        "skipverify",
        "skiptlsverify",
        "tlsinsecure",
        "allowinsecure",
        "insecuretls",
    ]) && is_on(text)
        || name.has(&[
            "sslverify",
            "verifyssl",
            "tlsverify",
            "verifytls",
            "rejectunauthorized",
            "verifycert",
            "sslmode",
        ]) && (is_off(text) || lower == "disable");
    if unverified {
        push(
            risks,
            RiskKind::VerificationOff,
            STRONG,
            "the other end's certificate is not verified, so that anybody may stand between",
        );
    }
    if name.last == "image" || name.last.ends_with("image") {
        let tag = text.rsplit('/').next().unwrap_or(text);
        let unpinned = !text.contains('@')
            && (tag.ends_with(":latest") || !tag.contains(':'))
            && !text.contains('$')
            && text != "scratch"
            && !text.is_empty();
        if unpinned {
            push(
                risks,
                RiskKind::ImageUnpinned,
                POSSIBLE,
                "an image without a fixed tag may be another one after a restart",
            );
        }
    }
}

/// Changes that are risky by what was there before: the first rule that the name fits decides.
pub(super) fn changed(name: &Name, old: &Value, new: &Value, risks: &mut Vec<Risk>) {
    let (before, after) = (old.text().trim(), new.text().trim());
    // Of an address with a password in it, the rest is seen.
    if old.is_masked() && new.is_masked() && old.shown() == new.shown() {
        let reason = "a secret is another one: who still has the old one is refused";
        return push(risks, RiskKind::SecretChanged, STRONG, reason);
    }
    let found = if name.is_timeout() {
        timeout(name, before, after)
    } else if is_replicas(name) {
        let fewer = ratio(count(before), count(after)).is_some_and(|ratio| ratio < 1.0 && ratio > 0.0);
        fewer.then_some((RiskKind::ReplicasCut, STRONG, "fewer replicas"))
    } else {
        amounts(name, before, after).or_else(|| words(name, before, after))
    };
    if let Some((kind, certainty, reason)) = found {
        push(risks, kind, certainty, format!("{reason}: from {old} to {new}"));
    }
}

type Found = Option<(RiskKind, f64, &'static str)>;

fn is_replicas(name: &Name) -> bool {
    name.last == "replicas" || name.last.ends_with("replicacount") || name.last.ends_with("minreplicas")
}

fn timeout(name: &Name, before: &str, after: &str) -> Found {
    let seconds = |text| duration(&name.last, text).map(|found| found.number);
    match ratio(seconds(before), seconds(after))? {
        ratio if ratio <= TIGHT_CUT && ratio > 0.0 => Some((RiskKind::TimeoutCut, STRONG, "a timeout was cut")),
        ratio if ratio >= GROWTH => {
            let reason = "a timeout was raised, so that what waits holds threads and connections for longer";
            Some((RiskKind::TimeoutGrown, POSSIBLE, reason))
        }
        _ => None,
    }
}

/// Amounts of something that work needs.
fn amounts(name: &Name, before: &str, after: &str) -> Found {
    if name.within(&["resources.", "limits.", "requests."]) || name.has(&RESOURCES) {
        let amount = |text| if name.has(&["cpu"]) { cores(text) } else { size(text) };
        let share = ratio(
            amount(before).map(|found| found.number),
            amount(after).map(|found| found.number),
        )?;
        return (share <= TIGHT_CUT).then_some((RiskKind::ResourcesCut, STRONG, "memory or processor was cut"));
    }
    let cut = name.has(&POOLS) && ratio(amount(before), amount(after)).is_some_and(|ratio| ratio <= CUT);
    cut.then_some((RiskKind::PoolCut, STRONG, "a pool or limit was cut"))
}

/// Versions, switches and addresses.
fn words(name: &Name, before: &str, after: &str) -> Found {
    if name.has(&["image"]) || name.last == "tag" || name.last.ends_with("version") && !name.has(&["apiversion"]) {
        return Some((RiskKind::ImageChanged, POSSIBLE, "another version"));
    }
    let flips = is_on(before) && is_off(after) || is_off(before) && is_on(after);
    let is_flag = name.within(&["flag", "feature", "toggle", "enable"]);
    // 0 and 1 are numbers unless the name says that they switch something.
    if flips && (is_flag || count(before).is_none()) {
        return Some((RiskKind::FlagFlipped, if is_flag { POSSIBLE } else { WEAK }, "switched"));
    }
    let is_address = name.is_address() || before.contains("://") && after.contains("://");
    is_address.then_some((RiskKind::AddressChanged, STRONG, "another address"))
}

/// Settings that are gone.
pub(super) fn removed(name: &Name, old: &Value, risks: &mut Vec<Risk>) {
    if name.within(&["livenessprobe", "readinessprobe", "startupprobe", "healthcheck"]) {
        push(
            risks,
            RiskKind::ProbeRemoved,
            POSSIBLE,
            "a probe was removed: what is broken keeps getting calls, and is not restarted",
        );
    } else if old.is_masked() {
        push(risks, RiskKind::SecretChanged, STRONG, "a secret is gone");
    } else if name.is_address() {
        push(
            risks,
            RiskKind::AddressChanged,
            POSSIBLE,
            "an address is gone: a default takes its place, if there is one",
        );
    } else if name.is_timeout() {
        push(
            risks,
            RiskKind::TimeoutGrown,
            WEAK,
            "a timeout is gone: a default takes its place, or none",
        );
    }
}

fn amount(text: &str) -> Option<f64> {
    count(text).or_else(|| size(text).map(|found| found.number))
}

fn ratio(before: Option<f64>, after: Option<f64>) -> Option<f64> {
    let (before, after) = before.zip(after)?;
    (before > 0.0 && after >= 0.0).then(|| after / before)
}
