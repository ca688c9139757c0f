//! Settling a set once all is read: points in order, counters as rates, means of histograms, owners by what is known.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Kind, Owner, Points, Role, Series, SeriesSet, owner, role};

/// A counter may begin anew this often, as a share of its steps; a curve that falls more often is none.
const RESETS: f64 = 0.05;

impl SeriesSet {
    /// Makes series of what was read. `components` are names that are known otherwise, from a topology or from traces.
    ///
    /// To be called once, after the last source.
    pub fn settle(&mut self, components: &BTreeSet<String>) {
        for place in 0..self.series.len() {
            let (late, dropped) = self.series[place].points.settle();
            self.summary.out_of_order += late;
            self.summary.duplicates += dropped;
            let told = self.told[place];
            self.summary.resets += count(&mut self.series[place], told);
        }
        self.means();
        self.owners(components);
    }

    /// Adds the mean of each histogram or summary that has both count and sum.
    fn means(&mut self) {
        let key = |series: &Series, base: &str| (series.owner.clone(), base.to_owned(), series.labels.clone());
        let mut counts: HashMap<_, usize> = HashMap::new();
        for (place, series) in self.series.iter().enumerate().filter(|(_, series)| is_rate(series)) {
            if let Some(base) = series.name.strip_suffix("_count") {
                counts.insert(key(series, base), place);
            }
        }
        let mut means = Vec::new();
        for sum in self.series.iter().filter(|series| is_rate(series)) {
            let Some(base) = sum.name.strip_suffix("_sum") else {
                continue;
            };
            let Some(count) = counts.get(&key(sum, base)).map(|place| &self.series[*place]) else {
                continue;
            };
            means.push(mean(sum, count, base));
        }
        self.told.extend(means.iter().map(|_| true));
        self.series.extend(means);
    }

    fn owners(&mut self, components: &BTreeSet<String>) {
        let mut known = components.clone();
        let mut spelled: BTreeMap<String, String> = components
            .iter()
            .map(|name| (name.to_lowercase(), name.clone()))
            .collect();
        for series in &self.series {
            if let Owner::Component(name) = &series.owner {
                known.insert(name.clone());
                // A name that has instances is how it is deployed.
                if series
                    .labels
                    .values()
                    .any(|value| value.len() > name.len() && value.starts_with(name.as_str()))
                {
                    spelled.entry(name.to_lowercase()).or_insert_with(|| name.clone());
                }
            }
        }
        for series in &mut self.series {
            let stem = match &series.owner {
                Owner::Component(name) if series.reasons.owner == "its file is named so" => name.clone(),
                Owner::Unknown => String::new(),
                _ => {
                    owner::respell(series, &spelled);
                    continue;
                }
            };
            let Some(edge) = owner::edge(&series.name, &stem, &known) else {
                owner::respell(series, &spelled);
                continue;
            };
            series.owner = edge;
            series.reasons.owner = "its name is that of two components".into();
            series.name = if stem.is_empty() { "edge".to_owned() } else { stem };
            let (role, reason) = role::role(&series.name, series.unit.as_deref(), std::iter::empty());
            (series.role, series.reasons.role) = (role, reason);
            series.statistic = role::statistic(&series.name);
            if role == Role::Other
                && series
                    .statistic
                    .as_deref()
                    .is_some_and(|statistic| statistic.starts_with('p'))
            {
                series.role = Role::Latency;
                series.reasons.role = "percentiles of what passes between two components are latencies".into();
            }
        }
    }
}

fn is_rate(series: &Series) -> bool {
    series.kind == Kind::Counter && !series.points.is_empty()
}

/// Turns a counter into a rate per second. Gives how often it began anew.
fn count(series: &mut Series, told: bool) -> u64 {
    if series.kind != Kind::Counter {
        if series.kind == Kind::HistogramPart {
            series.role = Role::Other;
            series.reasons.role = "a bucket tells nothing alone".into();
        }
        return 0;
    }
    let falls: Vec<(f64, f64)> = (series.points.values.windows(2))
        .filter(|pair| pair[1] < pair[0])
        .map(|pair| (pair[0], pair[1]))
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "counts of points")]
    let share = falls.len() as f64 / series.points.len().max(2) as f64;
    let fallen = falls.iter().all(|(before, after)| *after <= before / 2.0);
    if !told && (share > RESETS || !fallen) {
        series.kind = Kind::Gauge;
        series.reasons.kind = "its name ends like a counter's, but its values fall".into();
        return 0;
    }
    let old = std::mem::take(&mut series.points);
    let mut points = Points::default();
    for place in 1..old.len() {
        let (before, after) = (old.values[place - 1], old.values[place]);
        // A counter that fell began anew at zero, as Prometheus' `rate` takes it.
        let grown = if after < before { after } else { after - before };
        #[expect(clippy::cast_precision_loss, reason = "seconds to be divided by")]
        let seconds = (old.times[place] - old.times[place - 1]) as f64 / 1e6;
        let rate = grown / seconds;
        if rate.is_finite() {
            points.push(old.times[place], rate, old.rows[place]);
        }
    }
    series.points = points;
    series.unit = Some(
        series
            .unit
            .as_deref()
            .map_or_else(|| "/s".to_owned(), |unit| format!("{unit}/s")),
    );
    if series.role == Role::Latency {
        (series.role, series.reasons.role) = if series.name.ends_with("_count") {
            (Role::Traffic, "it counts what has a duration".into())
        } else {
            (
                Role::Other,
                "a sum of durations tells nothing without their count".into(),
            )
        };
    }
    falls.len() as u64
}

fn mean(sum: &Series, count: &Series, base: &str) -> Series {
    let mut points = Points::default();
    let mut place = 0;
    for (number, time) in sum.points.times.iter().enumerate() {
        while count.points.times.get(place).is_some_and(|at| at < time) {
            place += 1;
        }
        if count.points.times.get(place) == Some(time) && count.points.values[place] > 0.0 {
            let mean = sum.points.values[number] / count.points.values[place];
            if mean.is_finite() {
                points.push(*time, mean, sum.points.rows[number]);
            }
        }
    }
    let unit = sum
        .unit
        .as_deref()
        .and_then(|unit| unit.strip_suffix("/s"))
        .filter(|unit| !unit.is_empty());
    let labels = sum.labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    let (role, reason) = role::role(base, unit, labels);
    let mut reasons = sum.reasons.clone();
    reasons.kind = "it is the rate of a sum over the rate of its count".into();
    reasons.role = reason;
    Series {
        owner: sum.owner.clone(),
        name: base.to_owned(),
        labels: sum.labels.clone(),
        statistic: Some("mean".into()),
        kind: Kind::Gauge,
        unit: unit.map(str::to_owned),
        role,
        reasons,
        points,
    }
}
