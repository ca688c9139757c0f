//! The document: what was asked, what was read, what is likely and which lines show it. docs/reference/investigation-report.md
//! describes its JSON form.
//!
//! Times are microseconds since 1970, UTC. Probabilities and certainties lie between 0 and 1. Whatever is said of a system
//! names the passages it rests on; what rests on none says so by an empty list.

use mainstay_evidence::quote::Quote;
use serde::Serialize;

/// Version of the JSON form: the first number changes when a reader of the old form would misread the new one, the second when
/// something is added.
pub const VERSION: &str = "1.0";

/// Everything an investigation found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: &'static str,
    /// What was asked.
    pub asked: Asked,
    /// What was read, in that order.
    pub inputs: Vec<Input>,
    /// From the first to the last time of anything that was read.
    pub span: Option<Span>,
    /// The answer in sentences, the most important first.
    pub summary: Vec<String>,
    /// Whether a cause was found.
    pub verdict: Verdict,
    /// When it began.
    pub onset: Option<Onset>,
    /// What broke, first things first.
    pub timeline: Vec<Moment>,
    /// Likely causes, the likeliest first: at most five.
    pub causes: Vec<Cause>,
    /// How likely it is that nothing in the evidence is the cause.
    pub none: NoCause,
    /// What to look at next.
    pub next: Vec<NextQuestion>,
    /// Kinds of evidence that were not there.
    pub not_looked_at: Vec<Missing>,
    /// Components, who calls whom, and how each looks.
    pub map: Map,
    /// Series that moved, and those of the likeliest causes.
    pub panels: Vec<Panel>,
    /// Messages that came, went or became many.
    pub messages: Vec<MessageRate>,
    /// Configuration and deploys that changed, the nearest before the onset first.
    pub changes: Vec<Change>,
}

/// A stretch of time, the end excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Span {
    /// First microsecond.
    pub from: i64,
    /// The one after the last.
    pub to: i64,
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Asked {
    /// The paths, as they were given.
    pub paths: Vec<String>,
    /// When the symptom was noticed.
    pub at: Option<i64>,
    /// Paths of what is normal.
    pub baseline: Vec<String>,
    /// The file that says who calls whom.
    pub topology: Option<String>,
    /// The question.
    pub question: Option<Question>,
}

/// A question and what of it was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// Its words.
    pub text: String,
    /// What narrowed the search: the word, and what it was taken for ("component", "time", "words of a message").
    pub used: Vec<UsedWord>,
}

/// A part of a question that was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UsedWord {
    /// As it stands in the question.
    pub word: String,
    /// What it was taken for.
    pub taken_for: String,
}

/// Something that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Input {
    /// The file.
    pub file: String,
    /// The member, when the file is an archive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// What it was taken for.
    pub kind: InputKind,
    /// Its format, in words ("OTLP JSON", "CSV, one column a series").
    pub format: String,
    /// Why it was taken for that.
    pub reason: String,
    /// How sure that is.
    pub certainty: f64,
    /// Whether it tells what is normal.
    pub baseline: bool,
    /// Bytes, after decompression.
    pub bytes: u64,
    /// Records, samples, spans or settings.
    pub items: u64,
    /// Its first and last time.
    pub span: Option<Span>,
    /// What could not be read or was left out, one sentence each.
    pub problems: Vec<String>,
}

/// Kinds of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// Messages.
    Logs,
    /// Measurements.
    Metrics,
    /// Spans.
    Traces,
    /// Settings.
    Configuration,
    /// Differences and deploys.
    Changes,
    /// Who calls whom.
    Topology,
    /// Nothing that could be read.
    Unreadable,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The first of the causes is likelier than none.
    Cause,
    /// No cause was found.
    None,
}

/// When it began, and how surely.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Onset {
    /// The likeliest moment.
    pub at: i64,
    /// It began no earlier, with 90 % certainty.
    pub earliest: i64,
    /// It began no later, with 90 % certainty.
    pub latest: i64,
    /// What that rests on, in words.
    pub basis: String,
}

/// Something that changed in a component.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Moment {
    /// When.
    pub at: i64,
    /// No earlier than this.
    pub earliest: i64,
    /// No later than this.
    pub latest: i64,
    /// Where.
    pub component: String,
    /// What, in one sentence.
    pub what: String,
    /// Which kind of evidence shows it.
    pub kind: InputKind,
    /// How sure it is that something changed.
    pub certainty: f64,
    /// The passages that show it.
    pub quotes: Vec<Quote>,
}

/// A likely cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cause {
    /// The component.
    pub component: String,
    /// How likely it is the cause, among all components and "none".
    pub likelihood: f64,
    /// What is wrong with it, in one sentence.
    pub summary: String,
    /// What the likelihood is made of, the largest first.
    pub shares: Vec<Share>,
    /// What speaks for it.
    pub supporting: Vec<Finding>,
    /// What speaks against it.
    pub contradicting: Vec<Finding>,
    /// Whether it is likely besides the first, as a second fault of its own.
    pub in_addition: bool,
}

/// A mechanism and what it adds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Share {
    /// The mechanism, in words ("processor", "own latency", "new or missing events").
    pub mechanism: String,
    /// How strongly it shows, from 0 to 1.
    pub strength: f64,
    /// What it adds to the logarithm of the odds; negative speaks against.
    pub weight: f64,
}

/// A fact that speaks for or against a cause.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// Which kind of evidence shows it.
    pub kind: InputKind,
    /// The fact, in one sentence with its numbers.
    pub text: String,
    /// How sure it is.
    pub certainty: f64,
    /// When it was first seen.
    pub at: Option<i64>,
    /// The passages that show it.
    pub quotes: Vec<Quote>,
}

/// The answer that there is no cause in the evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoCause {
    /// How likely.
    pub likelihood: f64,
    /// What evidence would help, one sentence each; empty when a cause was found.
    pub would_help: Vec<String>,
}

/// A question whose answer would separate two causes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NextQuestion {
    /// The question, in one sentence.
    pub text: String,
    /// The causes it separates.
    pub separates: Vec<String>,
    /// How to find the answer.
    pub how: String,
}

/// A kind of evidence that was not there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// The kind.
    pub kind: InputKind,
    /// What it would have shown.
    pub would_show: String,
}

/// Components and calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Map {
    /// Components.
    pub components: Vec<Component>,
    /// From caller to callee, as places in `components`.
    pub calls: Vec<(usize, usize)>,
    /// Components that are left out because they are well and far from anything that is not.
    pub left_out: usize,
}

/// A component on the map.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// How it looks.
    pub state: ComponentState,
    /// How likely it is the cause.
    pub likelihood: f64,
    /// When it first looked different.
    pub first: Option<i64>,
    /// Why it looks so, in a few words.
    pub note: String,
}

/// How a component looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentState {
    /// The likeliest cause, or another likely one.
    Suspect,
    /// It looks different, and what it calls explains that.
    Victim,
    /// It looks different.
    Changed,
    /// It looks as always.
    Normal,
    /// Nothing is known of it.
    Unknown,
}

/// One series.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Panel {
    /// Whose it is: a component, or `caller -> callee`.
    pub owner: String,
    /// Its name, as in the source.
    pub name: String,
    /// Its unit, where it is known ("s", "%", "/s", "B").
    pub unit: Option<String>,
    /// At most some 240 points: time and value. A gap is a point without a value.
    pub points: Vec<(i64, Option<f64>)>,
    /// What is normal: least and greatest.
    pub normal: Option<(f64, f64)>,
    /// When it left what is normal.
    pub onset: Option<i64>,
    /// In one sentence, what it shows.
    pub text: String,
    /// The sample that shows it.
    pub quotes: Vec<Quote>,
}

/// One message over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageRate {
    /// Whose log it stands in, where that is known.
    pub component: Option<String>,
    /// Constant text, with `<*>` for values.
    pub text: String,
    /// What happened to it.
    pub change: MessageChange,
    /// Times a minute before the onset and after it.
    pub before: f64,
    /// The same after the onset.
    pub after: f64,
    /// Messages in all.
    pub count: u64,
    /// Its severity, where it is known.
    pub severity: Option<String>,
    /// How sure the change is.
    pub certainty: f64,
    /// When the first count begins, and how long each lasts, in microseconds.
    pub from: i64,
    /// See `from`.
    pub step: i64,
    /// Messages of each step.
    pub counts: Vec<u32>,
    /// An example.
    pub quotes: Vec<Quote>,
}

/// What happened to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageChange {
    /// Not seen until shortly before the onset, which is told a little late.
    New,
    /// Not seen after it.
    Vanished,
    /// More of it.
    Burst,
    /// Less of it.
    Fewer,
    /// Rare and severe.
    Rare,
    /// Severe or asked for, and about as often as before.
    Steady,
}

/// Configuration that changed, or a deploy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// Whose.
    pub component: Option<String>,
    /// When, where it is known.
    pub at: Option<i64>,
    /// What, in one sentence; secrets never.
    pub what: String,
    /// Why it may matter.
    pub risk: Option<String>,
    /// How sure it is that it matters.
    pub certainty: f64,
    /// Before and after.
    pub quotes: Vec<Quote>,
}
