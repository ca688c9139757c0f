//! Changes: what is new, gone, more or less than in the baseline, and how unlikely that is by chance.

use std::f64::consts::FRAC_1_SQRT_2;

use serde::Serialize;
use statrs::function::erf::erfc;

use super::report::Occurrence;

/// How a template's rate changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Not in the baseline.
    New,
    /// Only in the baseline.
    Vanished,
    /// At least twice as frequent.
    Burst,
    /// At most half as frequent.
    Drop,
}

/// How often something was seen in how long.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Exposure {
    /// Messages.
    pub count: u64,
    /// Seconds; where there is no time, all messages of that part.
    pub exposure: f64,
}

/// One change of one template.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ChangeFact {
    /// Place of the template in the list.
    pub template: usize,
    /// What happened.
    pub kind: ChangeKind,
    /// Before.
    pub baseline: Exposure,
    /// In the part that is looked into.
    pub subject: Exposure,
    /// Rate there over rate before; none where it was zero before.
    pub ratio: Option<f64>,
    /// How sure it is that this is not chance, from 0 to 1.
    pub certainty: f64,
    /// First occurrence in the part that is looked into; for what vanished, the first of all.
    pub occurrence: Option<Occurrence>,
}

/// Judges two counts. `dispersion` is how much more the baseline varies than chance would, `compared` how many
/// templates are judged: a chance of one in a hundred is nothing among a hundred.
///
/// Given the sum, the share in the subject is binomial when the rates are equal (Przyborowski and Wilenski,
/// Homogeneity of results in testing samples from Poisson series, 1940). Counts are divided by the dispersion first.
pub fn judge(
    baseline: Exposure,
    subject: Exposure,
    dispersion: f64,
    compared: usize,
) -> Option<(ChangeKind, Option<f64>, f64)> {
    if baseline.exposure <= 0.0 || subject.exposure <= 0.0 || baseline.count + subject.count == 0 {
        return None;
    }
    let share = subject.exposure / (subject.exposure + baseline.exposure);
    #[expect(clippy::cast_precision_loss, reason = "counts of messages")]
    let (before, during) = (baseline.count as f64, subject.count as f64);
    let ratio = (before > 0.0).then(|| (during / subject.exposure) / (before / baseline.exposure));
    let all = (before + during) / dispersion;
    let (kind, chance) = if baseline.count == 0 {
        (ChangeKind::New, share.powf(all))
    } else if subject.count == 0 {
        (ChangeKind::Vanished, (1.0 - share).powf(all))
    } else {
        let ratio = ratio?;
        let away = (during / dispersion - all * share).abs() - 0.5;
        let tail = upper_tail(away / (all * share * (1.0 - share)).sqrt());
        if ratio >= 2.0 {
            (ChangeKind::Burst, tail)
        } else if ratio <= 0.5 {
            (ChangeKind::Drop, tail)
        } else {
            return None;
        }
    };
    #[expect(clippy::cast_precision_loss, reason = "thousands of templates at most")]
    let corrected = (chance * compared.max(1) as f64).min(1.0);
    Some((kind, ratio, 1.0 - corrected))
}

/// Probability that a standard normal variable is above `z`, at most a half.
pub fn upper_tail(z: f64) -> f64 {
    erfc(z.max(0.0) * FRAC_1_SQRT_2) / 2.0
}
