//! Investigation: reads what a system left behind, asks for the likely causes, and reports them with the lines that show it.
//!
//! It joins `evidence` (files become facts) with `diagnosis` (facts become ranked causes). It knows no network, no database and
//! no async runtime; whoever calls it says which files to read.

mod asking;
mod joining;
mod question;
mod quoting;
mod reading;
pub mod report;
mod request;
mod telling;

use std::thread;

use mainstay_diagnosis::{
    Prepared, Question, When,
    model::{Evidence, evidence},
};
pub use mainstay_evidence::input::Progress;
use mainstay_evidence::logs::facts::LogAnalyzer;

pub use request::Request;

/// Reads what is asked, and reports. `progress` is told how far reading is.
///
/// Files are read by two threads, so `progress` may be called by both at once.
pub fn investigate(request: &Request, progress: &(dyn Fn(Progress<'_>) + Sync)) -> report::Report {
    let (evidence, logs) = reading::read(request, progress);
    thread::scope(|scope| {
        // The timeline asks for it at the end, and it takes as long as all that comes before.
        scope.spawn(|| evidence.shifts());
        conclude(request, &evidence, logs)
    })
}

/// Asks for the causes in what was read, and reports them.
fn conclude(request: &Request, evidence: &reading::Evidence, logs: LogAnalyzer) -> report::Report {
    let clock = || question::on_the_day(request.at_clock?, evidence.covered?);
    let told = request.at.or_else(clock);
    let at = told.filter(|at| evidence.holds(*at));
    let mut joined = joining::join(evidence, at);
    let understood = request
        .question
        .as_deref()
        .map(|text| question::understand(text, joined.names.all(), evidence.covered));
    let asked = understood.as_ref().and_then(|understood| understood.at);
    let noticed = at.or(asked.filter(|at| evidence.holds(*at)));
    if noticed != at {
        joined = joining::join(evidence, noticed);
    }
    let at_is_outside = noticed.is_none() && (request.at.is_some() || request.at_clock.is_some() || asked.is_some());
    let at = noticed;
    let prepared = Prepared::of(&joined.system);
    let answer = asking::ask(&prepared, &joined, understood.as_ref(), at, evidence);
    let onset = telling::likeliest_onset(&answer, evidence.covered, at);
    let heard = !evidence.log_sources.is_empty();
    let facts = heard.then(|| logs.finish_within(telling::window(&answer, onset)));
    let told = telling::Told {
        request,
        understood: understood.as_ref(),
        prepared: &prepared,
        joined: &joined,
        answer: &answer,
        at,
        at_is_outside,
    };
    telling::tell(&told, evidence, facts.as_ref())
}

/// What a model is trained on and judged by.
#[derive(Debug)]
pub struct Seen {
    /// Names of the components, in the order of the rows.
    pub components: Vec<String>,
    /// What each onset that is tried shows, and how likely it was before anything was looked at.
    pub onsets: Vec<(Evidence, f64)>,
}

/// What there is to be seen when a symptom was noticed at `at`, before any model has judged it.
pub fn see(request: &Request, at: i64) -> Seen {
    let (read, _) = reading::read(request, &|_| ());
    let joined = joining::join(&read, Some(at));
    let prepared = Prepared::of(&joined.system);
    let question = Question {
        when: When::Reported(at),
        ..Question::default()
    };
    let onsets = prepared.hypotheses(&question).into_iter().map(|hypothesis| {
        let features = prepared.features(&question, hypothesis.onset);
        (evidence(&features, prepared.graph()), hypothesis.prior)
    });
    Seen {
        onsets: onsets.collect(),
        components: joined.names.all().to_vec(),
    }
}
