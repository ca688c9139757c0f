//! Known incidents as times that are not normal, in an order that can be asked fast. It knows nothing of what is measured.

use crate::{question::Incident, windows::SECOND};

/// An incident in samples lasts this long when its end is not known (D).
const IN_SAMPLES: i64 = 390 * SECOND;
/// No normal visit starts from so long before an incident to so long after its told time (D).
const IN_VISITS: (i64, i64) = (5 * SECOND, 240 * SECOND);

/// Times to leave out of what is normal: spans that neither touch nor include their ends, ascending.
#[derive(Debug, Default)]
pub struct Excluded {
    spans: Vec<(i64, i64)>,
}

impl Excluded {
    /// As samples see incidents.
    pub fn from_samples(incidents: &[Incident]) -> Self {
        Self::of(incidents, 0, IN_SAMPLES)
    }

    /// As visits and lines of logs see incidents.
    pub fn from_visits(incidents: &[Incident]) -> Self {
        Self::of(incidents, IN_VISITS.0, IN_VISITS.1)
    }

    fn of(incidents: &[Incident], before: i64, after: i64) -> Self {
        let mut all: Vec<(i64, i64)> = incidents
            .iter()
            .map(|incident| {
                let end = incident.end.unwrap_or_else(|| incident.start.saturating_add(after));
                (incident.start.saturating_sub(before), end)
            })
            .filter(|(start, end)| start < end)
            .collect();
        all.sort_unstable();
        let mut spans: Vec<(i64, i64)> = Vec::with_capacity(all.len());
        for (start, end) in all {
            match spans.last_mut() {
                Some(last) if start < last.1 => last.1 = last.1.max(end),
                _ => spans.push((start, end)),
            }
        }
        Self { spans }
    }

    /// The spans, without their ends.
    pub fn spans(&self) -> &[(i64, i64)] {
        &self.spans
    }

    /// Whether nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Whether a time may count as normal.
    pub fn is_free(&self, time: i64) -> bool {
        let after = self.spans.partition_point(|(start, _)| *start < time);
        after
            .checked_sub(1)
            .and_then(|at| self.spans.get(at))
            .is_none_or(|(_, end)| time >= *end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_time_is_free_when_no_incident_covers_it(
            incidents in prop::collection::vec((0..2_000_i64, prop::option::of(0..2_000_i64)), 0..12),
            time in -100..3_000_i64,
        ) {
            let incidents: Vec<Incident> = incidents
                .into_iter()
                .map(|(start, end)| Incident { start: start * SECOND, end: end.map(|end| end * SECOND) })
                .collect();
            let time = time * SECOND;
            let covered = incidents.iter().any(|incident| {
                time > incident.start && time < incident.end.unwrap_or(incident.start + IN_SAMPLES)
            });
            prop_assert_eq!(Excluded::from_samples(&incidents).is_free(time), !covered);
        }
    }
}
