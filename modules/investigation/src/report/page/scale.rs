//! Scales: where a time or a value lies along an axis, and which marks the axis carries.

use maud::{Markup, html};

use crate::report::{
    Onset, Span,
    words::{self, Clock, SECOND},
};

/// Steps of an axis of time, in seconds: those that people count in.
const STEPS: [i64; 25] = [
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1_800,
    3_600,
    7_200,
    10_800,
    21_600,
    43_200,
    86_400,
    172_800,
    604_800,
    1_209_600,
    2_592_000,
    7_776_000,
    31_536_000,
    315_360_000,
];

/// A stretch of time drawn from 0 to 100.
#[derive(Debug, Clone, Copy)]
pub struct TimeScale {
    from: i64,
    to: i64,
}

impl TimeScale {
    /// Around all these times, with a little room on both sides. Nothing when there are none.
    pub fn around(times: impl IntoIterator<Item = i64>) -> Option<Self> {
        let (from, to) = times
            .into_iter()
            .fold((i64::MAX, i64::MIN), |(from, to), time| (from.min(time), to.max(time)));
        (from <= to).then(|| {
            let room = (to.saturating_sub(from) / 25).max(SECOND);
            Self {
                from: from.saturating_sub(room),
                to: to.saturating_add(room),
            }
        })
    }

    /// Exactly this stretch; at least a second.
    pub fn of(span: Span) -> Self {
        Self {
            from: span.from,
            to: span.to.max(span.from.saturating_add(SECOND)),
        }
    }

    /// Its first microsecond.
    pub fn from(self) -> i64 {
        self.from
    }

    /// Its end.
    pub fn to(self) -> i64 {
        self.to
    }

    /// Whether a time lies on it.
    pub fn holds(self, time: i64) -> bool {
        (self.from..=self.to).contains(&time)
    }

    /// Where a time lies, in hundredths of the whole, at its ends when it lies beyond them.
    #[expect(clippy::cast_precision_loss, reason = "a place on a screen")]
    pub fn place(self, time: i64) -> f64 {
        let whole = (i128::from(self.to) - i128::from(self.from)) as f64;
        let part = (i128::from(time) - i128::from(self.from)) as f64;
        (part / whole * 100.0).clamp(0.0, 100.0)
    }

    /// At most so many ticks and the step between them.
    pub fn ticks(self, most: i64) -> (i64, Vec<i64>) {
        let length = self.to.saturating_sub(self.from);
        let step = STEPS
            .iter()
            .map(|seconds| seconds * SECOND)
            .find(|step| length / step < most)
            .unwrap_or(length / most + 1);
        let first = self.from.div_euclid(step).saturating_add(1).saturating_mul(step);
        let ticks = (0..most).map_while(|place| {
            let tick = first.checked_add(step.checked_mul(place)?)?;
            (tick <= self.to).then_some(tick)
        });
        (step, ticks.collect())
    }

    /// Its labels, as a strip of its own.
    pub fn axis(self, clock: Clock, most: i64) -> Markup {
        let (step, ticks) = self.ticks(most);
        html! {
            svg.axis width="100%" height="20" aria-hidden="true" {
                @for tick in &ticks {
                    @let place = self.place(*tick);
                    @if (4.0..=96.0).contains(&place) {
                        text x=(at(place)) y="14" text-anchor="middle" { (clock.tick(*tick, step)) }
                    }
                }
            }
        }
    }

    /// Hairlines at the ticks, from the top down to `height`.
    pub fn grid(self, most: i64, height: u32) -> Markup {
        html! {
            @for tick in &self.ticks(most).1 {
                @let x = at(self.place(*tick));
                line.grid x1=(x) x2=(x) y1="0" y2=(height) {}
            }
        }
    }

    /// The onset: a band as wide as its uncertainty and a line where it is likeliest.
    pub fn onset(self, onset: Option<&Onset>, height: u32) -> Markup {
        let Some(onset) = onset.filter(|onset| onset.earliest <= self.to && onset.latest >= self.from) else {
            return html! {};
        };
        let (left, right) = (self.place(onset.earliest), self.place(onset.latest));
        let x = at(self.place(onset.at));
        html! {
            rect.onset-band x=(at(left)) width=(at((right - left).max(0.2))) y="0" height=(height) {}
            line.onset-line x1=(x) x2=(x) y1="0" y2=(height) {}
        }
    }
}

/// A place on an axis, as a length.
pub fn at(place: f64) -> String {
    format!("{place:.2}%")
}

/// An axis of values, in the multiple of their unit that leaves few digits.
#[derive(Debug, Clone)]
pub struct ValueScale {
    factor: f64,
    unit: String,
    low: f64,
    high: f64,
    step: f64,
}

impl ValueScale {
    /// Around all finite values. Nought is on it when it is near: a rise from 100 to 101 must not look like one from 0.
    pub fn around(values: impl IntoIterator<Item = f64>, unit: Option<&str>) -> Option<Self> {
        let finite = values
            .into_iter()
            .filter(|value| value.is_finite() && value.abs() < 1e300);
        let (least, greatest) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, g), v| (l.min(v), g.max(v)));
        if least > greatest {
            return None;
        }
        let (factor, unit) = words::multiple(least.abs().max(greatest.abs()), unit);
        let (mut low, mut high) = (least / factor, greatest / factor);
        // Nought is near when it is no further from the values than twice their spread.
        let spread = high - low;
        if low > 0.0 && low <= spread * 2.0 {
            low = 0.0;
        }
        if high < 0.0 && -high <= spread * 2.0 {
            high = 0.0;
        }
        if low >= high {
            let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            (low, high) = if low == 0.0 {
                (0.0, room)
            } else {
                (low - room, high + room)
            };
        }
        let step = step((high - low) / 3.0);
        if step.is_nan() || step <= 0.0 {
            return None;
        }
        let (low, high) = ((low / step + 1e-9).floor() * step, (high / step - 1e-9).ceil() * step);
        Some(Self {
            factor,
            unit,
            low,
            high,
            step,
        })
    }

    /// The unit of its labels.
    pub fn unit(&self) -> &str {
        &self.unit
    }

    /// Its least value, in that unit.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// Its greatest value, in that unit.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Where a value lies below the top, from 0 to `height`.
    pub fn down(&self, value: f64, height: f64) -> f64 {
        ((self.high - value / self.factor) / (self.high - self.low) * height).clamp(0.0, height)
    }

    /// Values that carry a label, from below, each with it.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let ticks = (0..=6).map(|place| self.low + self.step * f64::from(place));
        let ticks = ticks.take_while(|tick| *tick <= self.high + self.step * 0.01);
        // A sum of steps may miss nought by a rounding.
        let ticks = ticks.map(|tick| if tick.abs() < self.step * 0.01 { 0.0 } else { tick });
        ticks
            .map(|tick| (tick * self.factor, words::significant(tick, 4)))
            .collect()
    }
}

/// 1, 2 or 5 times a power of ten, not below this.
fn step(rough: f64) -> f64 {
    let power = 10f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .find(|factor| factor * power >= rough * 0.999);
    factor.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_of_time_fall_on_steps_that_people_count_in() {
        let scale = TimeScale::of(Span {
            from: 3 * SECOND,
            to: 603 * SECOND,
        });
        let (step, ticks) = scale.ticks(6);
        assert_eq!(step, 120 * SECOND);
        assert_eq!(ticks, [120, 240, 360, 480, 600].map(|second| second * SECOND));
    }

    #[test]
    fn ticks_of_values_are_round_and_hold_all_of_them() {
        let labels = |values: [f64; 2], unit: &str| {
            let ticks = ValueScale::around(values, Some(unit)).unwrap().ticks();
            ticks.into_iter().map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(labels([0.1, 0.94], "s"), ["0", "500", "1,000"]);
        assert_eq!(labels([1_000.0, 1_010.0], ""), ["1,000", "1,005", "1,010"]);
        assert_eq!(labels([380e6, 470e6], "B"), ["350", "400", "450"]);
        assert!(ValueScale::around([f64::NAN], None).is_none());
    }

    proptest! {
        #[test]
        fn any_time_has_a_place(from: i64, to: i64, time: i64) {
            let scale = TimeScale::around([from, to]).unwrap();
            prop_assert!((0.0..=100.0).contains(&scale.place(time)));
            prop_assert!(scale.ticks(8).1.len() <= 8);
        }

        #[test]
        fn any_value_has_a_place(values in prop::collection::vec(any::<f64>(), 0..5), value: f64) {
            if let Some(scale) = ValueScale::around(values, Some("B")) {
                let place = scale.down(value, 100.0);
                prop_assert!(place.is_nan() || (0.0..=100.0).contains(&place));
                prop_assert!(scale.ticks().len() <= 7);
            }
        }
    }
}
