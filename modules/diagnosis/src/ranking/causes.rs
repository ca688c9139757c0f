//! One component as the cause: what its probability is made of, and what speaks for and against it.

use super::{Cause, Contradiction, Share, Support, View};
use crate::{
    features::{Feature, Witness},
    model::{CHANNELS, Channel, Posterior},
};

/// Evidence below this is nothing to speak of (J).
const LITTLE: f64 = 0.05;
/// When callees explain at least this share of what is shown, that speaks against the component.
const MOSTLY: f64 = 0.5;
/// Where a cause would show to others: a component that is normal in all that was looked at of these is an unlikely cause.
const FELT: [Channel; 4] = [Channel::Latency, Channel::Error, Channel::Events, Channel::LogErrors];

impl View<'_> {
    pub(super) fn cause(&self, component: usize, posterior: &Posterior) -> Cause {
        let evidence = self.mean_evidence(component, posterior);
        let mut shares: Vec<Share> = Channel::ALL
            .into_iter()
            .zip(evidence)
            .filter(|(_, evidence)| *evidence != 0.0)
            .map(|(channel, evidence)| Share {
                channel,
                evidence,
                contribution: evidence * self.weights.channels[channel as usize],
            })
            .collect();
        shares.sort_by(|a, b| b.contribution.total_cmp(&a.contribution));
        let onset = self.likeliest(component);
        let supporting = shares
            .iter()
            .filter(|share| share.contribution > 0.0 && share.evidence >= LITTLE);
        Cause {
            component: crate::bounds::count(component),
            probability: posterior.components.get(component).copied().unwrap_or(0.0),
            supporting: supporting
                .map(|share| Support {
                    channel: share.channel,
                    witnesses: self.witnesses(component, onset, share.channel.features()),
                })
                .collect(),
            contradicting: self.contradicting(component, onset, &evidence),
            shares,
        }
    }

    /// Evidence over the onsets, each as likely as it is if the component is the cause.
    fn mean_evidence(&self, component: usize, posterior: &Posterior) -> [f64; CHANNELS] {
        let mut mean = [0.0; CHANNELS];
        let likely = posterior.onsets.get(component).map_or(&[][..], Vec::as_slice);
        for (evidence, likely) in self.evidence.iter().zip(likely) {
            if let Some(row) = evidence.rows.get(component) {
                for (mean, value) in mean.iter_mut().zip(row) {
                    *mean += likely * value;
                }
            }
        }
        mean
    }

    fn witnesses(&self, component: usize, onset: usize, features: &[Feature]) -> Vec<Witness> {
        let Some(seen) = self.features.get(onset) else {
            return Vec::new();
        };
        features
            .iter()
            .filter_map(|feature| seen.witness(component, *feature).cloned())
            .collect()
    }

    fn contradicting(&self, component: usize, onset: usize, evidence: &[f64; CHANNELS]) -> Vec<Contradiction> {
        let mut against: Vec<Contradiction> = FELT
            .into_iter()
            .filter_map(|channel| self.explained(component, onset, channel, evidence))
            .collect();
        let lowering = Channel::ALL.into_iter().filter(|channel| channel.speaks_against());
        against.extend(
            lowering
                .filter(|channel| evidence[*channel as usize] >= LITTLE)
                .map(|channel| Contradiction::Lowered { channel }),
        );
        let normal = FELT.into_iter().filter(|channel| {
            let shown = evidence[*channel as usize] + channel.explained().map_or(0.0, |twin| evidence[twin as usize]);
            shown < LITTLE && self.is_observed(component, *channel)
        });
        against.extend(normal.map(|channel| Contradiction::Normal { channel }));
        against
    }

    /// Whether a channel was looked at for a component, at any onset.
    pub(super) fn is_observed(&self, component: usize, channel: Channel) -> bool {
        self.features.iter().any(|features| {
            channel
                .features()
                .iter()
                .any(|feature| features.is_observed(component, *feature))
        })
    }

    fn explained(
        &self,
        component: usize,
        onset: usize,
        channel: Channel,
        evidence: &[f64; CHANNELS],
    ) -> Option<Contradiction> {
        let explained = evidence[channel.explained()? as usize];
        let all = evidence[channel as usize] + explained;
        if all < LITTLE || explained < MOSTLY * all {
            return None;
        }
        let rows = &self.evidence.get(onset)?.rows;
        let shows = |at: u32| {
            rows.get(at as usize).map_or(0.0, |row| {
                let wire = if channel == Channel::Latency {
                    row[Channel::Wire as usize]
                } else {
                    0.0
                };
                let twin = channel.explained().map_or(0.0, |twin| row[twin as usize]);
                (row[channel as usize] + twin).max(wire)
            })
        };
        let by = self
            .graph
            .explaining(component)
            .iter()
            .copied()
            .filter(|callee| shows(*callee) >= LITTLE)
            .max_by(|a, b| shows(*a).total_cmp(&shows(*b)));
        let wrong = |at: u32| rows.get(at as usize).map_or(0.0, |row| row[Channel::Clock as usize]);
        let by_clock = self
            .graph
            .neighbours(component)
            .filter(|neighbour| by.is_none() && channel != Channel::Latency && wrong(*neighbour) >= LITTLE)
            .max_by(|a, b| wrong(*a).total_cmp(&wrong(*b)));
        let by = by.or(by_clock);
        let mut features = channel.features().to_vec();
        if by_clock.is_some() {
            features = Channel::Clock.features().to_vec();
        } else if by.is_none() {
            features = vec![Feature::TrafficUp];
        } else if channel == Channel::Latency {
            features.extend(Channel::Wire.features());
        }
        Some(Contradiction::Explained {
            channel,
            share: explained / all,
            by,
            by_clock: by_clock.is_some(),
            witnesses: self.witnesses(by.map_or(component, |by| by as usize), onset, &features),
        })
    }
}
