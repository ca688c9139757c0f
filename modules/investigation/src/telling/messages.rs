//! Messages: what came, went or became many, and what is rare and severe.

use mainstay_evidence::logs::{
    facts::{ChangeKind, LogFacts, TemplateFact},
    severity::Severity,
};

use super::findings::Findings;
use crate::{
    quoting::{Quotes, Ticket},
    report::{MessageChange, MessageRate},
};

/// Messages that are shown.
const MOST: usize = 24;
/// Of them at most so many that are only rare.
const MOST_RARE: usize = 6;
/// Of them at most so many that are severe and did not change.
const MOST_STEADY: usize = 3;
/// That a message is as frequent as before is judged by no test: it only did not change for certain.
const STEADY: f64 = 0.5;
/// Changes less sure than this are not shown.
const LEAST_SURE: f64 = 0.9;

/// A message whose passage is still to be read.
pub struct Draft {
    rate: MessageRate,
    tickets: Vec<Ticket>,
}

impl Draft {
    /// The message with its passage.
    pub fn finish(self, quotes: &Quotes) -> MessageRate {
        let mut rate = self.rate;
        rate.quotes.extend(quotes.all(&self.tickets));
        rate
    }
}

/// The changes of messages, those first that say most. `wanted` are words of the question.
pub fn messages(facts: &LogFacts, findings: &mut Findings<'_>, wanted: &[String]) -> Vec<Draft> {
    let is_wanted = |template: &TemplateFact| {
        let text = template.text.to_lowercase();
        wanted.iter().any(|word| text.contains(word.as_str()))
    };
    let worst = |template: &TemplateFact| template.severities.keys().max().copied();
    let mut changes: Vec<_> = facts
        .changes
        .iter()
        .filter(|change| change.certainty >= LEAST_SURE)
        // An error that goes away is no trouble.
        .filter(|change| {
            let goes = matches!(change.kind, ChangeKind::Vanished | ChangeKind::Drop);
            !(goes && worst(&facts.templates[change.template]) >= Some(Severity::Error))
        })
        .collect();
    changes.sort_by_key(|change| {
        let template = &facts.templates[change.template];
        let severe = worst(template) >= Some(Severity::Error) || template.stacks > 0;
        (!is_wanted(template), !severe, change.kind != ChangeKind::New)
    });
    let mut drafts: Vec<Draft> = Vec::new();
    for change in changes.into_iter().take(MOST) {
        let template = &facts.templates[change.template];
        let per_minute = |count: u64, seconds: f64| {
            #[expect(clippy::cast_precision_loss, reason = "counts of messages")]
            let count = count as f64;
            count / seconds.max(1.0) * 60.0
        };
        let kind = match change.kind {
            ChangeKind::New => MessageChange::New,
            ChangeKind::Vanished => MessageChange::Vanished,
            ChangeKind::Burst => MessageChange::Burst,
            ChangeKind::Drop => MessageChange::Fewer,
        };
        let rates = (
            per_minute(change.baseline.count, change.baseline.exposure),
            per_minute(change.subject.count, change.subject.exposure),
        );
        drafts.push(draft(template, kind, rates, change.certainty, findings));
    }
    let onset = findings.onset;
    let mut add = |template: &TemplateFact, change, certainty, drafts: &mut Vec<Draft>| {
        let is_shown = drafts.iter().any(|draft| draft.rate.text == template.text);
        if drafts.len() < MOST && !is_shown {
            drafts.push(draft(template, change, rates(template, onset), certainty, findings));
        }
    };
    for rare in facts.rare.iter().take(MOST_RARE) {
        add(
            &facts.templates[rare.template],
            MessageChange::Rare,
            rare.certainty,
            &mut drafts,
        );
    }
    // What was asked for is shown even where it did not change, and so is what is severe and frequent: of a log that holds
    // nothing but the trouble it is all there is.
    let asked = facts
        .templates
        .iter()
        .filter(|template| is_wanted(template))
        .take(MOST_RARE);
    let severe = facts
        .templates
        .iter()
        .filter(|template| worst(template) >= Some(Severity::Error))
        .take(MOST_STEADY);
    for template in asked.chain(severe) {
        add(template, MessageChange::Steady, STEADY, &mut drafts);
    }
    drafts
}

/// Times a minute before the onset and after it.
fn rates(template: &TemplateFact, onset: i64) -> (f64, f64) {
    let Some(series) = &template.series else {
        return (0.0, 0.0);
    };
    let step = i64::try_from(series.step_seconds)
        .unwrap_or(i64::MAX)
        .saturating_mul(1_000_000);
    let (mut counts, mut steps) = ([0.0; 2], [0_u32; 2]);
    for (place, count) in (0_i64..).zip(&series.counts) {
        let side = usize::from(series.start.saturating_add(place.saturating_mul(step)) >= onset);
        counts[side] += f64::from(*count);
        steps[side] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "seconds of a step")]
    let minutes = |steps: u32| (f64::from(steps) * series.step_seconds as f64 / 60.0).max(1.0 / 60.0);
    (counts[0] / minutes(steps[0]), counts[1] / minutes(steps[1]))
}

fn draft(
    template: &TemplateFact,
    change: MessageChange,
    (before, after): (f64, f64),
    certainty: f64,
    findings: &mut Findings<'_>,
) -> Draft {
    let onset = findings.onset;
    let spot = match change {
        MessageChange::Vanished => template.spots.before(onset),
        _ => template.spots.near(onset),
    };
    let tickets: Vec<Ticket> = spot.map(|spot| findings.spot(spot)).into_iter().collect();
    let first = template.first.as_ref().filter(|_| tickets.is_empty());
    let series = template.series.as_ref();
    Draft {
        rate: MessageRate {
            component: template
                .components
                .first()
                .cloned()
                .filter(|_| template.components.len() == 1),
            text: template.text.clone(),
            change,
            before,
            after,
            count: template.count,
            severity: template
                .severities
                .keys()
                .max()
                .map(|severity| severity.as_str().to_owned()),
            certainty,
            from: series.map_or(0, |series| series.start),
            step: series.map_or(0, |series| {
                i64::try_from(series.step_seconds)
                    .unwrap_or(i64::MAX)
                    .saturating_mul(1_000_000)
            }),
            counts: series.map_or_else(Vec::new, |series| series.counts.clone()),
            quotes: first.map(|first| first.quote.clone()).into_iter().collect(),
        },
        tickets,
    }
}
