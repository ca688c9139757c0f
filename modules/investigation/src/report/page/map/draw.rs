//! The drawing of the map: boxes in layers, lines between them, and the way of the trouble on top.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::{
    chosen, is_near,
    layers::layout,
    names::{common_ending, fitted},
    spread::spread,
};
use crate::report::{
    Component, ComponentState, Map,
    words::{self, Clock},
};

/// Lines that are drawn.
const LINES: usize = 400;

const WIDTH: f64 = 166.0;
const HEIGHT: f64 = 46.0;
const COLUMN: f64 = 182.0;
const ROW: f64 = 96.0;
const EDGE: f64 = 8.0;
/// Width of an edge over which the ends of lines are spread.
const PORTS: f64 = 110.0;

/// A drawing for one width of screen: wide ones show the whole map, narrow ones those that are unwell and whom the suspects call.
#[derive(Clone, Copy)]
pub struct View {
    /// Whether all components are drawn.
    pub whole: bool,
    /// Components side by side.
    pub widest: usize,
    /// Letters of usual width that fit beside a mark.
    pub fitting: f64,
}

/// The drawing; nothing when nobody is unwell and only those are asked for.
pub fn drawn(map: &Map, clock: Clock, view: View) -> Markup {
    let mut chosen = chosen(map);
    if !view.whole {
        chosen.retain(|place| is_near(map, *place));
        if chosen.is_empty() {
            return html! {};
        }
    }
    let arrows = if view.whole {
        ["arrow", "arrow-lit"]
    } else {
        ["arrow-near", "arrow-near-lit"]
    };
    let mut calls: Vec<(usize, usize)> = map
        .calls
        .iter()
        .filter_map(|(from, to)| Some((chosen.binary_search(from).ok()?, chosen.binary_search(to).ok()?)))
        .filter(|(from, to)| from != to)
        .collect();
    calls.sort_unstable();
    calls.dedup();
    calls.truncate(LINES);
    let components: Vec<&Component> = chosen.iter().map(|place| &map.components[*place]).collect();
    let states: Vec<ComponentState> = components.iter().map(|component| component.state).collect();
    let found = layout(components.len(), view.widest, &calls);
    let ending = common_ending(&map.components);
    let lit = spread(&states, &calls);
    let ports = ports(&found.lines, &calls, components.len());
    #[expect(clippy::cast_precision_loss, reason = "a few rows")]
    let height = (found.rows as f64 - 1.0) * ROW + HEIGHT + 2.0 * EDGE;
    let width = middle(found.columns) + EDGE - (COLUMN - WIDTH) / 2.0;
    let (spreading, plain): (Vec<usize>, Vec<usize>) = (0..calls.len()).partition(|call| lit[*call]);
    html! {
        div class=(if view.whole { "graph whole" } else { "graph unwell" }) tabindex="0" role="group" aria-label="Map of the components; the table below says the same" {
            svg viewBox=(format!("0 0 {width:.0} {height:.0}")) width=(format!("{width:.0}")) height=(format!("{height:.0}")) role="img" aria-label="Components and calls" {
                defs {
                    @for (name, id) in ["plain", "lit"].into_iter().zip(arrows) {
                        marker class=(name) id=(id) viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" markerUnits="userSpaceOnUse" orient="auto" {
                            path d="M0 .5L8 4L0 7.5Z" {}
                        }
                    }
                }
                @for call in plain { path.call d=(line(&found.lines[call], ports[call])) marker-end=(format!("url(#{})", arrows[0])) {} }
                @for call in spreading { path.call.lit d=(line(&found.lines[call], ports[call])) marker-end=(format!("url(#{})", arrows[1])) {} }
                @for (component, (column, row)) in components.iter().zip(&found.nodes) {
                    (node(component, (middle(*column), top(*row)), view, ending.as_deref(), clock))
                }
            }
        }
    }
}

fn middle(column: f64) -> f64 {
    column * COLUMN - (COLUMN - WIDTH) / 2.0 + EDGE
}

#[expect(clippy::cast_precision_loss, reason = "a few rows")]
fn top(row: usize) -> f64 {
    row as f64 * ROW + EDGE
}

/// Where on the edge of its caller and of its callee each line ends, from the middle: side by side, in the order in which they come.
fn ports(lines: &[Vec<(f64, usize)>], calls: &[(usize, usize)], nodes: usize) -> Vec<(f64, f64)> {
    let mut ports = vec![(0.0, 0.0); lines.len()];
    let mut ends: Vec<[Vec<(f64, usize, bool)>; 2]> = vec![[Vec::new(), Vec::new()]; nodes];
    for (call, (from, to)) in calls.iter().enumerate() {
        let line = &lines[call];
        if let ([_, next, ..], [.., last, _]) = (line.as_slice(), line.as_slice()) {
            // A line that leads upwards leaves at the upper edge and enters at the lower one.
            let up = usize::from(line[0].1 > line[line.len() - 1].1);
            ends[*from][1 - up].push((next.0, call, true));
            ends[*to][up].push((last.0, call, false));
        }
    }
    for edge in ends.iter_mut().flatten() {
        edge.sort_by(|one, other| one.0.total_cmp(&other.0));
        let number = edge.len().max(2) - 1;
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let apart = (PORTS / number as f64).min(14.0);
        for (place, (_, call, leaving)) in edge.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let port = (place as f64 - (edge.len() as f64 - 1.0) / 2.0) * apart;
            match leaving {
                true => ports[*call].0 = port,
                false => ports[*call].1 = port,
            }
        }
    }
    ports
}

/// A smooth line from the caller's lower edge to the callee's upper one; the other way round when it leads upwards.
fn line(places: &[(f64, usize)], (leaving, entering): (f64, f64)) -> String {
    let mut path = String::new();
    let (Some(first), Some(last)) = (places.first(), places.last()) else {
        return path;
    };
    let up = first.1 > last.1;
    let end = places.len() - 1;
    let mut before = (0.0, 0.0);
    for (place, (column, row)) in places.iter().enumerate() {
        let x = middle(*column)
            + match place {
                0 => leaving,
                _ if place == end => entering,
                _ => 0.0,
            };
        let (enter, leave) = match (place, up) {
            (0, false) => (top(*row) + HEIGHT, top(*row) + HEIGHT),
            (0, true) => (top(*row), top(*row)),
            (place, false) if place == end => (top(*row) - 1.0, top(*row)),
            (place, true) if place == end => (top(*row) + HEIGHT + 1.0, top(*row)),
            (_, false) => (top(*row), top(*row) + HEIGHT),
            (_, true) => (top(*row) + HEIGHT, top(*row)),
        };
        // Writing to a string cannot fail.
        if place == 0 {
            let _ = write!(path, "M{x:.1} {leave:.1}");
        } else {
            let (x0, y0) = before;
            let y = f64::midpoint(y0, enter);
            let _ = write!(path, "C{x0:.1} {y:.1} {x:.1} {y:.1} {x:.1} {enter:.1}");
            if place != end {
                let _ = write!(path, "V{leave:.1}");
            }
        }
        before = (x, leave);
    }
    path
}

fn node(component: &Component, (middle, top): (f64, f64), view: View, ending: Option<&str>, clock: Clock) -> Markup {
    let state = words::state(component.state);
    let left = middle - WIDTH / 2.0;
    let name = words::named(&component.name);
    // The name of a suspect is bold.
    let fitting = view.fitting
        - if component.state == ComponentState::Suspect {
            1.5
        } else {
            0.0
        };
    html! {
        g class=(format!("node {state}")) transform=(format!("translate({left:.1} {top:.1})")) {
            title { (name) ": " (state) @if !component.note.is_empty() { ", " (words::shown(&component.note, words::NAME)) } }
            @if component.state == ComponentState::Suspect {
                rect.halo x="-5" y="-5" width=(WIDTH + 10.0) height=(HEIGHT + 10.0) rx="12" {}
            }
            rect.box width=(WIDTH) height=(HEIGHT) rx="8" {}
            use href=(format!("#state-{state}")) x="16" y="16" {}
            text.name x="29" y="20" { (fitted(&name, fitting, ending)) }
            text.note x="29" y="36" { (fitted(&under(component, view, clock), view.fitting + 4.0, None)) }
        }
    }
}

/// The second line of a node: how likely it is the cause, or how long after the onset it changed.
fn under(component: &Component, view: View, clock: Clock) -> String {
    let state = words::state(component.state);
    match (component.state, component.first.and_then(|first| clock.offset(first))) {
        (ComponentState::Suspect, _) => format!("{state}, {}", words::percent(component.likelihood)),
        // Where there is little room the shape alone tells the state.
        (ComponentState::Victim | ComponentState::Changed, Some(offset)) if !view.whole => offset,
        (ComponentState::Victim | ComponentState::Changed, Some(offset)) => format!("{state}, {offset}"),
        _ => state.to_owned(),
    }
}
