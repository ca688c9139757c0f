//! What broke first: a lane for each component in the order of its first moment, and the moments as sentences below.

use std::collections::HashMap;

use maud::{Markup, html};

use super::{
    marks,
    quotes::Quotes,
    scale::{TimeScale, at},
};
use crate::report::{
    InputKind, Moment, Report,
    words::{self, Clock},
};

/// Lanes that are drawn; components that broke later are told by number.
const LANES: usize = 24;
/// Marks on one lane.
const MARKS: usize = 30;
/// Characters of what a mark says when it is pointed at; the sentence below says all.
const HINT: usize = 120;
/// Moments that stand as sentences in full view, and under a line that unfolds more.
const FIRST: usize = 8;
const ALL: usize = 80;
const LANE: u32 = 32;
const TICKS: i64 = 5;

/// The section.
pub fn section(report: &Report, clock: Clock, quotes: &Quotes) -> Markup {
    html! {
        section #timeline {
            h2 { "What broke first" }
            @match scale(report) {
                Some(scale) => (drawn(report, clock, quotes, scale)),
                None => p.empty {
                    "Nothing changed, as far as could be seen. Here stands what changed in each component and when, once there is "
                    "evidence from before and after the trouble: logs, metrics or traces of an hour around it."
                },
            }
        }
    }
}

fn scale(report: &Report) -> Option<TimeScale> {
    if report.timeline.is_empty() {
        return None;
    }
    let onset = report.onset.as_ref();
    let times = report
        .timeline
        .iter()
        .flat_map(|moment| [moment.earliest.min(moment.at), moment.latest.max(moment.at)]);
    let times = times.chain(onset.iter().flat_map(|onset| [onset.earliest, onset.latest]));
    let times: Vec<i64> = times.chain(report.asked.at).collect();
    let whole = TimeScale::around(times.iter().copied())?;
    // What happened long before the onset (a deploy in the morning) would press everything else into a corner: it is drawn at
    // the left edge when the way to it is more than three times as long as the rest.
    let Some(onset) = onset else {
        return Some(whole);
    };
    let rest = whole.to().saturating_sub(onset.earliest);
    let lead = onset.earliest.saturating_sub(whole.from());
    if lead <= rest.saturating_mul(3) {
        return Some(whole);
    }
    let latest = times.iter().copied().max()?;
    let room = (latest.saturating_sub(onset.earliest) / 3).max(words::SECOND);
    TimeScale::around([onset.earliest.saturating_sub(room), latest])
}

fn drawn(report: &Report, clock: Clock, quotes: &Quotes, scale: TimeScale) -> Markup {
    let lanes = lanes(&report.timeline);
    let suspects: Vec<&str> = words::blamed(report)
        .iter()
        .map(|cause| cause.component.as_str())
        .collect();
    let mut moments: Vec<&Moment> = report.timeline.iter().take(ALL).collect();
    moments.sort_by_key(|moment| moment.at);
    let (first, more) = moments.split_at(FIRST.min(moments.len()));
    html! {
        (opening(&lanes, clock))
        figure.lanes data-from=(scale.from()) data-to=(scale.to()) {
            @for (place, (component, moments)) in lanes.iter().take(LANES).enumerate() {
                div.lane.suspect[suspects.contains(component)] {
                    div.who title=(words::shown(component, words::NAME)) {
                        span.rank { (place + 1) }
                        span.name { (words::cut(&words::named(component), 24)) }
                    }
                    (lane(report, moments, clock, scale))
                }
            }
            div.lane.foot { div.who {} (scale.axis(clock, TICKS)) }
        }
        @if lanes.len() > LANES {
            p.left-out { (words::plural(lanes.len() - LANES, "component", "components")) " that broke later are in the JSON form." }
        }
        (legend(report, clock))
        ol.moments { @for moment in first { (sentence(moment, clock, quotes)) } }
        @if !more.is_empty() {
            details.fold {
                summary { (words::plural(more.len(), "later moment", "later moments")) }
                ol.moments { @for moment in more { (sentence(moment, clock, quotes)) } }
            }
        }
        @if report.timeline.len() > ALL {
            p.left-out { (words::plural(report.timeline.len() - ALL, "more moment is", "more moments are")) " in the JSON form." }
        }
    }
}

fn lanes(timeline: &[Moment]) -> Vec<(&str, Vec<&Moment>)> {
    let mut order: Vec<&Moment> = timeline.iter().collect();
    order.sort_by_key(|moment| moment.at);
    let mut lanes: Vec<(&str, Vec<&Moment>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for moment in order {
        let place = *places.entry(&moment.component).or_insert(lanes.len());
        if place == lanes.len() {
            lanes.push((&moment.component, Vec::new()));
        }
        lanes[place].1.push(moment);
    }
    lanes
}

/// Closer than this nobody can tell what came first: clocks differ, and calls overlap.
const TOGETHER: i64 = 1_000_000;

fn opening(lanes: &[(&str, Vec<&Moment>)], clock: Clock) -> Markup {
    let breaks: Vec<(&str, i64)> = lanes
        .iter()
        .filter_map(|(name, moments)| Some((*name, moments.first()?.at)))
        .collect();
    html! {
        @if let Some((first, time)) = breaks.first() {
            p.lead {
                @match breaks.get(1) {
                    Some((second, later)) if later.saturating_sub(*time) < TOGETHER => {
                        b { (words::named(first)) } " and " b { (words::named(second)) } " changed at about the same time, "
                        (clock.at(*time)) " UTC"
                    }
                    Some((second, later)) => {
                        b { (words::named(first)) } " changed first, at " (clock.at(*time)) " UTC; " (words::named(second))
                        " followed " (words::duration(later.saturating_sub(*time))) " later"
                    }
                    None => { b { (words::named(first)) } " changed first, at " (clock.at(*time)) " UTC" }
                }
                @if breaks.len() > 2 { ", then " (words::plural(breaks.len() - 2, "other", "others")) }
                "."
            }
        }
    }
}

fn lane(report: &Report, moments: &[&Moment], clock: Clock, scale: TimeScale) -> Markup {
    // Two levels, so that the whiskers of neighbours can be told apart.
    let level = |place: usize| match (moments.len(), place % 2) {
        (1, _) => LANE / 2,
        (_, 0) => LANE / 2 - 5,
        _ => LANE / 2 + 5,
    };
    html! {
        svg.strip width="100%" height=(LANE) role="img" aria-label=(said(moments, clock)) {
            (scale.grid(TICKS, LANE))
            (scale.onset(report.onset.as_ref(), LANE))
            @if let Some(noticed) = report.asked.at.filter(|at| scale.holds(*at)) {
                @let x = at(scale.place(noticed));
                line.noticed x1=(x) x2=(x) y1="0" y2=(LANE) {}
            }
            @for (place, moment) in moments.iter().enumerate().take(MARKS).rev() {
                @let middle = level(place);
                @let (left, right) = (scale.place(moment.earliest.min(moment.at)), scale.place(moment.latest.max(moment.at)));
                @let x = scale.place(moment.at);
                g.moment.faint[moment.certainty < 0.5] {
                    title { (hover(moment, clock)) }
                    @if right > left {
                        line.whisker x1=(at(left)) x2=(at(right)) y1=(middle) y2=(middle) {}
                        line.whisker x1=(at(left)) x2=(at(left)) y1=(middle - 4) y2=(middle + 4) {}
                        line.whisker x1=(at(right)) x2=(at(right)) y1=(middle - 4) y2=(middle + 4) {}
                    }
                    @if scale.holds(moment.at) {
                        @if moment.kind == InputKind::Logs { use.back href="#back" x=(at(x)) y=(middle) {} }
                        use class=(words::kind(moment.kind)) href=(format!("#kind-{}", words::kind(moment.kind))) x=(at(x)) y=(middle) {}
                    } @else {
                        text.beyond x="0" y=(middle + 4) { "◂ " (words::duration(scale.from().saturating_sub(moment.at))) " earlier" }
                    }
                }
            }
        }
    }
}

fn said(moments: &[&Moment], clock: Clock) -> String {
    let first: Vec<String> = moments.iter().take(3).map(|moment| hover(moment, clock)).collect();
    first.join("; ")
}

fn hover(moment: &Moment, clock: Clock) -> String {
    format!(
        "{}, {}: {} ({})",
        clock.at(moment.at),
        words::cut(&words::named(&moment.component), 40),
        words::shown(&moment.what, HINT),
        words::kind(moment.kind)
    )
}

fn legend(report: &Report, clock: Clock) -> Markup {
    let mut kinds: Vec<InputKind> = report.timeline.iter().map(|moment| moment.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    html! {
        ul.legend {
            @for kind in kinds { li { (marks::of_kind(kind)) (words::kind(kind)) } }
            li { svg.mark viewBox="-8 -8 16 16" aria-hidden="true" { path.whisker d="M-7 0H7M-7-4V4M7-4V4" {} } "how surely the time is known" }
            @if report.onset.is_some() {
                li { svg.mark viewBox="-8 -8 16 16" aria-hidden="true" { rect.onset-band x="-6" y="-8" width="12" height="16" {} path.onset-line d="M0-8V8" {} } "onset" }
            }
            @if let Some(at) = report.asked.at {
                li { svg.mark viewBox="-8 -8 16 16" aria-hidden="true" { path.noticed d="M0-8V8" {} } "noticed at " (clock.at(at)) }
            }
        }
    }
}

fn sentence(moment: &Moment, clock: Clock, quotes: &Quotes) -> Markup {
    html! {
        li {
            div.when {
                time datetime=(words::stamp(moment.at)) { (clock.at(moment.at)) }
                @if let Some(offset) = clock.offset(moment.at) { span.offset { (offset) } }
            }
            div.said {
                p {
                    (marks::of_kind(moment.kind))
                    b { (words::named(&moment.component)) } " " (words::sentence(&moment.what))
                    " " (marks::certainty(moment.certainty))
                }
                (quotes.unfold(&moment.quotes))
            }
        }
    }
}
