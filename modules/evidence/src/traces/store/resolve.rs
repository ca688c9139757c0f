//! Order among rows, and parents among them. Knows no names.

use super::rows::Row;
use crate::traces::id::SpanId;

/// Where there is no row.
pub const NONE: u32 = u32::MAX;

/// Orders rows by trace and span. Of spans that are there twice the one that begins first stays.
pub fn sort(rows: &mut Vec<Row>) {
    rows.sort_unstable_by_key(|row| (row.trace, row.span, row.start));
    rows.dedup_by_key(|row| (row.trace, row.span));
}

/// The first row of each trace and one more, and the row of each row's parent.
pub fn parents(rows: &[Row], halves: bool) -> (Vec<u32>, Vec<u32>) {
    let mut groups = Vec::new();
    let mut parents = Vec::with_capacity(rows.len());
    let mut first = 0;
    for trace in rows.chunk_by(|left, right| left.trace == right.trace) {
        groups.push(first);
        for row in trace {
            let found = if halves {
                parent_among_halves(trace, row)
            } else {
                find(trace, row.parent)
            };
            // A span that is its own parent has none.
            let found = found.filter(|&place| trace[place].span != row.span);
            parents.push(found.map_or(NONE, |place| first + number(place)));
        }
        first += number(trace.len());
    }
    groups.push(first);
    (groups, parents)
}

/// Of a span with two sides the called one stands below the calling one, and the rest below the called one if there is one.
fn parent_among_halves(trace: &[Row], row: &Row) -> Option<usize> {
    let half = |span: u64| find(trace, SpanId(span).calling_half().0);
    let own = half(row.span).filter(|_| !row.kind.calls());
    own.or_else(|| find(trace, row.parent))
        .or_else(|| if row.parent == 0 { None } else { half(row.parent) })
}

/// A span by its key within its trace.
pub fn find(trace: &[Row], span: u64) -> Option<usize> {
    if span == 0 {
        return None;
    }
    trace.binary_search_by_key(&span, |row| row.span).ok()
}

/// Rows are counted in 32 bits: the bound is far below.
pub fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(NONE)
}
