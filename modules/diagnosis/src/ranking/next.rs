//! What to look at next: the observation not yet made that would tell the first cause from its rival best.

use super::{NextQuestion, Rival, View};
use crate::model::{Channel, SHOWN};

/// Bits below which an observation is not worth asking for (J).
const LEAST_GAIN: f64 = 0.01;

impl View<'_> {
    /// The observation with the greatest expected gain of information (Lindley, On a measure of the information provided by an
    /// experiment, 1956), with "it shows" or "it does not" as what may come out. None when all was looked at.
    pub(super) fn next(&self, order: &[usize]) -> Option<NextQuestion> {
        let first = *order.first()?;
        let second = order.get(1).copied();
        let p = |at: usize| self.posterior.components.get(at).copied().unwrap_or(0.0);
        let second = second.filter(|second| p(*second) > self.posterior.none);
        let (rival, against) = second.map_or((Rival::None, self.posterior.none), |second| {
            (Rival::Component(crate::bounds::count(second)), p(second))
        });
        let share = p(first) / (p(first) + against).max(f64::MIN_POSITIVE);
        let mut best: Option<NextQuestion> = None;
        for (about, share) in [(Some(first), share), (second, 1.0 - share)] {
            let Some(component) = about else { continue };
            let open = Channel::ALL.into_iter().filter(|channel| channel.is_observation());
            for channel in open.filter(|channel| !self.is_observed(component, *channel)) {
                let shown = SHOWN[channel as usize];
                let gain = gain(share, shown.by_cause, shown.by_others);
                if gain >= LEAST_GAIN && best.is_none_or(|best| gain > best.gain) {
                    best = Some(NextQuestion {
                        component: crate::bounds::count(component),
                        channel,
                        rival,
                        gain,
                    });
                }
            }
        }
        best
    }
}

/// Bits of uncertainty of a coin.
fn entropy(p: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(p) + part(1.0 - p)
}

/// The uncertainty about a cause of probability `p` less what is left, on average, when one knows whether it shows itself.
fn gain(p: f64, by_cause: f64, by_others: f64) -> f64 {
    let shows = p * by_cause + (1.0 - p) * by_others;
    let after = |joint: f64, all: f64| {
        if all > 0.0 {
            all * entropy((joint / all).clamp(0.0, 1.0))
        } else {
            0.0
        }
    };
    entropy(p) - after(p * by_cause, shows) - after(p * (1.0 - by_cause), 1.0 - shows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_shows_for_both_alike_tells_nothing() {
        assert!(gain(0.5, 0.3, 0.3).abs() < 1e-12);
        assert!((gain(0.5, 1.0, 0.0) - 1.0).abs() < 1e-12);
        assert!(gain(0.5, 0.8, 0.1) > gain(0.95, 0.8, 0.1));
    }
}
