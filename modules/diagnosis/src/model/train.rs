//! Training: the weights with the greatest posterior, with a Gaussian prior and fixed signs. It must not know where windows come
//! from.

use super::{
    CHANNELS, Channel, Evidence, PRIOR, Weights,
    posterior::{logit, posterior},
};
use crate::statistics::{as_f64, quantile, sorted};

/// Weight of the squared distance from the prior (S).
const PENALTY: f64 = 0.05;
/// Bounds of the weight of "none".
const NONE: (f64, f64) = (-2.0, 10.0);
/// Newton's method doubles the digits with each step; this many are never needed.
const MOST_STEPS: usize = 200;
/// Steps shorter than this change no digit that is printed.
const SHORTEST: f64 = 1e-12;
/// Share of quiet windows that must be called quiet, and the bounds of the weight that does it.
const QUIET: f64 = 0.95;
const NONE_FITTED: (f64, f64) = (-3.0, 6.0);

/// Weights of the channels, then of "none".
const PARAMETERS: usize = CHANNELS + 1;
type Vector = [f64; PARAMETERS];
type Matrix = [Vector; PARAMETERS];

/// A window to learn from.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it shows.
    pub evidence: Evidence,
    /// The place of the cause. None: quiet.
    pub cause: Option<usize>,
    /// How many windows it stands for.
    pub weight: f64,
}

/// The weights with the greatest posterior. The loss is convex, so there is one, and the start does not matter.
pub fn fit(examples: &[Example]) -> Weights {
    let mut at = vector(&PRIOR);
    let mut current = loss(&at, examples);
    for _ in 0..MOST_STEPS {
        let (gradient, curvature) = derivatives(&at, examples);
        let Some(direction) = direction(&at, &gradient, &curvature) else {
            break;
        };
        let Some((next, lower)) = line_search(&at, &direction, &gradient, current, examples) else {
            break;
        };
        let moved = at.iter().zip(&next).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        (at, current) = (next, lower);
        if moved < SHORTEST {
            break;
        }
    }
    let mut weights = PRIOR;
    weights.channels.copy_from_slice(&at[..CHANNELS]);
    weights.none = at[CHANNELS];
    weights
}

/// The weight of "none" with which 95 % of a system's own quiet windows are called quiet.
///
/// Each window is given as the evidence of its onsets with their priors. None without windows. The quantile lies between two
/// windows in proportion, so that the loudest of a few counts only a little: it may hold a fault that nobody named.
pub fn fit_none(weights: &Weights, quiet: &[Vec<(&Evidence, f64)>]) -> Option<f64> {
    let zero = Weights {
        none: 0.0,
        ..weights.clone()
    };
    // With b the odds of "none" are e^b times those with 0, so the b that makes them even is known for each window.
    let needed = quiet.iter().map(|onsets| {
        let none = posterior(&zero, onsets).none;
        ((1.0 - none) / none).ln()
    });
    let needed = sorted(needed.map(|needed| needed.clamp(NONE_FITTED.0, NONE_FITTED.1)));
    quantile(&needed, QUIET)
}

fn vector(weights: &Weights) -> Vector {
    let mut vector = [0.0; PARAMETERS];
    vector[..CHANNELS].copy_from_slice(&weights.channels);
    vector[CHANNELS] = weights.none;
    vector
}

fn bounds(parameter: usize) -> (f64, f64) {
    match Channel::ALL.get(parameter) {
        None => NONE,
        Some(channel) if channel.speaks_against() => (f64::NEG_INFINITY, 0.0),
        Some(_) => (0.0, f64::INFINITY),
    }
}

/// The probabilities of the components, of "none", and the logarithm of that of the truth.
fn judged(at: &Vector, example: &Example) -> (Vec<f64>, f64, f64) {
    let mut weights = PRIOR;
    weights.channels.copy_from_slice(&at[..CHANNELS]);
    let rows = &example.evidence.rows;
    let logits: Vec<f64> = rows.iter().map(|row| logit(&weights, row)).collect();
    let none = at[CHANNELS] + as_f64(rows.len()).ln();
    let top = logits.iter().copied().fold(none, f64::max);
    let parts: Vec<f64> = logits.iter().map(|logit| (logit - top).exp()).collect();
    let all = parts.iter().sum::<f64>() + (none - top).exp();
    let truth = example
        .cause
        .and_then(|cause| logits.get(cause))
        .copied()
        .unwrap_or(none);
    (
        parts.into_iter().map(|part| part / all).collect(),
        (none - top).exp() / all,
        truth - top - all.ln(),
    )
}

fn loss(at: &Vector, examples: &[Example]) -> f64 {
    let away: f64 = at.iter().zip(vector(&PRIOR)).map(|(a, b)| (a - b).powi(2)).sum();
    let unlikely: f64 = examples
        .iter()
        .map(|example| -example.weight * judged(at, example).2)
        .sum();
    unlikely + PENALTY * away
}

fn derivatives(at: &Vector, examples: &[Example]) -> (Vector, Matrix) {
    let mut gradient = [0.0; PARAMETERS];
    let mut curvature = [[0.0; PARAMETERS]; PARAMETERS];
    for (parameter, prior) in vector(&PRIOR).into_iter().enumerate() {
        gradient[parameter] = 2.0 * PENALTY * (at[parameter] - prior);
        curvature[parameter][parameter] = 2.0 * PENALTY;
    }
    for example in examples {
        let (components, none, _) = judged(at, example);
        let mut mean = [0.0; PARAMETERS];
        for (row, p) in example.evidence.rows.iter().zip(&components) {
            for (a, value) in row.iter().enumerate().filter(|(_, value)| **value != 0.0) {
                mean[a] += p * value;
                for (b, other) in row.iter().enumerate() {
                    curvature[a][b] += example.weight * p * value * other;
                }
            }
        }
        mean[CHANNELS] = none;
        curvature[CHANNELS][CHANNELS] += example.weight * none;
        let truth = example.cause.and_then(|cause| example.evidence.rows.get(cause));
        for a in 0..PARAMETERS {
            let seen = match truth {
                Some(row) => row.get(a).copied().unwrap_or(0.0),
                None => f64::from(u8::from(a == CHANNELS)),
            };
            gradient[a] += example.weight * (mean[a] - seen);
            for b in 0..PARAMETERS {
                curvature[a][b] -= example.weight * mean[a] * mean[b];
            }
        }
    }
    (gradient, curvature)
}

/// Newton's step over the parameters that are free to move (Bertsekas, Projected Newton methods, 1982). None at the minimum.
fn direction(at: &Vector, gradient: &Vector, curvature: &Matrix) -> Option<Vector> {
    let free: Vec<usize> = (0..PARAMETERS)
        .filter(|a| {
            let (low, high) = bounds(*a);
            !(at[*a] <= low && gradient[*a] > 0.0 || at[*a] >= high && gradient[*a] < 0.0)
        })
        .collect();
    let mut rows: Vec<Vec<f64>> = free
        .iter()
        .map(|a| {
            let mut row: Vec<f64> = free.iter().map(|b| curvature[*a][*b]).collect();
            row.push(-gradient[*a]);
            row
        })
        .collect();
    let solved = solve(&mut rows)?;
    let mut direction = [0.0; PARAMETERS];
    for (a, step) in free.iter().zip(solved) {
        direction[*a] = step;
    }
    Some(direction)
}

/// Gauss's elimination of a positive definite system with its right side in the last column.
fn solve(rows: &mut [Vec<f64>]) -> Option<Vec<f64>> {
    let count = rows.len();
    for pivot in 0..count {
        let (above, below) = rows.split_at_mut(pivot + 1);
        let by = &above[pivot];
        if by[pivot] <= 0.0 {
            return None;
        }
        for row in below {
            let factor = row[pivot] / by[pivot];
            for (value, other) in row.iter_mut().zip(by).skip(pivot) {
                *value -= factor * other;
            }
        }
    }
    let mut solved = vec![0.0; count];
    for row in (0..count).rev() {
        let known: f64 = (row + 1..count).map(|column| rows[row][column] * solved[column]).sum();
        solved[row] = (rows[row][count] - known) / rows[row][row];
    }
    Some(solved)
}

/// Half the way as often as needed (Armijo's rule). None when no way is left.
fn line_search(
    at: &Vector,
    direction: &Vector,
    gradient: &Vector,
    current: f64,
    examples: &[Example],
) -> Option<(Vector, f64)> {
    const SLOPE: f64 = 1e-4;
    let mut length = 1.0;
    for _ in 0..60 {
        let mut next = *at;
        for (a, next) in next.iter_mut().enumerate() {
            let (low, high) = bounds(a);
            *next = (*next + length * direction[a]).clamp(low, high);
        }
        let promised: f64 = (0..PARAMETERS).map(|a| gradient[a] * (next[a] - at[a])).sum();
        let lower = loss(&next, examples);
        if lower <= current + SLOPE * promised {
            return Some((next, lower));
        }
        length /= 2.0;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TRAINED;

    /// Two components, of which the first shows this much in a channel.
    fn window(channel: Channel, shown: f64, cause: Option<usize>) -> Example {
        let mut rows = vec![[0.0; CHANNELS]; 2];
        rows[0][channel as usize] = shown;
        Example {
            evidence: Evidence { rows },
            cause,
            weight: 10.0,
        }
    }

    fn examples() -> Vec<Example> {
        vec![
            window(Channel::Cpu, 0.8, Some(0)),
            window(Channel::Cpu, 0.1, None),
            window(Channel::Traffic, 0.9, None),
            window(Channel::Address, 0.9, Some(0)),
            window(Channel::Events, 0.4, Some(0)),
        ]
    }

    #[test]
    fn at_the_minimum_no_free_weight_has_a_slope() {
        let weights = fit(&examples());
        let (gradient, _) = derivatives(&vector(&weights), &examples());
        for (parameter, slope) in gradient.iter().enumerate() {
            let (low, high) = bounds(parameter);
            let at = vector(&weights)[parameter];
            assert!(
                slope.abs() < 1e-8 || at <= low && *slope > 0.0 || at >= high && *slope < 0.0,
                "{parameter}: {slope}"
            );
        }
    }

    #[test]
    fn signs_stay_and_what_was_never_seen_keeps_its_prior() {
        let weights = fit(&examples());
        assert!(weights.channels[Channel::Cpu as usize] > PRIOR.channels[Channel::Cpu as usize]);
        assert!(weights.channels[Channel::Address as usize] <= 0.0);
        assert!(weights.channels[Channel::Traffic as usize] >= 0.0);
        for (weight, prior) in weights.channels.iter().zip(PRIOR.channels).skip(TRAINED) {
            assert!((weight - prior).abs() < 1e-9);
        }
    }

    #[test]
    fn the_slope_is_that_of_the_loss() {
        let at = vector(&PRIOR);
        let (gradient, _) = derivatives(&at, &examples());
        for (parameter, slope) in gradient.iter().enumerate() {
            let moved = |by: f64| {
                let mut moved = at;
                moved[parameter] += by;
                loss(&moved, &examples())
            };
            let measured = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((slope - measured).abs() < 1e-5, "{parameter}: {slope} {measured}");
        }
    }

    #[test]
    fn none_is_fitted_so_that_a_quiet_window_is_called_quiet() {
        let loud = window(Channel::Cpu, 0.6, None);
        let quiet: Vec<Vec<(&Evidence, f64)>> = vec![vec![(&loud.evidence, 1.0)]];
        assert!(posterior(&PRIOR, &quiet[0]).none < 0.5);
        let fitted = Weights {
            none: fit_none(&PRIOR, &quiet).unwrap(),
            ..PRIOR
        };
        assert!((posterior(&fitted, &quiet[0]).none - 0.5).abs() < 1e-9);
        assert_eq!(fit_none(&PRIOR, &[]), None);
    }
}
