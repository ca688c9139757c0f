//! Exact event counts of one SLO over any part of its window.
//!
//! Events of the last 13/12 of the quickest rule's long window are kept with their exact times, at most
//! [`MAX_EXACT`] of them; all events are kept in buckets on an absolute grid (bucket `n` is `[n * width, (n+1) * width)`). A
//! window that begins in the exact part is counted to the microsecond; one that begins before it is counted from the
//! beginning of the bucket it begins in, so it is at most one bucket longer than asked for, and a bad event is never
//! missed. Counts are never estimated.
//!
//! Adding an event is amortised O(1); a clock that was put back makes events arrive out of order, which costs a search and
//! a repacking, and puts them where their own time says.

use std::collections::VecDeque;

use mainstay_kernel::Micros;

use super::chunk::{Cell, Chunk, LEN};

/// The most events kept with their exact time; the exact part of the window becomes shorter for a busier SLO.
pub const MAX_EXACT: usize = 4_096;

#[expect(clippy::cast_possible_wrap, reason = "128")]
const CHUNK: i64 = LEN as i64;

/// How many events there were, and how many of them were bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All events.
    pub total: u64,
    /// The bad ones.
    pub bad: u64,
}

impl Counts {
    /// The share of bad events; nothing when there were no events, never NaN.
    pub fn bad_ratio(self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
        let ratio = (self.total > 0).then(|| self.bad as f64 / self.total as f64);
        ratio
    }

    fn add(&mut self, (total, bad): Cell) {
        self.total += u64::from(total);
        self.bad += u64::from(bad);
    }
}

/// The counts of one SLO.
#[derive(Debug, Clone)]
pub struct WindowCounts {
    width: Micros,
    exact_span: Micros,
    /// Events at or after this moment are in `recent`.
    exact_since: Micros,
    recent: VecDeque<Micros>,
    recent_bad: VecDeque<Micros>,
    /// By chunk number; only chunks that hold events.
    chunks: VecDeque<(i64, Chunk)>,
    /// The chunk last added to, which is kept open.
    open: Option<i64>,
    bad: u64,
    first: Option<Micros>,
}

impl WindowCounts {
    /// No events yet. `width` and `exact_span` in microseconds; events before `exact_since` come as buckets.
    pub fn new(width: Micros, exact_span: Micros, exact_since: Micros) -> Self {
        Self {
            width: width.max(1),
            exact_span,
            exact_since,
            recent: VecDeque::new(),
            recent_bad: VecDeque::new(),
            chunks: VecDeque::new(),
            open: None,
            bad: 0,
            first: None,
        }
    }

    /// The width of a bucket in microseconds.
    pub fn width(&self) -> Micros {
        self.width
    }

    /// The beginning of the bucket that `at` lies in.
    pub fn bucket_start(&self, at: Micros) -> Micros {
        at.div_euclid(self.width) * self.width
    }

    /// When the first event was, as far as is known: exactly, or as the beginning of its bucket.
    pub fn first(&self) -> Option<Micros> {
        self.first
    }

    /// Whether any bad event is kept; without one no rule can fire.
    pub fn any_bad(&self) -> bool {
        self.bad > 0
    }

    /// Counts one event.
    pub fn record(&mut self, at: Micros, bad: bool) {
        self.add_cell(at.div_euclid(self.width), (1, u32::from(bad)));
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        if at < self.exact_since {
            return;
        }
        insert_sorted(&mut self.recent, at);
        if bad {
            insert_sorted(&mut self.recent_bad, at);
        }
        if let Some(newest) = self.recent.back() {
            let mut since = newest - self.exact_span;
            if self.recent.len() > MAX_EXACT {
                since = since.max(self.recent[self.recent.len() - MAX_EXACT]);
            }
            self.forget_exact_before(since);
        }
    }

    /// Adds counts that were kept as a bucket, beginning at `at`.
    pub fn add_bucket(&mut self, at: Micros, total: u32, bad: u32) {
        if total == 0 {
            return;
        }
        self.add_cell(at.div_euclid(self.width), (total, bad.min(total)));
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        // Its exact times are unknown, so the exact part can only begin behind it.
        if at >= self.exact_since {
            self.forget_exact_before(at + self.width);
        }
    }

    /// The counts of the events after `from` and up to `to`.
    pub fn within(&self, from: Micros, to: Micros) -> Counts {
        if from.saturating_add(1) >= self.exact_since {
            Counts {
                total: count_within(&self.recent, from, to),
                bad: count_within(&self.recent_bad, from, to),
            }
        } else {
            self.buckets_within(from, to)
        }
    }

    /// The counts of the buckets from that of the first moment after `from` to that of `to`.
    pub fn buckets_within(&self, from: Micros, to: Micros) -> Counts {
        let first = from.saturating_add(1).div_euclid(self.width);
        let last = to.div_euclid(self.width);
        let mut counts = Counts::default();
        for (number, chunk) in self.overlapping(first, last) {
            let base = number * CHUNK;
            if first <= base && base + CHUNK - 1 <= last {
                counts.total += chunk.total;
                counts.bad += chunk.bad;
            } else if chunk.total > 0 {
                cells_between(chunk, base, first, last).for_each(|(_, cell)| counts.add(cell));
            }
        }
        counts
    }

    /// The buckets that overlap the time after `from` and up to `to`, by their beginning; empty ones are left out.
    pub fn buckets(&self, from: Micros, to: Micros) -> impl Iterator<Item = (Micros, Counts)> {
        let first = from.saturating_add(1).div_euclid(self.width);
        let last = to.div_euclid(self.width);
        self.overlapping(first, last)
            .flat_map(move |(number, chunk)| cells_between(chunk, number * CHUNK, first, last))
            .filter(|(_, cell)| cell.0 > 0)
            .map(|(bucket, cell)| {
                let mut counts = Counts::default();
                counts.add(cell);
                (bucket * self.width, counts)
            })
    }

    /// Counts slices instead of events: every closed bucket with any event is one slice, bad when it holds fewer than
    /// `minimum_milli_per_s / 1000` good events per second. A slice belongs to the moment it closes.
    pub fn slices_within(&self, from: Micros, to: Micros, minimum_milli_per_s: i64) -> Counts {
        let mut slices = Counts::default();
        for (at, counts) in self.buckets(from - self.width, to - self.width) {
            let closed = at + self.width;
            if closed <= from || closed > to {
                continue;
            }
            slices.add((1, u32::from(self.is_slow_slice(counts, minimum_milli_per_s))));
        }
        slices
    }

    /// Whether a slice with these counts is below the asked-for rate.
    pub fn is_slow_slice(&self, counts: Counts, minimum_milli_per_s: i64) -> bool {
        let good = i128::from(counts.total - counts.bad);
        // good / (width / 1e6) < minimum / 1e3, without dividing.
        good * 1_000_000_000 < i128::from(minimum_milli_per_s) * i128::from(self.width)
    }

    /// Forgets buckets that end before `before`.
    pub fn prune(&mut self, before: Micros) {
        let oldest = before.div_euclid(self.width).div_euclid(CHUNK);
        while let Some((number, chunk)) = self.chunks.front() {
            if *number >= oldest {
                break;
            }
            self.bad -= chunk.bad;
            self.chunks.pop_front();
        }
        self.first = match self.chunks.front() {
            Some((number, _)) => self.first.map(|first| first.max(number * CHUNK * self.width)),
            None => None,
        };
    }

    /// The same events on another grid, for an SLO whose window changed. Exact times are kept; older events move with the
    /// beginning of their bucket.
    #[must_use]
    pub fn regrid(&self, width: Micros, exact_span: Micros) -> Self {
        let mut other = Self::new(width, exact_span, self.exact_since);
        for (at, counts) in self.buckets(Micros::MIN / 2, Micros::MAX / 2) {
            // The exact events of a bucket are subtracted here and recorded below.
            let exact_total = count_within(&self.recent, at - 1, at + self.width - 1);
            let exact_bad = count_within(&self.recent_bad, at - 1, at + self.width - 1);
            let clamp = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
            let total = clamp(counts.total - exact_total);
            if total > 0 {
                let bad = clamp(counts.bad - exact_bad);
                other.add_cell(at.div_euclid(other.width), (total, bad));
            }
        }
        for at in &self.recent {
            let bad = count_within(&self.recent_bad, at - 1, *at);
            let all = count_within(&self.recent, at - 1, *at);
            // Of several events at the same microsecond the first ones stand for the bad ones.
            let seen = count_within(&other.recent, at - 1, *at);
            debug_assert!(bad <= all);
            other.record(*at, seen < bad);
        }
        other.first = self.first;
        other
    }

    fn overlapping(&self, first: i64, last: i64) -> impl Iterator<Item = (i64, &Chunk)> {
        let from = self
            .chunks
            .partition_point(|(number, _)| *number < first.div_euclid(CHUNK));
        let last_chunk = last.div_euclid(CHUNK);
        self.chunks
            .range(from..)
            .take_while(move |(number, _)| *number <= last_chunk)
            .map(|(number, chunk)| (*number, chunk))
    }

    fn add_cell(&mut self, bucket: i64, (total, bad): Cell) {
        let number = bucket.div_euclid(CHUNK);
        let index = usize::try_from(bucket.rem_euclid(CHUNK)).unwrap_or_default();
        if let Some(open) = self.open.filter(|open| *open != number) {
            let at = self.chunks.partition_point(|(other, _)| *other < open);
            if let Some((other, chunk)) = self.chunks.get_mut(at)
                && *other == open
            {
                chunk.pack();
            }
        }
        self.open = Some(number);
        let at = self.chunks.partition_point(|(other, _)| *other < number);
        if self.chunks.get(at).is_none_or(|(other, _)| *other != number) {
            self.chunks.insert(at, (number, Chunk::empty()));
        }
        let chunk = &mut self.chunks[at].1;
        let before = chunk.bad;
        chunk.add(index, total, bad);
        self.bad += chunk.bad - before;
    }

    fn forget_exact_before(&mut self, since: Micros) {
        if since <= self.exact_since {
            return;
        }
        self.exact_since = since;
        for times in [&mut self.recent, &mut self.recent_bad] {
            while times.front().is_some_and(|at| *at < since) {
                times.pop_front();
            }
        }
    }

    /// How many bytes the counts take, for the test of the memory they may take.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + (self.recent.capacity() + self.recent_bad.capacity()) * size_of::<Micros>()
            + self.chunks.capacity() * size_of::<(i64, Chunk)>()
            + self.chunks.iter().map(|(_, chunk)| chunk.heap_bytes()).sum::<usize>()
    }
}

fn cells_between(chunk: &Chunk, base: i64, first: i64, last: i64) -> impl Iterator<Item = (i64, Cell)> + use<> {
    let skip = usize::try_from(first - base).unwrap_or_default();
    let cells = chunk.cells();
    (base..)
        .zip(cells)
        .skip(skip)
        .take_while(move |(bucket, _)| *bucket <= last)
}

fn insert_sorted(times: &mut VecDeque<Micros>, at: Micros) {
    if times.back().is_none_or(|newest| *newest <= at) {
        times.push_back(at);
    } else {
        let index = times.partition_point(|other| *other <= at);
        times.insert(index, at);
    }
}

fn count_within(times: &VecDeque<Micros>, from: Micros, to: Micros) -> u64 {
    let end = times.partition_point(|at| *at <= to);
    let begin = times.partition_point(|at| *at <= from);
    end.saturating_sub(begin) as u64
}

#[cfg(test)]
#[path = "window_counts_tests.rs"]
mod tests;
