//! What really was: the services, and when each of them was down. Drawn from the seed before anything runs.

use std::{collections::BTreeMap, fmt, time::Duration};

use mainstay_testkit::simulation::Chance;

/// Services, each with those it cannot do without. Those come first.
pub const SERVICES: [(&str, &[&str]); 6] = [
    ("data", &[]),
    ("auth", &[]),
    ("api", &["data", "auth"]),
    ("web", &["api"]),
    ("jobs", &["data"]),
    ("mail", &[]),
];
/// The service that is maintained once.
pub const MAINTAINED: &str = "mail";

/// Ports that services answer on, each of which has a check: health, and readiness where there is one.
pub const HEALTH: u16 = 80;
/// See [`HEALTH`].
pub const READINESS: u16 = 81;

/// How a service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// Nobody listens.
    Refuses,
    /// Connections are accepted, and nothing comes.
    Silent,
    /// It answers that it cannot.
    Errors,
    /// It is up and down in turns of this length.
    Flaps(Duration),
}

/// A time in which a service was down. Times are counted from the beginning of the simulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outage {
    /// Its first moment.
    pub from: Duration,
    /// The first moment after it.
    pub to: Duration,
    /// How.
    pub manner: Manner,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, manner } = self;
        write!(f, "down from {} s to {} s ({manner:?})", from.as_secs(), to.as_secs())
    }
}

/// How often services are down.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// When everything is up, at the beginning and at the end.
    pub calm: Duration,
    /// The least and the most from one outage of a service to the next.
    pub between: (Duration, Duration),
    /// How long the longest last.
    pub longest: Duration,
    /// When the maintained service is, and for how long.
    pub maintenance: (Duration, Duration),
}

/// Everything that is true of the services.
#[derive(Debug)]
pub struct Truth {
    /// Of each service, in order and without overlaps.
    pub outages: BTreeMap<&'static str, Vec<Outage>>,
    /// The maintenance of [`MAINTAINED`].
    pub maintenance: (Duration, Duration),
}

impl Truth {
    /// Draws it.
    pub fn draw(chance: &Chance, weather: &Weather, lasts: Duration) -> Self {
        let end = lasts.saturating_sub(weather.calm);
        let mut outages: BTreeMap<&'static str, Vec<Outage>> = BTreeMap::new();
        for (service, needs) in SERVICES {
            let mut own = drawn(chance, weather, end);
            // What a service cannot do without takes it down now and then.
            for need in needs {
                let above = outages.get(need).into_iter().flatten();
                let taken_down = above.filter(|_| chance.percent(30)).map(|above| Outage {
                    from: above.from + chance.millis(0, 30_000),
                    to: above.to + chance.millis(0, 30_000),
                    manner: Manner::Errors,
                });
                own.extend(taken_down.collect::<Vec<_>>());
            }
            outages.insert(service, apart(own));
        }
        let (from, lasts) = weather.maintenance;
        if let Some(maintained) = outages.get_mut(MAINTAINED) {
            // During maintenance it is down for sure, and nobody is to be told.
            maintained.push(Outage {
                from: from + lasts / 4,
                to: from + lasts / 2,
                manner: Manner::Refuses,
            });
            maintained.sort_by_key(|outage| outage.from);
            *maintained = apart(std::mem::take(maintained));
        }
        Self {
            outages,
            maintenance: (from, from + lasts),
        }
    }

    /// How a service is down at a time, if it is.
    pub fn at(&self, service: &str, at: Duration) -> Option<Manner> {
        let outages = self.outages.get(service)?;
        let next = outages.partition_point(|outage| outage.from <= at);
        let outage = outages[..next].last().filter(|outage| at < outage.to)?;
        match outage.manner {
            Manner::Flaps(turn) => {
                let turns = at.saturating_sub(outage.from).as_millis() / turn.as_millis().max(1);
                turns.is_multiple_of(2).then_some(Manner::Refuses)
            }
            manner => Some(manner),
        }
    }
}

fn drawn(chance: &Chance, weather: &Weather, end: Duration) -> Vec<Outage> {
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let (least, most) = (millis(weather.between.0), millis(weather.between.1));
    let mut outages = Vec::new();
    let mut from = weather.calm + chance.millis(0, most);
    loop {
        let lasts = match chance.below(10) {
            // Most of these are over before anybody has looked three times.
            0..=2 => chance.millis(5_000, 90_000),
            3..=7 => chance.millis(180_000, 1_800_000),
            _ => chance.millis(1_800_000, millis(weather.longest)),
        };
        let to = from + lasts;
        if to >= end {
            return outages;
        }
        let manner = match chance.below(8) {
            0 => Manner::Flaps(chance.millis(20_000, 200_000)),
            1 | 2 => Manner::Silent,
            3 | 4 => Manner::Errors,
            _ => Manner::Refuses,
        };
        outages.push(Outage { from, to, manner });
        from = to + chance.millis(least, most);
    }
}

/// One after the other: of those that touch, the first lasts as long as all of them.
fn apart(mut outages: Vec<Outage>) -> Vec<Outage> {
    outages.sort_by_key(|outage| outage.from);
    let mut apart: Vec<Outage> = Vec::with_capacity(outages.len());
    for outage in outages {
        match apart.last_mut() {
            Some(last) if outage.from <= last.to => {
                last.to = last.to.max(outage.to);
                // As a whole it is as steady as its steadiest part.
                if matches!(last.manner, Manner::Flaps(_)) {
                    last.manner = Manner::Errors;
                }
            }
            _ => apart.push(outage),
        }
    }
    apart
}
