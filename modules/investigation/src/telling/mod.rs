//! Telling: the answer in sentences, pictures and passages.

mod against;
mod changes;
mod draft;
mod findings;
mod map;
mod messages;
mod panels;
mod timeline;
mod words;

use std::collections::HashMap;

use mainstay_diagnosis::{
    Cause as Ranked, Contradiction, Modality, NextQuestion as Next, Prepared, Rival, model::Channel,
};
use mainstay_evidence::logs::facts::{LogFacts, Window};

use crate::{
    asking::Answer,
    joining::Joined,
    question::Understood,
    quoting::Quotes,
    reading::Evidence,
    report::{
        Asked, Cause, InputKind, Missing, Moment, NextQuestion, NoCause, Onset, Report, Share, Span, VERSION, Verdict,
        words::percent,
    },
    request::Request,
};
use draft::Draft;
use findings::Findings;
use words::{complaint, how_to_look, mechanism, missing, moment};

/// Causes that are told.
const MOST_CAUSES: usize = 5;
/// A cause less likely than this is not told, but for the first.
const LEAST_LIKELY: f64 = 0.01;
/// Findings for and against a cause.
const MOST_FINDINGS: usize = 8;
/// What is said of evidence that was read and could not be judged.
const READ_IN_VAIN: &str = "they were read, but too little of them lies before the onset to say what is normal";
/// A second fault less likely than this, the first taken as given, is not told.
const SECOND_FAULT: f64 = 0.5;
const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// A cause whose passages are still to be read.
struct CauseDraft {
    cause: Cause,
    supporting: Vec<Draft>,
    contradicting: Vec<Draft>,
}

/// Everything that the answer was made of.
pub struct Told<'t> {
    pub request: &'t Request,
    pub understood: Option<&'t Understood>,
    pub prepared: &'t Prepared<'t>,
    pub joined: &'t Joined,
    pub answer: &'t Answer,
    /// When it was noticed, if that was told in any way and lies in the evidence.
    pub at: Option<i64>,
    /// Whether a time was told that does not.
    pub at_is_outside: bool,
}

/// When the likeliest cause began, or what comes nearest to that: the time that was told, else the end of what was read.
pub fn likeliest_onset(answer: &Answer, covered: Option<(i64, i64)>, at: Option<i64>) -> i64 {
    let of_ranking = answer.ranking.onset.map(|onset| onset.likely);
    of_ranking.or(at).or(covered.map(|(_, last)| last)).unwrap_or(0)
}

/// The window in which messages are judged: from shortly before the likeliest onset, which is seen a little late, to fifteen
/// minutes after the latest.
pub fn window(answer: &Answer, onset: i64) -> Window {
    let latest = answer.ranking.onset.map_or(onset, |onset| onset.latest);
    Window {
        from: onset.saturating_sub(10 * SECOND),
        to: latest.saturating_add(900 * SECOND),
    }
}

/// Composes the report. `facts` are those of the messages, judged in the window of the onset.
pub fn tell(told: &Told<'_>, evidence: &Evidence, facts: Option<&LogFacts>) -> Report {
    let ranking = &told.answer.ranking;
    let found = !ranking.finds_none();
    let at = told.at;
    let onset = likeliest_onset(told.answer, evidence.covered, at);
    let mut quotes = Quotes::default();
    let mut findings = Findings::new(evidence, told.joined, &mut quotes, onset);

    let ranked: Vec<&Ranked> = ranking
        .causes
        .iter()
        .enumerate()
        .filter(|(place, cause)| *place == 0 || cause.probability >= LEAST_LIKELY)
        .map(|(_, cause)| cause)
        .take(MOST_CAUSES)
        .collect();
    let also = ranking
        .also
        .as_ref()
        .filter(|also| found && also.probability >= SECOND_FAULT);
    let mut drafts: Vec<CauseDraft> = ranked
        .iter()
        .map(|cause| draft(told.joined, cause, &mut findings))
        .collect();
    if let Some(also) = also {
        let known = ranked.iter().position(|cause| cause.component == also.component);
        let mut second = draft(told.joined, also, &mut findings);
        second.cause.in_addition = true;
        match known {
            Some(place) if place > 0 => drafts[place] = second,
            Some(_) => {}
            None => drafts.insert(1.min(drafts.len()), second),
        }
        drafts.truncate(MOST_CAUSES);
    }
    let messages = facts.map_or_else(Vec::new, |facts| {
        let words = told
            .understood
            .map_or(&[][..], |understood| understood.words.as_slice());
        messages::messages(facts, &mut findings, words)
    });
    let mut paths = told.request.paths.clone();
    paths.extend(told.request.baseline.iter().cloned());
    quotes.read(&paths, &evidence.pastes);

    let looks = map::Looks::at(told.prepared, &told.answer.question, onset);
    let causes: Vec<Cause> = drafts.into_iter().map(|draft| finish(draft, &quotes)).collect();
    let timeline = timeline::timeline(evidence, &causes, told.answer, onset);
    let first = first_moments(told.joined, &timeline);
    let mut report = Report {
        version: VERSION,
        asked: asked(told, at),
        inputs: evidence.inputs.clone(),
        span: evidence.covered.map(|(first, last)| Span {
            from: first,
            to: last.saturating_add(1),
        }),
        summary: Vec::new(),
        verdict: if found { Verdict::Cause } else { Verdict::None },
        onset: ranking.onset.filter(|_| found).map(|estimate| Onset {
            at: estimate.likely,
            earliest: estimate.earliest,
            latest: estimate.latest,
            basis: if told.answer.told {
                "the time that was told and what the evidence shows before and after it".to_owned()
            } else {
                "all moments of the evidence, compared with what is normal".to_owned()
            },
        }),
        map: map::map(told.joined, ranking, &looks, &first),
        panels: panels::panels(evidence, told.joined, &ranked, onset),
        messages: messages.into_iter().map(|draft| draft.finish(&quotes)).collect(),
        changes: changes::changes(evidence, onset),
        next: ranking
            .next
            .as_ref()
            .map(|next| question(told.joined, ranking.causes.first(), next))
            .into_iter()
            .collect(),
        not_looked_at: not_looked_at(told, evidence),
        none: NoCause {
            likelihood: ranking.none,
            would_help: if found { Vec::new() } else { would_help(told, evidence) },
        },
        timeline,
        causes,
    };
    report.summary = summary(&report);
    report.summary.extend(outside(told, evidence));
    report
}

/// What was not looked at, or was and told nothing.
fn not_looked_at(told: &Told<'_>, evidence: &Evidence) -> Vec<Missing> {
    let missing = |modality: &Modality| {
        let (kind, would_show) = missing(*modality);
        let text = if evidence.has(kind) { READ_IN_VAIN } else { would_show };
        Missing {
            kind,
            would_show: text.to_owned(),
        }
    };
    told.answer.ranking.not_looked_at.iter().map(missing).collect()
}

/// That the time which was told is of no use.
fn outside(told: &Told<'_>, evidence: &Evidence) -> Option<String> {
    let (first, last) = evidence.covered.filter(|_| told.at_is_outside)?;
    Some(format!(
        "The time that was told lies outside of what was read ({} to {}), so all of it was searched instead. Times without a zone are \
         UTC.",
        moment(first, true),
        moment(last, true)
    ))
}

fn asked(told: &Told<'_>, at: Option<i64>) -> Asked {
    let names = |paths: &[std::path::PathBuf]| paths.iter().map(|path| path.display().to_string()).collect();
    Asked {
        paths: names(&told.request.paths),
        at,
        baseline: names(&told.request.baseline),
        topology: told.request.topology.as_ref().map(|path| path.display().to_string()),
        question: told.understood.map(|understood| understood.question.clone()),
    }
}

/// A cause with what speaks for and against it.
fn draft(joined: &Joined, cause: &Ranked, findings: &mut Findings<'_>) -> CauseDraft {
    let name = joined.names.name(cause.component).to_owned();
    let strongest = cause.shares.iter().find(|share| share.contribution > 0.0);
    let evidence = |channel: Channel| {
        cause
            .shares
            .iter()
            .find(|share| share.channel == channel)
            .map_or(0.0, |share| share.evidence)
    };
    let mut supporting = Vec::new();
    for support in &cause.supporting {
        for witness in &support.witnesses {
            let draft = findings.of(witness, support.channel, evidence(support.channel).clamp(0.0, 1.0));
            // What is its own and what its callees explain are parts of the same observation.
            if !supporting.iter().any(|known: &Draft| known.text == draft.text) {
                supporting.push(draft);
            }
        }
    }
    supporting.truncate(MOST_FINDINGS);
    let against: Vec<&Contradiction> = cause.contradicting.iter().take(MOST_FINDINGS).collect();
    let contradicting = against
        .into_iter()
        .map(|contradiction| findings.against(contradiction))
        .collect();
    let summary = match (strongest, supporting.first()) {
        (Some(share), Some(first)) => format!("{name} {}: {}", complaint(share.channel), words::lowered(&first.text)),
        (Some(share), None) => format!("{name} {}.", complaint(share.channel)),
        (None, _) => format!("{name} shows nothing of its own."),
    };
    CauseDraft {
        cause: Cause {
            component: name,
            likelihood: cause.probability,
            summary,
            shares: cause
                .shares
                .iter()
                .map(|share| Share {
                    mechanism: mechanism(share.channel).to_owned(),
                    strength: share.evidence,
                    weight: share.contribution,
                })
                .collect(),
            supporting: Vec::new(),
            contradicting: Vec::new(),
            in_addition: false,
        },
        supporting,
        contradicting,
    }
}

fn finish(draft: CauseDraft, quotes: &Quotes) -> Cause {
    let all = |drafts: Vec<Draft>| drafts.into_iter().map(|draft| draft.finish(quotes)).collect();
    Cause {
        supporting: all(draft.supporting),
        contradicting: all(draft.contradicting),
        ..draft.cause
    }
}

fn first_moments(joined: &Joined, timeline: &[Moment]) -> HashMap<u32, i64> {
    let mut first = HashMap::new();
    for moment in timeline {
        if let Some(place) = joined.names.find(&moment.component) {
            first.entry(place).or_insert(moment.at);
        }
    }
    first
}

fn question(joined: &Joined, first: Option<&Ranked>, next: &Next) -> NextQuestion {
    let name = |component: u32| joined.names.name(component).to_owned();
    let leader = first.map_or_else(String::new, |first| name(first.component));
    let rival = match next.rival {
        Rival::Component(component) => name(component),
        Rival::None => "no cause at all".to_owned(),
    };
    NextQuestion {
        text: words::question(next.channel, joined.names.name(next.component)),
        separates: vec![leader, rival],
        how: format!("To find out, {}.", how_to_look(next.channel)),
    }
}

fn would_help(told: &Told<'_>, evidence: &Evidence) -> Vec<String> {
    let mut help: Vec<String> = told
        .answer
        .ranking
        .not_looked_at
        .iter()
        .map(|modality| {
            let (kind, would_show) = missing(*modality);
            if evidence.has(kind) {
                format!("{} of a longer time: {READ_IN_VAIN}.", kind_name(kind))
            } else {
                format!("{}: they would show {would_show}.", kind_name(kind))
            }
        })
        .collect();
    if told.at.is_none() {
        help.push(
            "The time when it was noticed (--at): without it all moments are searched, and each has to be surer."
                .to_owned(),
        );
    }
    if told.request.baseline.is_empty() {
        let short = evidence
            .covered
            .is_none_or(|(first, last)| last - first < 1_800 * SECOND);
        if short {
            help.push(
                "A longer time before it, or files of a normal day (--baseline): little is known of what is normal."
                    .to_owned(),
            );
        }
    }
    help
}

/// A kind of evidence at the beginning of a sentence.
fn kind_name(kind: InputKind) -> &'static str {
    match kind {
        InputKind::Logs => "Logs",
        InputKind::Metrics => "Metrics",
        InputKind::Traces => "Traces",
        InputKind::Configuration => "Configurations",
        InputKind::Changes => "Deploys and changes of configuration",
        InputKind::Topology => "Dependencies",
        InputKind::Unreadable => "Other files",
    }
}

/// The answer in sentences, after the verdict itself, which `causes` and `none` have.
fn summary(report: &Report) -> Vec<String> {
    let long = report.span.is_some_and(|span| span.to - span.from > DAY / 2);
    let first = report.causes.first();
    let mut summary = Vec::new();
    if report.verdict == Verdict::None {
        summary.push(format!(
            "That the evidence holds no cause is {} likely.",
            percent(report.none.likelihood)
        ));
        summary.extend(first.map(|first| {
            format!(
                "The likeliest would be {} ({}).",
                first.component,
                percent(first.likelihood)
            )
        }));
        return summary;
    }
    summary.extend(first.map(|cause| cause.summary.clone()));
    if let Some(onset) = &report.onset {
        summary.push(format!(
            "It began about {}, between {} and {}.",
            moment(onset.at, long),
            moment(onset.earliest, false),
            moment(onset.latest, false)
        ));
    }
    if let Some(second) = report.causes.iter().find(|cause| cause.in_addition) {
        summary.push(format!(
            "Besides it, {} has a fault of its own ({}).",
            second.component,
            percent(second.likelihood)
        ));
    } else if let Some(rival) = report.causes.get(1) {
        summary.push(format!(
            "The next is {} ({}).",
            rival.component,
            percent(rival.likelihood)
        ));
    }
    summary
}
