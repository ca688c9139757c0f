//! Two sets become one: what was read apart is added as if it had been read here.

use super::SeriesSet;

impl SeriesSet {
    /// Adds all of another set that was not settled either, so that this one is as if the sources of the other had been read into
    /// it next. False, and nothing is added, where that cannot be said without reading them: one of the two was thinned, or
    /// there is no room for all.
    pub fn absorb(&mut self, other: Self) -> bool {
        let whole = self.stride == 1 && other.stride == 1 && other.summary.unkept == 0;
        let fits = self.heap_size() + other.heap_size() <= self.limits.bytes
            && self.series.len() + other.series.len() <= self.limits.series
            && self.names + other.names <= self.limits.names;
        if !whole || !fits {
            return false;
        }
        let first = self.rows.append(other.rows);
        let mut keys = vec![Vec::new(); other.series.len()];
        for (key, place) in other.index {
            keys[place as usize] = key;
        }
        for ((mut series, told), key) in other.series.into_iter().zip(other.told).zip(keys) {
            for row in &mut series.points.rows {
                *row += first;
            }
            self.points += series.points.len();
            if let Some(&known) = self.index.get(&key) {
                self.series[known as usize].points.append(series.points);
                continue;
            }
            self.names += key.len();
            self.index
                .insert(key, u32::try_from(self.series.len()).unwrap_or(u32::MAX));
            self.series.push(series);
            self.told.push(told);
            self.offered.push(0);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        logs::time::TimeContext,
        metrics::{
            SeriesLimits,
            read::{Format, ReadOptions, read},
        },
        source::Origin,
    };

    const FILES: [(&str, &str); 3] = [
        (
            "cart.csv",
            "time,pod,cpu(%),requests_total\n1661140800,a,1,5\n1661140860,a,2,\n1661140860,b,3,7\n",
        ),
        ("cart.csv", "time,pod,cpu(%)\n1661140920,b,4\n1661140980,c,\"5\"\n"),
        ("db.csv", "time,cpu,mem\n1661140800,7,8\n"),
    ];

    fn add(set: &mut SeriesSet, (name, text): (&str, &str)) {
        let options = ReadOptions::new(TimeContext { reference: 0, zone: 0 });
        let origin = Origin::file(name);
        read(text.as_bytes(), &origin, Format::Separated, &options, set).unwrap();
    }

    fn alone(limits: SeriesLimits, file: (&str, &str)) -> SeriesSet {
        let mut set = SeriesSet::new(limits);
        add(&mut set, file);
        set
    }

    /// All that can be seen of a set.
    fn seen(set: &SeriesSet) -> String {
        let quotes = |series: &crate::metrics::Series| {
            let rows = series.points.rows.iter();
            rows.map(|row| set.quote(*row)).collect::<Vec<_>>()
        };
        let series = set
            .series()
            .iter()
            .map(|series| format!("{series:?} {:?}", quotes(series)));
        let all: Vec<String> = series.collect();
        format!("{all:#?} {:?} {}", set.summary(), set.heap_size())
    }

    #[test]
    fn what_was_read_apart_is_added_as_if_it_had_been_read_here() {
        let limits = SeriesLimits::default();
        let (mut one, mut parts) = (SeriesSet::new(limits), SeriesSet::new(limits));
        for file in FILES {
            add(&mut one, file);
            assert!(parts.absorb(alone(limits, file)));
        }
        assert_eq!(seen(&parts), seen(&one));
        add(&mut one, FILES[0]);
        add(&mut parts, FILES[0]);
        assert_eq!(seen(&parts), seen(&one), "it goes on in the same way");
    }

    #[test]
    fn a_set_without_room_stays_as_it_is() {
        let whole = SeriesLimits::default();
        for limits in [
            SeriesLimits { bytes: 250, ..whole },
            SeriesLimits { series: 5, ..whole },
            SeriesLimits { names: 120, ..whole },
        ] {
            let mut set = alone(limits, FILES[0]);
            let before = seen(&set);
            assert!(!set.absorb(alone(whole, FILES[1])), "{limits:?}");
            assert_eq!(seen(&set), before);
        }
        let thinned = alone(SeriesLimits { bytes: 200, ..whole }, FILES[0]);
        assert!(thinned.summary().thinned > 0);
        assert!(!SeriesSet::new(whole).absorb(thinned));
    }
}
