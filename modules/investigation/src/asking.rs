//! Asking: from what was told and what was read to the question that is put to the model, and to its answer.

use mainstay_diagnosis::{Prepared, Question, Ranking, Symptom, SymptomKind, When, model::WEIGHTS};
use mainstay_evidence::metrics::facts::ShiftFact;

use crate::{
    joining::Joined,
    question::{Trouble, Understood},
    reading::Evidence,
};

const SECOND: i64 = 1_000_000;
/// Onsets are tried this far apart when no time is told (ADR 13, fusion).
const APART: i64 = 90 * SECOND;
/// Onsets of one search; the model tries no more at once.
const AT_ONCE: i64 = 60;
/// Searches of a longer time.
const SEARCHES: i64 = 24;
/// What comes before the first onset is needed to know what is normal, and what comes after the last to see anything.
const BEFORE: i64 = 120 * SECOND;
const AFTER: i64 = 30 * SECOND;

/// An answer, and to what question.
#[derive(Debug)]
pub struct Answer {
    /// The question as it was put.
    pub question: Question,
    /// The causes and how likely they are, all time that was searched considered.
    pub ranking: Ranking,
    /// Whether the time was told.
    pub told: bool,
}

/// Puts the question. `at` is when the symptom was noticed; without it, all time is searched.
pub fn ask(
    prepared: &Prepared<'_>,
    joined: &Joined,
    understood: Option<&Understood>,
    at: Option<i64>,
    evidence: &Evidence,
) -> Answer {
    let question = |when| Question {
        when,
        symptom: understood.and_then(|understood| symptom(understood, joined)),
        ..Question::default()
    };
    if let Some(at) = at {
        let question = question(When::Reported(at));
        return Answer {
            ranking: prepared.rank(&question, &WEIGHTS),
            question,
            told: true,
        };
    }
    let (first, last) = span(evidence);
    // Of a short recording a part is enough.
    let length = last.saturating_sub(first);
    let from = first.saturating_add(BEFORE.min(length / 4));
    let to = last.saturating_sub(AFTER.min(length / 8));
    let spans = searches(from, to.max(from), || suspected(evidence));
    let searched: Vec<(Question, Ranking)> = spans
        .iter()
        .map(|&(from, to)| {
            let question = question(When::Between(from, to));
            let ranking = prepared.rank(&question, &WEIGHTS);
            (question, ranking)
        })
        .collect();
    let (question, ranking) = together(searched).unwrap_or_else(|| {
        let question = question(When::Between(from, from));
        let ranking = prepared.rank(&question, &WEIGHTS);
        (question, ranking)
    });
    Answer {
        question,
        ranking,
        told: false,
    }
}

/// The time that is searched: that of messages and spans where these were collected for a part of it only.
fn span(evidence: &Evidence) -> (i64, i64) {
    let covered = evidence.covered.unwrap_or((0, 0));
    match evidence.narrow {
        Some(narrow) if (narrow.1 - narrow.0) < (covered.1 - covered.0) / 2 => narrow,
        _ => covered,
    }
}

/// When series left what was normal, the surest first.
fn suspected(evidence: &Evidence) -> Vec<i64> {
    let mut shifts: Vec<&ShiftFact> = evidence.shifts().iter().collect();
    shifts.sort_by(|left, right| right.certainty.total_cmp(&left.certainty));
    shifts.into_iter().map(|shift| shift.onset.at).collect()
}

fn symptom(understood: &Understood, joined: &Joined) -> Option<Symptom> {
    let name = understood.components.first()?;
    Some(Symptom {
        component: joined.names.find(joined.names.all().get(*name)?)?,
        kind: match understood.trouble {
            Some(Trouble::Slow) => SymptomKind::Latency,
            Some(Trouble::Failing) => SymptomKind::Availability,
            None => SymptomKind::Unknown,
        },
    })
}

/// Spans of time to search, each short enough for its onsets to be close together. A long time is searched around what is
/// suspected, and at its end, because people look when it has just happened.
fn searches(from: i64, to: i64, suspected: impl FnOnce() -> Vec<i64>) -> Vec<(i64, i64)> {
    let length = AT_ONCE * APART;
    let whole = to.saturating_sub(from) / length + 1;
    if whole <= SEARCHES {
        return (0..whole)
            .map(|at| (from + at * length, to.min(from + (at + 1) * length - APART)))
            .filter(|(from, to)| from <= to)
            .collect();
    }
    let within = suspected().into_iter().filter(|at| (from..=to).contains(at));
    let moments: Vec<i64> = std::iter::once(to).chain(within).collect();
    let mut spans: Vec<(i64, i64)> = Vec::new();
    for at in moments {
        let (first, last) = (at.saturating_sub(3 * APART).max(from), at.saturating_add(APART).min(to));
        if spans.len() < usize::try_from(SEARCHES).unwrap_or(1)
            && !spans.iter().any(|span| span.0 <= at && at <= span.1)
        {
            spans.push((first, last));
        }
    }
    spans
}

/// One answer of several searches: each was as likely as the others to hold the onset, before anything was looked at.
fn together(searched: Vec<(Question, Ranking)>) -> Option<(Question, Ranking)> {
    #[expect(clippy::cast_precision_loss, reason = "a few dozen searches")]
    let share = 1.0 / searched.len().max(1) as f64;
    let odds = |ranking: &Ranking| (1.0 - ranking.none) / ranking.none.max(1e-12) * share;
    let all: f64 = searched.iter().map(|(_, ranking)| odds(ranking)).sum();
    let (question, mut ranking) = searched
        .into_iter()
        .max_by(|left, right| odds(&left.1).total_cmp(&odds(&right.1)))?;
    // What is left to the others is neither "none" nor a cause of this search; it stays with "none" of this answer.
    let here = odds(&ranking) / (1.0 + all);
    let factor = here / (1.0 - ranking.none).max(1e-12);
    for cause in &mut ranking.causes {
        cause.probability *= factor;
    }
    ranking.none = 1.0 - here;
    Some((question, ranking))
}

#[cfg(test)]
mod tests {
    use mainstay_diagnosis::{Component, System, rank};

    use super::*;

    const HOUR: i64 = 3_600 * SECOND;

    #[test]
    fn hours_are_searched_whole_without_a_hole_wider_than_the_distance_of_onsets() {
        let spans = searches(0, 5 * HOUR, || unreachable!("nothing is suspected of a short time"));
        assert_eq!((spans[0].0, spans.last().unwrap().1), (0, 5 * HOUR));
        assert!(spans.windows(2).all(|pair| pair[1].0 - pair[0].1 == APART), "{spans:?}");
    }

    #[test]
    fn weeks_are_searched_at_their_end_and_around_what_is_suspected_once_each() {
        let suspected = vec![100 * HOUR, 100 * HOUR + SECOND, -HOUR, 9_999 * HOUR, 50 * HOUR];
        let spans = searches(0, 700 * HOUR, || suspected);
        let middle: Vec<i64> = spans.iter().map(|(from, to)| (from + to) / 2 / HOUR).collect();
        assert_eq!(middle, [699, 99, 49]);
        let many: Vec<i64> = (0..700).map(|hour| hour * HOUR).collect();
        assert_eq!(i64::try_from(searches(0, 700 * HOUR, || many).len()), Ok(SEARCHES));
    }

    #[test]
    fn a_moment_is_searched_as_it_is() {
        assert_eq!(searches(5, 5, Vec::new), [(5, 5)]);
    }

    /// An answer in which the one component is the cause with this probability.
    fn answered(probability: f64) -> (Question, Ranking) {
        let system = System {
            components: vec![Component {
                name: "cart".to_owned(),
                is_address: false,
            }],
            ..System::default()
        };
        let mut ranking = rank(&system, &Question::default(), &WEIGHTS);
        ranking.causes[0].probability = probability;
        ranking.none = 1.0 - probability;
        (Question::default(), ranking)
    }

    #[test]
    fn a_cause_that_was_searched_for_has_to_be_surer_than_one_whose_time_was_told() {
        let alone = together(vec![answered(0.9)]).unwrap().1;
        assert!((alone.causes[0].probability - 0.9).abs() < 1e-9);
        let among = together(vec![answered(0.9), answered(0.0), answered(0.0)]).unwrap().1;
        // Odds of 9 to 1 that were as likely in each of three places are 3 to 1.
        assert!(
            (among.causes[0].probability - 0.75).abs() < 1e-9,
            "{}",
            among.causes[0].probability
        );
        assert!((among.none - 0.25).abs() < 1e-9);
        assert!(together(Vec::new()).is_none());
    }
}
