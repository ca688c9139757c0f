//! Evidence becomes probabilities: a conditional logit over all components and "none", summed over the onsets that are tried.

use super::{CHANNELS, Evidence, Weights};
use crate::statistics::as_f64;

/// How likely each answer is.
#[derive(Debug, Clone, Default)]
pub struct Posterior {
    /// Each component, in its order.
    pub components: Vec<f64>,
    /// That there is no cause among them.
    pub none: f64,
    /// For each component and each onset how likely that onset is if the component is the cause.
    pub onsets: Vec<Vec<f64>>,
}

/// The linear score of one row.
pub(crate) fn logit(weights: &Weights, row: &[f64; CHANNELS]) -> f64 {
    weights
        .channels
        .iter()
        .zip(row)
        .map(|(weight, value)| weight * value)
        .sum()
}

/// P(s) = Σ π exp(w·x) / Z and P(none) = n exp(b) / Z, with π the prior of an onset and n the number of components.
///
/// `onsets` are the evidence of each onset and its prior. Without a component "none" is certain.
pub fn posterior(weights: &Weights, onsets: &[(&Evidence, f64)]) -> Posterior {
    judged(weights, onsets, None)
}

/// The same for another cause beside one that is known, which has no part in it any more.
pub(crate) fn posterior_beside(known: usize, weights: &Weights, onsets: &[(&Evidence, f64)]) -> Posterior {
    judged(weights, onsets, Some(known))
}

fn judged(weights: &Weights, onsets: &[(&Evidence, f64)], known: Option<usize>) -> Posterior {
    let count = onsets.first().map_or(0, |(evidence, _)| evidence.rows.len());
    if count == 0 {
        return Posterior {
            none: 1.0,
            ..Posterior::default()
        };
    }
    let logits: Vec<Vec<f64>> = onsets
        .iter()
        .map(|(evidence, prior)| {
            evidence
                .rows
                .iter()
                .enumerate()
                .map(|(at, row)| match known {
                    Some(known) if known == at => f64::NEG_INFINITY,
                    _ => logit(weights, row) + prior.ln(),
                })
                .collect()
        })
        .collect();
    let none = weights.none + as_f64(count).ln();
    let top = logits.iter().flatten().copied().fold(none, f64::max);
    let mut of_components = vec![0.0; count];
    let mut of_onsets = vec![Vec::with_capacity(onsets.len()); count];
    for logits in &logits {
        for ((sum, by_onset), logit) in of_components.iter_mut().zip(&mut of_onsets).zip(logits) {
            let part = (logit - top).exp();
            *sum += part;
            by_onset.push(part);
        }
    }
    for (parts, sum) in of_onsets.iter_mut().zip(&of_components) {
        for part in parts {
            *part = if *sum > 0.0 {
                *part / sum
            } else {
                1.0 / as_f64(onsets.len())
            };
        }
    }
    let none = (none - top).exp();
    let all: f64 = of_components.iter().sum::<f64>() + none;
    Posterior {
        components: of_components.into_iter().map(|part| part / all).collect(),
        none: none / all,
        onsets: of_onsets,
    }
}
