//! Reports that are hard to draw: with nothing in them, with strings that attack, and with very much in them.

use super::{
    super::{
        Asked, Component, ComponentState, InputKind, Map, Missing, Moment, NextQuestion, NoCause, Panel, Question,
        Report, Span, UsedWord, VERSION, Verdict,
    },
    drawn::series,
    full::{MINUTE, SECOND, TEN, full},
    passages::quote,
};

/// What an attacker would write into a log.
pub const ATTACK: &str = "<script>alert(1)</script>\"' onload=x \u{1b}[2J\u{202e}&amp;</style>]]><!--";

/// Evidence was read, and no cause is in it.
pub fn none_found() -> Report {
    let mut report = full();
    report.verdict = Verdict::None;
    report.summary = vec![
        "Nothing in the evidence sets one component apart: what changed lies within what changes on other days."
            .to_owned(),
        "The weakest sign points to ad-service, with 11 %.".to_owned(),
    ];
    report.onset = None;
    report.timeline.truncate(0);
    report.causes.truncate(1);
    for cause in &mut report.causes {
        "ad-service".clone_into(&mut cause.component);
        cause.likelihood = 0.11;
        "It answers a little later than on other days.".clone_into(&mut cause.summary);
        cause.supporting.truncate(0);
        cause.contradicting.truncate(0);
        cause.shares.truncate(2);
    }
    report.none = NoCause {
        likelihood: 0.83,
        would_help: vec![
            "Traces of five minutes around 10:05 would tell which component takes the time.".to_owned(),
            "The log of frontend, in which the symptom was noticed, was not given.".to_owned(),
        ],
    };
    report.next.truncate(0);
    report.changes.truncate(0);
    report.messages.truncate(0);
    report.panels.drain(..5);
    for component in &mut report.map.components {
        component.state = ComponentState::Normal;
        component.first = None;
    }
    report
}

/// Nothing could be read.
pub fn almost_empty() -> Report {
    Report {
        version: VERSION,
        asked: Asked {
            paths: vec!["empty.log".to_owned()],
            ..Asked::default()
        },
        inputs: Vec::new(),
        span: None,
        summary: vec!["There was nothing to read in empty.log.".to_owned()],
        verdict: Verdict::None,
        onset: None,
        timeline: Vec::new(),
        causes: Vec::new(),
        none: NoCause {
            likelihood: 1.0,
            would_help: Vec::new(),
        },
        next: Vec::new(),
        not_looked_at: Vec::new(),
        map: Map::default(),
        panels: Vec::new(),
        messages: Vec::new(),
        changes: Vec::new(),
    }
}

/// A text in every place that an input can fill.
pub fn filled_with(text: &str) -> Report {
    let mut report = full();
    let own = || text.to_owned();
    let passage = || vec![quote(text, 1, 0, text.as_bytes())];
    report.summary = vec![own()];
    report.asked.paths = vec![own()];
    report.asked.baseline = vec![own()];
    report.asked.topology = Some(own());
    report.asked.question = Some(Question {
        text: own(),
        used: vec![UsedWord {
            word: own(),
            taken_for: own(),
        }],
    });
    if let Some(onset) = &mut report.onset {
        onset.basis = own();
    }
    for input in &mut report.inputs {
        (input.file, input.format, input.reason) = (own(), own(), own());
        (input.member, input.problems) = (Some(own()), vec![own()]);
    }
    for moment in &mut report.timeline {
        (moment.component, moment.what, moment.quotes) = (own(), own(), passage());
    }
    for cause in &mut report.causes {
        (cause.component, cause.summary) = (own(), own());
        for share in &mut cause.shares {
            share.mechanism = own();
        }
        for finding in cause.supporting.iter_mut().chain(&mut cause.contradicting) {
            (finding.text, finding.quotes) = (own(), passage());
        }
    }
    report.none.would_help = vec![own()];
    report.next = vec![NextQuestion {
        text: own(),
        separates: vec![own()],
        how: own(),
    }];
    report.not_looked_at = vec![Missing {
        kind: InputKind::Logs,
        would_show: own(),
    }];
    for component in &mut report.map.components {
        (component.name, component.note) = (own(), own());
    }
    for panel in &mut report.panels {
        (panel.owner, panel.name, panel.unit, panel.text, panel.quotes) = (own(), own(), Some(own()), own(), passage());
    }
    for message in &mut report.messages {
        (message.component, message.text, message.severity, message.quotes) =
            (Some(own()), own(), Some(own()), passage());
    }
    for change in &mut report.changes {
        (change.component, change.what, change.risk, change.quotes) = (
            Some(own()),
            own(),
            Some(own()),
            vec![quote(text, 1, 0, text.as_bytes()); 2],
        );
    }
    report
}

/// The full report with an attack in every place.
pub fn hostile() -> Report {
    filled_with(ATTACK)
}

/// Forty components, eight of which suffer, over two days, with a change long before.
pub fn many_components() -> Report {
    let mut report = full();
    let victims = [0, 1, 2, 4, 9, 12, 17];
    let components = (0..40).map(|place| Component {
        name: match place {
            23 => "ts-station-food-mapping-and-delivery-orchestration-service".to_owned(),
            0 => "edge-gateway".to_owned(),
            _ => format!(
                "ts-{}-service",
                ["order", "route", "travel", "seat", "price", "user", "food"][place % 7].to_owned()
                    + &place.to_string()
            ),
        },
        state: match place {
            23 => ComponentState::Suspect,
            31 => ComponentState::Unknown,
            _ if victims.contains(&place) => ComponentState::Victim,
            _ => ComponentState::Normal,
        },
        likelihood: if place == 23 { 0.91 } else { 0.002 },
        first: (place == 23 || victims.contains(&place)).then_some(TEN + 4 * MINUTE),
        note: String::new(),
    });
    let mut calls: Vec<(usize, usize)> = (1..38).map(|callee| ((callee - 1) / 3, callee)).collect();
    calls.extend([
        (12, 23),
        (17, 23),
        (9, 17),
        (23, 30),
        (30, 31),
        (31, 30),
        (4, 12),
        (6, 29),
        (2, 36),
    ]);
    report.map = Map {
        components: components.collect(),
        calls,
        left_out: 7,
    };
    report.span = Some(Span {
        from: TEN - 26 * 60 * MINUTE,
        to: TEN + 12 * MINUTE,
    });
    if let Some(early) = report.timeline.first().cloned() {
        report.timeline.push(Moment {
            at: early.at - 400 * MINUTE,
            earliest: early.at - 401 * MINUTE,
            latest: early.at - 399 * MINUTE,
            component: "ts-food23-service".to_owned(),
            what: "was deployed".to_owned(),
            kind: InputKind::Changes,
            ..early
        });
    }
    report.panels = (0..30)
        .map(|place| Panel {
            owner: format!("ts-order{place}-service"),
            points: series(10 * SECOND, |wave, broken| {
                Some(if broken { wave * 40.0 } else { wave })
            }),
            ..report.panels[place % 6].clone()
        })
        .collect();
    report
}
