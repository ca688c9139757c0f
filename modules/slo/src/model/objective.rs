//! Objectives as whole parts per million, because 99.95 has no exact binary form and budgets are compared exactly.

use std::fmt;

/// Parts per million of one; 1 % is 10,000.
pub type Ppm = u32;

const WHOLE: Ppm = 1_000_000;

/// The share of events that must be good: above 0 % and at most 99.9999 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Objective(Ppm);

/// The number cannot be an objective.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum InvalidObjective {
    /// 100 % leaves no budget: the first bad event would break the promise for a whole window, and a burn rate would divide
    /// by zero.
    #[error(
        "an objective of 100 % leaves no error budget, so no burn rate exists and the first failed probe would break it for the whole window; promise at most 99.9999 %"
    )]
    NoBudget,
    /// Not between 0 and 100.
    #[error("{0} is not an objective; give a percentage above 0 and at most 99.9999, such as 99.9")]
    OutOfRange(f64),
    /// Finer than the four decimals that are kept.
    #[error("{0} has more than four decimals; the finest objective is 99.9999 %")]
    TooFine(f64),
}

impl Objective {
    /// From a percentage such as `99.9`.
    ///
    /// # Errors
    /// When it is not above 0 and at most 99.9999 with at most four decimals.
    pub fn from_percent(percent: f64) -> Result<Self, InvalidObjective> {
        if !percent.is_finite() || percent <= 0.0 || percent > 100.0 {
            return Err(InvalidObjective::OutOfRange(percent));
        }
        let scaled = percent * 10_000.0;
        let rounded = scaled.round();
        // A double near 100 is exact to about 1e-14, so any true four-decimal number is well within this tolerance.
        if (scaled - rounded).abs() > 1e-6 {
            return Err(InvalidObjective::TooFine(percent));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked to lie in (0, 1,000,000]"
        )]
        let ppm = rounded as Ppm;
        match ppm {
            WHOLE.. => Err(InvalidObjective::NoBudget),
            0 => Err(InvalidObjective::OutOfRange(percent)),
            ppm => Ok(Self(ppm)),
        }
    }

    /// From stored parts per million.
    ///
    /// # Errors
    /// When it is 0 or leaves no budget.
    pub fn from_ppm(ppm: Ppm) -> Result<Self, InvalidObjective> {
        match ppm {
            0 => Err(InvalidObjective::OutOfRange(0.0)),
            WHOLE.. => Err(InvalidObjective::NoBudget),
            ppm => Ok(Self(ppm)),
        }
    }

    /// Parts per million that must be good.
    pub fn ppm(self) -> Ppm {
        self.0
    }

    /// Parts per million that may be bad; at least 1.
    pub fn budget_ppm(self) -> Ppm {
        WHOLE - self.0
    }

    /// The objective in percent.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// The share that may be bad, between 0 and 1.
    pub fn budget_ratio(self) -> f64 {
        f64::from(self.budget_ppm()) / f64::from(WHOLE)
    }

    /// How many minutes of `window_s` seconds may be bad, if events are evenly spread.
    pub fn allowed_minutes(self, window_s: i64) -> f64 {
        // Multiplied before it is divided, so that 99.9 % of 30 days is 43.2 and not 43.199999.
        #[expect(
            clippy::cast_precision_loss,
            reason = "a year of seconds times a million is exact in 53 bits"
        )]
        let product = (i64::from(self.budget_ppm()) * window_s) as f64;
        product / 60_000_000.0
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "budgets that are exact are compared exactly")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn three_nines_are_43_point_2_minutes_in_30_days_and_10_point_08_in_7() {
        let objective = Objective::from_percent(99.9).unwrap();
        assert_eq!(objective.ppm(), 999_000);
        assert_eq!(objective.allowed_minutes(30 * 86_400), 43.2);
        assert_eq!(objective.allowed_minutes(7 * 86_400), 10.08);
    }

    #[test]
    fn a_hundred_percent_is_refused_with_the_reason() {
        let error = Objective::from_percent(100.0).unwrap_err();
        assert_eq!(error, InvalidObjective::NoBudget);
        assert!(error.to_string().contains("no error budget"), "{error}");
    }

    #[test]
    fn nonsense_is_refused() {
        for bad in [0.0, -1.0, 100.1, f64::NAN, f64::INFINITY, 0.000_04] {
            assert!(Objective::from_percent(bad).is_err(), "{bad} was accepted");
        }
        assert_eq!(
            Objective::from_percent(99.999_99),
            Err(InvalidObjective::TooFine(99.999_99))
        );
    }

    proptest! {
        #[test]
        fn every_four_decimal_percentage_is_kept_exactly(ppm in 1_u32..1_000_000) {
            let objective = Objective::from_percent(f64::from(ppm) / 10_000.0).unwrap();
            prop_assert_eq!(objective.ppm(), ppm);
            prop_assert_eq!(Objective::from_percent(objective.percent()), Ok(objective));
        }
    }
}
