//! Series as small multiples: one axis of time for all, the normal range as a band, gaps as gaps, the onset marked.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use super::{
    quotes::Quotes,
    scale::{TimeScale, ValueScale, at},
};
use crate::report::{
    Panel, Report,
    words::{self, Clock},
};

/// Panels that are drawn.
const DRAWN: usize = 24;
/// Panels in full view; the others unfold.
const FIRST: usize = 12;
/// Points of one line; of more, every so many-th is drawn.
const POINTS: usize = 480;
const HEIGHT: u32 = 120;
/// Room above, for the name of the unit.
const HEAD: u32 = 20;
const TICKS: i64 = 5;
/// Units across the drawing, which is stretched to the width there is.
const ACROSS: f64 = 1_000.0;

/// The section.
pub fn section(report: &Report, clock: Clock, quotes: &Quotes) -> Markup {
    let scale = TimeScale::around(
        report
            .panels
            .iter()
            .flat_map(|panel| panel.points.iter().map(|point| point.0)),
    );
    let panels: Vec<&Panel> = report.panels.iter().take(DRAWN).collect();
    let (first, more) = panels.split_at(FIRST.min(panels.len()));
    html! {
        section #metrics {
            h2 { "Series that moved" }
            @match scale {
                Some(scale) => {
                    p.lead { (lead(report)) }
                    div.panels { @for panel in first { (drawn(panel, report, clock, scale, quotes)) } }
                    @if !more.is_empty() {
                        details.fold {
                            summary { (words::plural(more.len(), "more series", "more series")) }
                            div.panels { @for panel in more { (drawn(panel, report, clock, scale, quotes)) } }
                        }
                    }
                    @if report.panels.len() > DRAWN {
                        p.left-out { (words::plural(report.panels.len() - DRAWN, "more series is", "more series are")) " in the JSON form." }
                    }
                },
                None => p.empty {
                    "No series moved, or none was read. Metrics as CSV, JSON or Prometheus text would be drawn here, with what is normal for each "
                    "and when it left that."
                },
            }
        }
    }
}

fn lead(report: &Report) -> String {
    let left: Vec<i64> = report.panels.iter().filter_map(|panel| panel.onset).collect();
    let all = words::plural(report.panels.len(), "series", "series");
    match left.iter().min() {
        Some(_) => format!(
            "{} of {all} left what is normal. All share one axis of time; the band is the normal range.",
            left.len()
        ),
        None => format!(
            "{all}, none of which left what is normal. All share one axis of time; the band is the normal range."
        ),
    }
}

fn drawn(panel: &Panel, report: &Report, clock: Clock, scale: TimeScale, quotes: &Quotes) -> Markup {
    let values = panel.points.iter().filter_map(|point| point.1);
    let normal = panel.normal.into_iter().flat_map(|(least, most)| [least, most]);
    let axis = ValueScale::around(values.chain(normal), panel.unit.as_deref());
    html! {
        figure.panel {
            figcaption {
                p.series {
                    span.owner title=(words::shown(&panel.owner, words::NAME)) { (words::cut(&words::named(&panel.owner), 36)) }
                    " " code title=(words::shown(&panel.name, words::NAME)) { (words::cut(&words::named(&panel.name), 40)) }
                }
                p { (words::sentence(&panel.text)) }
            }
            @match &axis {
                Some(axis) => (plot(panel, report, clock, scale, axis)),
                None => p.none { "It has no value that can be drawn." },
            }
            (quotes.unfold(&panel.quotes))
        }
    }
}

fn plot(panel: &Panel, report: &Report, clock: Clock, scale: TimeScale, axis: &ValueScale) -> Markup {
    let height = f64::from(HEIGHT);
    html! {
        div.plot {
            svg.values width="52" height=(HEIGHT + HEAD) aria-hidden="true" {
                text.unit x="46" y="8" text-anchor="end" { (words::cut(axis.unit(), 9)) }
                @for (tick, label) in axis.ticks() {
                    text x="46" y=(format!("{:.1}", axis.down(tick, height) + f64::from(HEAD) + 4.0)) text-anchor="end" { (label) }
                }
            }
            div.drawing data-from=(scale.from()) data-to=(scale.to()) data-low=(axis.low()) data-high=(axis.high()) data-unit=(axis.unit()) {
                svg.strip width="100%" height=(HEIGHT + HEAD) role="img" aria-label=(words::shown(&panel.text, words::SENTENCE)) {
                    svg y=(HEAD) width="100%" height=(HEIGHT) overflow="visible" {
                        @if let Some((least, most)) = panel.normal {
                            @let (top, bottom) = (axis.down(most, height), axis.down(least, height));
                            rect.normal width="100%" y=(format!("{top:.1}")) height=(format!("{:.1}", (bottom - top).max(1.5))) { title { "normal: " (words::measured(least, panel.unit.as_deref())) " to " (words::measured(most, panel.unit.as_deref())) } }
                        }
                        @for (tick, _) in axis.ticks() {
                            @let y = format!("{:.1}", axis.down(tick, height));
                            line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                        }
                        (scale.grid(TICKS, HEIGHT))
                        (scale.onset(report.onset.as_ref(), HEIGHT))
                        svg.curve width="100%" height=(HEIGHT) viewBox=(format!("0 0 {ACROSS} {HEIGHT}")) preserveAspectRatio="none" {
                            (PreEscaped(curves(panel, scale, axis)))
                        }
                        @for (time, value) in lonely(panel) {
                            circle.point cx=(at(scale.place(time))) cy=(format!("{:.1}", axis.down(value, height))) r="2" {}
                        }
                        @if let Some((time, value)) = left_normal(panel) {
                            circle.left-normal cx=(at(scale.place(time))) cy=(format!("{:.1}", axis.down(value, height))) r="4.5" { title { "left what is normal at " (clock.at(time)) } }
                        }
                    }
                }
                (scale.axis(clock, TICKS))
            }
        }
    }
}

/// The stretches between gaps, as lines. Numbers alone: nothing of the source is in them.
fn curves(panel: &Panel, scale: TimeScale, axis: &ValueScale) -> String {
    let every = panel.points.len().div_ceil(POINTS).max(1);
    let mut text = String::new();
    let mut open = false;
    // A gap ends a line even when its point is not among those drawn.
    for (place, (time, value)) in panel.points.iter().enumerate() {
        match value.filter(|value| value.is_finite()) {
            Some(value) if place % every == 0 || !open => {
                let (x, y) = (scale.place(*time) / 100.0 * ACROSS, axis.down(value, f64::from(HEIGHT)));
                // Writing to a string cannot fail.
                let _ = write!(text, "{}{x:.1},{y:.1}", if open { " " } else { "<polyline points=\"" });
                open = true;
            }
            None if open => {
                text.push_str("\"/>");
                open = false;
            }
            _ => {}
        }
    }
    if open {
        text.push_str("\"/>");
    }
    text
}

/// Points between two gaps, of which no line can be drawn.
fn lonely(panel: &Panel) -> Vec<(i64, f64)> {
    let value = |place: Option<usize>| {
        place
            .and_then(|place| panel.points.get(place))
            .and_then(|point| point.1)
    };
    let points = panel
        .points
        .iter()
        .enumerate()
        .filter(|(place, _)| value(place.checked_sub(1)).is_none() && value(place.checked_add(1)).is_none());
    points
        .filter_map(|(_, (time, value))| Some((*time, value.filter(|value| value.is_finite())?)))
        .take(POINTS / 4)
        .collect()
}

/// The first sample that is no longer normal.
fn left_normal(panel: &Panel) -> Option<(i64, f64)> {
    let onset = panel.onset?;
    let point = panel
        .points
        .iter()
        .find(|point| point.0 >= onset && point.1.is_some())?;
    Some((point.0, point.1.filter(|value| value.is_finite())?))
}
