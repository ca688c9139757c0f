//! A shop whose cart runs out of connections: everything a report can hold.

use super::{
    super::{
        Asked, Cause, Change, ComponentState, Input, InputKind, Missing, NextQuestion, NoCause, Onset, Question,
        Report, Span, UsedWord, VERSION, Verdict,
    },
    drawn::{map, messages, panels},
    passages::{pool_after, pool_before, quote},
    told::{causes, finding, moment, share, timeline},
};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
/// 2026-03-17 10:00:00 UTC.
pub const TEN: i64 = 1_773_741_600 * SECOND;
/// When it begins.
pub const ONSET: i64 = TEN + 4 * MINUTE + 12 * SECOND;

/// Everything.
pub fn full() -> Report {
    Report {
        version: VERSION,
        asked: asked(),
        inputs: inputs(),
        span: Some(Span { from: TEN - 30 * MINUTE, to: TEN + 12 * MINUTE }),
        summary: vec![
            "cart-service ran out of database connections at 10:04:12 UTC: all 20 of its pool were in use and 143 requests waited.".to_owned(),
            "checkout-service, frontend and recommendation-service became slow or failed after it, and their calls to cart-service explain it.".to_owned(),
            "Its pool was made smaller, from 80 to 20 connections, 22 minutes before.".to_owned(),
        ],
        verdict: Verdict::Cause,
        onset: Some(Onset {
            at: ONSET,
            earliest: ONSET - 14 * SECOND,
            latest: ONSET + 18 * SECOND,
            basis: "the first pool time-out in the log of cart-service and the rise of its latency".to_owned(),
        }),
        timeline: timeline(),
        causes: causes(),
        none: NoCause { likelihood: 0.04, would_help: Vec::new() },
        next: vec![NextQuestion {
            text: "Did redis-cart answer slowly, or did cart-service not reach it?".to_owned(),
            separates: vec!["cart-service".to_owned(), "redis-cart".to_owned()],
            how: "Look at the slow log of redis-cart from 10:03:50 to 10:05:00 (SLOWLOG GET 50): commands above 10 ms speak for redis-cart, none for cart-service.".to_owned(),
        }],
        not_looked_at: vec![
            Missing { kind: InputKind::Topology, would_show: "A topology would show calls that no trace in these minutes went through.".to_owned() },
        ],
        map: map(),
        panels: panels(),
        messages: messages(),
        changes: vec![
            Change {
                component: Some("cart-service".to_owned()),
                at: Some(TEN - 18 * MINUTE),
                what: "datasource.maximum-pool-size went from 80 to 20".to_owned(),
                risk: Some("A smaller pool runs out sooner: at the usual 310 requests a second each connection must be free again within 65 ms.".to_owned()),
                certainty: 0.82,
                quotes: vec![pool_before(), pool_after()],
            },
            Change {
                component: Some("ad-service".to_owned()),
                at: Some(TEN - 26 * MINUTE),
                what: "was deployed: image ad-service:2.4.1 became 2.4.2".to_owned(),
                risk: None,
                certainty: 0.15,
                quotes: vec![quote("deploys.jsonl", 7, 911, b"{\"time\":\"2026-03-17T09:34:00Z\",\"service\":\"ad-service\",\"from\":\"2.4.1\",\"to\":\"2.4.2\"}\n")],
            },
        ],
    }
}

fn asked() -> Asked {
    Asked {
        paths: vec![
            "logs/".to_owned(),
            "metrics/shop.csv".to_owned(),
            "traces.json".to_owned(),
            "config-tuesday.tar.gz".to_owned(),
        ],
        at: Some(ONSET + 96 * SECOND),
        baseline: vec!["config-monday.tar.gz".to_owned()],
        topology: None,
        question: Some(Question {
            text: "Why do checkouts fail with a timeout since about 10:05?".to_owned(),
            used: vec![
                UsedWord {
                    word: "checkouts".to_owned(),
                    taken_for: "component".to_owned(),
                },
                UsedWord {
                    word: "10:05".to_owned(),
                    taken_for: "time".to_owned(),
                },
                UsedWord {
                    word: "timeout".to_owned(),
                    taken_for: "word of a message".to_owned(),
                },
            ],
        }),
    }
}

fn input(file: &str, kind: InputKind, format: &str, reason: &str, certainty: f64, items: u64, bytes: u64) -> Input {
    Input {
        file: file.to_owned(),
        member: None,
        kind,
        format: format.to_owned(),
        reason: reason.to_owned(),
        certainty,
        baseline: false,
        bytes,
        items,
        span: Some(Span {
            from: TEN - 30 * MINUTE,
            to: TEN + 12 * MINUTE,
        }),
        problems: Vec::new(),
    }
}

fn inputs() -> Vec<Input> {
    use InputKind::{Changes, Configuration, Logs, Metrics, Traces, Unreadable};
    let mut all = vec![
        input(
            "logs/cart-service.log",
            Logs,
            "plain text, ISO 8601 times",
            "997 of the first 1,000 lines begin with a time",
            0.99,
            51_882,
            6_912_044,
        ),
        input(
            "logs/checkout-service.log",
            Logs,
            "JSON lines",
            "every line is an object with a time and a message",
            1.0,
            20_417,
            4_100_228,
        ),
        input(
            "metrics/shop.csv",
            Metrics,
            "CSV, one column a series",
            "a column of times a minute apart and 118 columns of numbers",
            0.98,
            4_956,
            240_113,
        ),
        input(
            "traces.json",
            Traces,
            "OTLP JSON",
            "resourceSpans with scopeSpans",
            1.0,
            38_204,
            31_802_331,
        ),
        input(
            "config-tuesday.tar.gz",
            Configuration,
            "YAML",
            "it ends in .yaml and is a mapping",
            0.95,
            212,
            9_381,
        ),
        input(
            "config-monday.tar.gz",
            Configuration,
            "YAML",
            "it ends in .yaml and is a mapping",
            0.95,
            212,
            9_377,
        ),
        input(
            "deploys.jsonl",
            Changes,
            "deploy events, JSON lines",
            "each object names a service and two versions",
            0.9,
            12,
            1_204,
        ),
        input(
            "logs/core.4711",
            Unreadable,
            "binary",
            "more than a tenth of the first 64 KiB is no text",
            0.97,
            0,
            18_442_240,
        ),
    ];
    all[0]
        .problems
        .push("3 lines carry no time and were joined to the line before.".to_owned());
    all[4].member = Some("cart-service/application.yaml".to_owned());
    all[5].member = Some("cart-service/application.yaml".to_owned());
    all[5].baseline = true;
    (all[4].span, all[5].span, all[7].span) = (None, None, None);
    all[7]
        .problems
        .push("It is not text, and none of the known binary formats; its 17.6 MiB were left out.".to_owned());
    all
}

/// Two faults at once: the second is likely besides the first.
pub fn two_faults() -> Report {
    let mut report = full();
    report.summary.insert(
        1,
        "Besides, ad-service fails for a reason of its own: it cannot resolve the name of its database.".to_owned(),
    );
    report.causes.insert(
        1,
        Cause {
            component: "ad-service".to_owned(),
            likelihood: 0.79,
            summary: "It cannot resolve the name ads-db, since its deploy.".to_owned(),
            shares: vec![
                share("new or missing messages", 0.8, 3.3),
                share("own errors", 0.6, 2.5),
            ],
            supporting: vec![finding(
                InputKind::Logs,
                "\"no such host ads-db\" is new, 88 times.",
                0.95,
                130,
                vec![quote(
                    "logs/ad-service.log",
                    812,
                    91_220,
                    b"dial tcp: lookup ads-db: no such host\n",
                )],
            )],
            contradicting: Vec::new(),
            in_addition: true,
        },
    );
    if let Some(ads) = report.map.components.get_mut(10) {
        ads.state = ComponentState::Suspect;
        ads.likelihood = 0.79;
        ads.first = Some(ONSET + 130 * SECOND);
    }
    report.timeline.push(moment(
        (130, 12, 20),
        "ad-service",
        "cannot resolve ads-db",
        InputKind::Logs,
        0.95,
        Vec::new(),
    ));
    report
}

/// The full report with one of each: the example of the reference.
pub fn small() -> Report {
    let mut report = full();
    report.asked.paths.truncate(2);
    if let Some(question) = &mut report.asked.question {
        question.used.truncate(1);
    }
    report.inputs.drain(..4);
    report.inputs.truncate(1);
    report.summary.truncate(1);
    report.timeline.truncate(1);
    report.timeline.iter_mut().for_each(|moment| moment.quotes.truncate(1));
    report.causes.truncate(1);
    for cause in &mut report.causes {
        cause.shares.truncate(2);
        cause.supporting.truncate(1);
        cause
            .supporting
            .iter_mut()
            .for_each(|finding| finding.quotes.truncate(1));
    }
    report.map.components.truncate(3);
    report.map.calls.retain(|(from, to)| from.max(to) < &3);
    report.panels.truncate(1);
    for panel in &mut report.panels {
        panel.points.drain(..136);
        panel.points.truncate(2);
        panel.onset = panel.points.last().map(|point| point.0);
    }
    report.messages.truncate(1);
    for message in &mut report.messages {
        message.from += 66 * message.step;
        message.counts.drain(..66);
        message.counts.truncate(6);
    }
    report.changes.truncate(1);
    report
}
