//! The facts as they are given out.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    analyzer::Sides,
    change::{ChangeFact, ChangeKind, Exposure, judge},
    counts::Series,
    identifiers::{IdentifierFact, IdentifierTable, named},
    observed::{Observed, Seen},
};
use crate::{
    logs::{
        read::ReadSummary,
        severity::Severity,
        statements::Spots,
        template::{MinerStats, ParameterKind, Sketch, Templates},
    },
    quote::Quote,
    source::Origin,
};

/// A message of no more than this many occurrences is rare.
const RARE: u64 = 3;
/// Values of a parameter that are shown.
const SHOWN: usize = 8;
/// Changes less sure than this are left out.
const LEAST_SURE: f64 = 0.5;

/// One occurrence of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Occurrence {
    /// Microseconds since 1970, where the message has a time.
    pub at: Option<i64>,
    /// Its words and their place.
    pub quote: Quote,
}

impl From<&Seen> for Occurrence {
    fn from(seen: &Seen) -> Self {
        Self {
            at: seen.at,
            quote: seen.quote.clone(),
        }
    }
}

/// A value and how often it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueFact {
    /// The value, cut at 48 bytes.
    pub value: String,
    /// Occurrences, at most.
    pub count: u64,
    /// By how much `count` may be too high.
    pub error: u64,
}

/// What stands at one wildcard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParameterFact {
    /// Kinds that were seen.
    pub kinds: Vec<ParameterKind>,
    /// Values that were noted.
    pub seen: u64,
    /// Different ones.
    pub distinct: u64,
    /// Whether `distinct` was counted; else it is an estimate with a standard error of 6.5 %.
    pub distinct_exact: bool,
    /// Least, mean and greatest, of plain numbers, seconds or bytes.
    pub range: Option<(f64, f64, f64)>,
    /// The most frequent.
    pub top: Vec<ValueFact>,
}

/// One template and its counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TemplateFact {
    /// Constant text, with `<*>` for values.
    pub text: String,
    /// Messages.
    pub count: u64,
    /// Those of them that were only told apart by their first word, for want of room.
    pub folded: u64,
    /// Messages of each severity that was named or shown.
    pub severities: BTreeMap<Severity, u64>,
    /// Messages with a stack trace.
    pub stacks: u64,
    /// Sources with it (the first 64 are told apart).
    pub sources: Vec<String>,
    /// Components that wrote it, at most four.
    pub components: Vec<String>,
    /// Where more of it stands, spread over time.
    #[serde(skip)]
    pub spots: Spots,
    /// The first.
    pub first: Option<Occurrence>,
    /// When the last was, in microseconds since 1970.
    pub last_at: Option<i64>,
    /// Over time.
    pub series: Option<Series>,
    /// Values, wildcard by wildcard.
    pub parameters: Vec<ParameterFact>,
}

/// A severe message that was seen only a few times.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RareFact {
    /// Place of the template in the list.
    pub template: usize,
    /// How bad.
    pub severity: Severity,
    /// Messages.
    pub count: u64,
    /// How sure it is that the message is severe: 0.95 where a word or number says so, 0.7 where its content does.
    pub certainty: f64,
    /// The first.
    pub occurrence: Occurrence,
}

/// One source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceFact {
    /// Its name.
    pub origin: Origin,
    /// What was read; zeros when it was not read to its end.
    pub summary: ReadSummary,
    /// Why it was not read to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All facts of an analysis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogFacts {
    /// Most frequent first.
    pub templates: Vec<TemplateFact>,
    /// Surest first; empty without a window to look into.
    pub changes: Vec<ChangeFact>,
    /// Worst first.
    pub rare: Vec<RareFact>,
    /// Those with errors and in several sources first.
    pub identifiers: Vec<IdentifierFact>,
    /// Identifiers that were let go of for want of room.
    pub identifiers_unkept: u64,
    /// In the order they were read.
    pub sources: Vec<SourceFact>,
    /// What was mined and what was folded.
    pub stats: MinerStats,
}

/// What was heard besides the templates.
pub struct Heard {
    pub identifiers: IdentifierTable,
    pub sources: Vec<SourceFact>,
    /// Names of components, by their places.
    pub components: Vec<String>,
    pub sides: Sides,
    /// Beginning of what is looked into.
    pub begins: Option<i64>,
}

/// Puts the facts together.
pub fn report(found: &Templates<Observed>, heard: Heard, most_identifiers: usize) -> LogFacts {
    let Heard {
        identifiers,
        sources,
        components,
        sides,
        begins,
    } = heard;
    let names: Vec<String> = sources.iter().map(|source| name(&source.origin)).collect();
    let compared = found.templates.len();
    let (mut templates, mut changes, mut rare) = (Vec::new(), Vec::new(), Vec::new());
    for (place, template) in found.templates.iter().enumerate() {
        let observed = &template.data;
        changes.extend(change(place, observed, sides, begins, compared));
        rare.extend(rarity(place, template.count, observed));
        templates.push(TemplateFact {
            text: template.text.clone(),
            count: template.count,
            folded: template.folded,
            severities: Severity::ALL
                .into_iter()
                .zip(observed.severities)
                .filter(|(_, count)| *count > 0)
                .collect(),
            stacks: observed.stacks,
            sources: named(observed.sources, &names),
            components: observed
                .components
                .iter()
                .filter_map(|place| components.get(*place as usize).cloned())
                .collect(),
            spots: observed.spots.clone(),
            first: observed.first.as_deref().map(Occurrence::from),
            last_at: observed.last_at,
            series: observed.counts.series(),
            parameters: template.parameters.iter().map(parameter).collect(),
        });
    }
    changes.sort_by(|left, right| {
        right
            .certainty
            .total_cmp(&left.certainty)
            .then(left.template.cmp(&right.template))
    });
    rare.sort_by(|left, right| right.severity.cmp(&left.severity).then(left.count.cmp(&right.count)));
    let identifiers_unkept = identifiers.unkept();
    LogFacts {
        templates,
        changes,
        rare,
        identifiers: identifiers.facts(&names, most_identifiers),
        identifiers_unkept,
        sources,
        stats: found.stats,
    }
}

fn name(origin: &Origin) -> String {
    origin
        .member
        .as_ref()
        .map_or_else(|| origin.file.clone(), |member| format!("{}: {member}", origin.file))
}

fn change(
    template: usize,
    observed: &Observed,
    sides: Sides,
    begins: Option<i64>,
    compared: usize,
) -> Option<ChangeFact> {
    #[expect(clippy::cast_precision_loss, reason = "counts of messages")]
    let (baseline, subject) = if sides.baseline > 0.0 && sides.subject > 0.0 {
        (sides.baseline, sides.subject)
    } else {
        (sides.baseline_records as f64, sides.subject_records as f64)
    };
    let baseline = Exposure {
        count: observed.baseline,
        exposure: baseline,
    };
    let subject = Exposure {
        count: observed.subject,
        exposure: subject,
    };
    let dispersion = begins.map_or(1.0, |begins| observed.counts.dispersion(begins));
    let (kind, ratio, certainty) = judge(baseline, subject, dispersion, compared)?;
    let seen = if kind == ChangeKind::Vanished {
        &observed.first
    } else {
        &observed.first_in_subject
    };
    let occurrence = seen.as_deref().map(Occurrence::from);
    (certainty >= LEAST_SURE).then_some(ChangeFact {
        template,
        kind,
        baseline,
        subject,
        ratio,
        certainty,
        occurrence,
    })
}

fn rarity(template: usize, count: u64, observed: &Observed) -> Option<RareFact> {
    let severity = observed.worst.filter(|worst| *worst >= Severity::Error)?;
    let occurrence = Occurrence::from(observed.first.as_deref()?);
    let certainty = if observed.stated > 0 { 0.95 } else { 0.7 };
    (count <= RARE).then_some(RareFact {
        template,
        severity,
        count,
        certainty,
        occurrence,
    })
}

fn parameter(sketch: &Sketch) -> ParameterFact {
    let top = sketch.values().into_iter().take(SHOWN);
    ParameterFact {
        kinds: sketch.kinds(),
        seen: sketch.seen(),
        distinct: sketch.distinct(),
        distinct_exact: sketch.is_exact(),
        range: sketch.range(),
        top: top
            .map(|value| ValueFact {
                value: value.text(),
                count: value.count(),
                error: value.error(),
            })
            .collect(),
    }
}
