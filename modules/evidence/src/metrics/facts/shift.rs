//! Shifts: a series leaves what was normal for it, upwards or downwards.

use serde::Serialize;

use crate::{
    metrics::{
        Owner, Role, Series, SeriesSet,
        baseline::{Band, Floors, at_hour, hours, thinned},
        change::{Scratch, Stretch, middle, middles, stretches},
    },
    quote::Quote,
};

/// Samples before a stretch from which they alone say what is normal (ADR 13, windows).
const BEFORE: usize = 60;
/// Scales beyond the band that are said. Below, a shift is as likely a night that was quieter than the day.
const LEAST: f64 = 1.0;
/// The first stretch is unusual only if it is at most this share of the rest: a fault is the smaller part.
const FIRST: f64 = 0.25;
/// A stretch of at least this share of what was normal before it is a new normal.
const NEW_NORMAL: f64 = 0.5;
/// A sample is a mean over the step before it, and what fills less than a third of that step does not show. Measured on
/// faults that were injected at a known time, with one sample a minute: without it 15 of 25 intervals hold that time, with
/// it 24.
const UNSEEN: i64 = 3;
/// Samples of a reference that halve the certainty.
const THIN: f64 = 5.0;

/// Where a series went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Above what was normal.
    Up,
    /// Below.
    Down,
}

/// When it began, in microseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Onset {
    /// The likeliest time: in the middle between the last sample that does not show it and the first that does.
    pub at: i64,
    /// With 90 % it is not earlier: the last sample before the first that may show it, less the part of a step that does
    /// not show.
    pub earliest: i64,
    /// With 90 % it is not later: the last sample that may be the first that shows it.
    pub latest: i64,
    /// The first sample that shows it.
    pub seen: i64,
}

/// A series left what was normal for it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ShiftFact {
    /// Place of the series in the set.
    pub series: usize,
    /// What the series is called.
    pub title: String,
    /// Whose it is.
    pub owner: Owner,
    /// What it tells of its owner.
    pub role: Role,
    /// Where it went.
    pub direction: Direction,
    /// What was normal, at the hour of the onset.
    pub normal: Band,
    /// Its median while it was unusual, of the stretch furthest out.
    pub value: f64,
    /// How far outside the band that is, in its scale.
    pub strength: f64,
    /// When it began.
    pub onset: Onset,
    /// When it was normal again, in microseconds since 1970; none where the data ends before.
    pub until: Option<i64>,
    /// Samples while it was unusual.
    pub samples: usize,
    /// How sure it is that this is no chance, from 0 to 1: s/(1+s) × n/(n+5), with s the strength times the root of the
    /// samples (of at most nine, as neighbours hang together) and n the samples that say what is normal.
    pub certainty: f64,
    /// The first sample that shows it.
    pub quote: Option<Quote>,
}

/// Judges one series after another.
#[derive(Debug, Default)]
pub struct Judge {
    changes: Scratch,
    values: Vec<f64>,
    reference: Vec<f64>,
    few: Vec<i64>,
    normal: Vec<(usize, usize)>,
}

/// A shift while its end is not known.
struct Open {
    direction: Direction,
    stretch: Stretch,
    band: Band,
    value: f64,
    strength: f64,
    samples: usize,
}

impl Judge {
    /// Points below which nothing is said.
    pub const FEWEST: usize = 8;

    /// Adds the shifts of a series.
    pub fn look(&mut self, place: usize, series: &Series, set: &SeriesSet, into: &mut Vec<ShiftFact>) {
        let floors = Floors::of(series);
        let points = &series.points;
        let hours = hours(points);
        self.values.clear();
        match &hours {
            Some(hours) => self.values.extend(
                (points.times.iter().zip(&points.values)).map(|(&time, value)| value - at_hour(Some(hours), time)),
            ),
            None => self.values.extend_from_slice(&points.values),
        }
        let median = middle(&points.values, &mut self.few);
        // A change that is less than half of the least distance is never said, so it need not be found.
        let found = stretches(&self.values, floors.least(median) / 2.0, &mut self.changes);
        if found.len() < 2 {
            return;
        }
        self.normal.clear();
        let mut open: Option<Open> = None;
        let mut levels = (f64::MAX, f64::MIN);
        let mut last_level = None;
        for (number, &stretch) in found.iter().enumerate() {
            let outside = self.outside(stretch, number == 0, floors, &found, levels, last_level);
            let length = stretch.to - stretch.from;
            let before: usize = self.normal.iter().map(|(from, to)| to - from).sum();
            #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
            let is_normal = outside.is_none() || length as f64 >= NEW_NORMAL * before as f64 && before > 0;
            if is_normal {
                let level = middle(&self.values[stretch.from..stretch.to], &mut self.few);
                levels = (level.min(levels.0), level.max(levels.1));
                last_level = Some(level);
                self.normal.push((stretch.from, stretch.to));
            }
            match (outside, &mut open) {
                (Some(now), Some(open)) if open.direction == now.direction => {
                    open.samples += now.samples;
                    if now.strength > open.strength {
                        (open.value, open.strength, open.band) = (now.value, now.strength, now.band);
                    }
                }
                (now, _) => {
                    if let Some(ended) = open.take() {
                        into.push(fact(place, series, set, hours.as_ref(), &ended, Some(stretch.from)));
                    }
                    open = now;
                }
            }
        }
        if let Some(ended) = open {
            into.push(fact(place, series, set, hours.as_ref(), &ended, None));
        }
    }

    /// Whether a stretch lies outside of what is normal for it.
    fn outside(
        &mut self,
        stretch: Stretch,
        first: bool,
        floors: Floors,
        all: &[Stretch],
        levels: (f64, f64),
        last_level: Option<f64>,
    ) -> Option<Open> {
        let Stretch { from, to, .. } = stretch;
        let own = &self.values[from..to];
        // The lower of two middle values for a rise, the upper for a drop: of two samples both must be outside.
        let (lower, upper) = middles(own, &mut self.few);
        if lower >= levels.0 && upper <= levels.1 {
            return None;
        }
        let before: usize = self.normal.iter().map(|(from, to)| to - from).sum();
        if before >= BEFORE {
            thinned(&self.values, &self.normal, &mut self.reference);
        } else {
            #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
            if first && (to - from) as f64 > FIRST * (self.values.len() - (to - from)) as f64 {
                return None;
            }
            let rest: Vec<(usize, usize)> = (all.iter())
                .filter(|other| other.from != from)
                .map(|other| (other.from, other.to))
                .collect();
            thinned(&self.values, &rest, &mut self.reference);
        }
        if self.reference.len() < Self::FEWEST / 2 {
            return None;
        }
        let band = floors.band(&mut self.reference)?;
        let local = last_level.unwrap_or(band.median);
        let up = (lower - band.high.max(local)) / band.scale;
        let down = (band.low.min(local) - upper) / band.scale;
        let (direction, strength, value) = if up > down {
            (Direction::Up, up, lower)
        } else {
            (Direction::Down, down, upper)
        };
        (strength >= LEAST).then_some(Open {
            direction,
            stretch,
            band,
            value,
            strength,
            samples: to - from,
        })
    }
}

fn fact(
    place: usize,
    series: &Series,
    set: &SeriesSet,
    hours: Option<&[f64; 24]>,
    open: &Open,
    until: Option<usize>,
) -> ShiftFact {
    let times = &series.points.times;
    let Stretch {
        from, earliest, latest, ..
    } = open.stretch;
    let before = times[from.saturating_sub(1)];
    let step = series.points.step().unwrap_or(0);
    let onset = Onset {
        // Over a gap nothing is known: it is taken to have begun a step before it was seen at most.
        at: times[from] - (times[from] - before).min(step) / 2,
        earliest: times[earliest.saturating_sub(1)] - step / UNSEEN,
        latest: times[latest.min(times.len() - 1)],
        seen: times[from],
    };
    let by = at_hour(hours, onset.seen);
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let certainty = {
        let strength = open.strength * (open.samples.min(9) as f64).sqrt();
        let reference = open.band.samples as f64;
        strength / (1.0 + strength) * reference / (reference + THIN)
    };
    ShiftFact {
        series: place,
        title: series.title(),
        owner: series.owner.clone(),
        role: series.role,
        direction: open.direction,
        normal: open.band.moved(by),
        value: open.value + by,
        strength: open.strength,
        onset,
        until: until.map(|at| times[at]),
        samples: open.samples,
        certainty,
        quote: set.quote(series.points.rows[from]),
    }
}
