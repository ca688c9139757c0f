//! The map: who calls whom, the suspect lit, its victims tinted and the way to them drawn.

mod draw;
mod grid;
mod layers;
mod names;
mod spread;

use maud::{Markup, html};

use self::draw::{View, drawn};
use super::marks;
use crate::report::{
    Component, ComponentState, Map, Report,
    words::{self, Clock},
};

/// Components that are drawn; the others are in the table below the map.
const DRAWN: usize = 60;
/// Rows of the table.
const ROWS: usize = 100;
/// The section.
pub fn section(report: &Report, clock: Clock) -> Markup {
    let map = &report.map;
    html! {
        section #map {
            h2 { "Where it spread" }
            @if map.components.is_empty() {
                p.empty {
                    "No component is known. Traces show who calls whom by themselves; a topology file says it where there are none."
                }
            } @else {
                (opening(map))
                (drawn(map, clock, View { whole: true, widest: 7, fitting: 17.0 }))
                (drawn(map, clock, View { whole: false, widest: 2, fitting: 15.0 }))
                (left_out(map))
                (legend(map))
                (table(map, clock))
            }
        }
    }
}

fn opening(map: &Map) -> Markup {
    let of = |state| map.components.iter().filter(move |component| component.state == state);
    let victims = of(ComponentState::Victim).count();
    let changed = of(ComponentState::Changed).count();
    let normal = of(ComponentState::Normal).count() + map.left_out;
    let suspects: Vec<String> = of(ComponentState::Suspect)
        .take(3)
        .map(|component| words::named(&component.name))
        .collect();
    let look = |number: usize| if number == 1 { "looks" } else { "look" };
    html! {
        p.lead {
            @if suspects.is_empty() { "No component stands out as a cause" } @else { "The trouble points to " b { (suspects.join(" and ")) } }
            @if victims > 0 { "; " (words::plural(victims, "component is", "components are")) " affected through calls to " (if suspects.len() > 1 { "them" } else { "it" }) }
            @if changed > 0 { "; " (words::plural(changed, "component", "components")) " " (look(changed)) " different on " (if changed == 1 { "its" } else { "their" }) " own" }
            @if normal > 0 { "; " (words::plural(normal, "component", "components")) " " (look(normal)) " as always" }
            "."
        }
    }
}

/// Places in the map of those that are drawn: whoever is unwell first, then their neighbours, as they come.
fn chosen(map: &Map) -> Vec<usize> {
    let mut places: Vec<usize> = (0..map.components.len()).collect();
    places.sort_by_key(|place| match map.components[*place].state {
        ComponentState::Suspect => 0,
        ComponentState::Victim => 1,
        ComponentState::Changed => 2,
        ComponentState::Normal | ComponentState::Unknown => 3,
    });
    places.truncate(DRAWN);
    places.sort_unstable();
    places
}

fn is_near(map: &Map, place: usize) -> bool {
    let of = |place: usize| map.components.get(place).map(|component| component.state);
    let unwell = matches!(
        of(place),
        Some(ComponentState::Suspect | ComponentState::Victim | ComponentState::Changed)
    );
    unwell
        || map
            .calls
            .iter()
            .any(|(from, to)| *to == place && of(*from) == Some(ComponentState::Suspect))
}

fn left_out(map: &Map) -> Markup {
    let number = map.components.len().saturating_sub(DRAWN) + map.left_out;
    html! {
        @if number > 0 {
            p.left-out { (words::plural(number, "component is", "components are")) " not drawn: well, and far from anything that is not." }
        }
    }
}

fn legend(map: &Map) -> Markup {
    let known = |state: &ComponentState| map.components.iter().any(|component| component.state == *state);
    let meaning = |state| match state {
        ComponentState::Suspect => "suspect: a likely cause",
        ComponentState::Victim => "victim: explained by what it calls",
        ComponentState::Changed => "changed on its own",
        ComponentState::Normal => "as always",
        ComponentState::Unknown => "nothing known",
    };
    let all = [
        ComponentState::Suspect,
        ComponentState::Victim,
        ComponentState::Changed,
        ComponentState::Normal,
        ComponentState::Unknown,
    ];
    html! {
        ul.legend {
            @for state in all.into_iter().filter(known) { li { (marks::of_state(state)) (meaning(state)) } }
            @if !map.calls.is_empty() {
                li { svg.mark viewBox="-8 -8 16 16" aria-hidden="true" { path.call d="M0-8V7" {} path.tip d="M-3 2L0 8L3 2Z" {} } "calls" }
                @if known(&ComponentState::Victim) {
                    li { svg.mark viewBox="-8 -8 16 16" aria-hidden="true" { path.call.lit d="M0-8V8" {} } "way of the trouble, from the suspect up to its callers" }
                }
            }
        }
    }
}

fn table(map: &Map, clock: Clock) -> Markup {
    let mut components: Vec<&Component> = map.components.iter().collect();
    components.sort_by(|one, other| other.likelihood.total_cmp(&one.likelihood));
    html! {
        details.fold {
            summary { "The same as a table" }
            div.wide tabindex="0" {
                table {
                    thead { tr { th { "Component" } th { "State" } th.number { "Likelihood" } th { "First different" } th { "Why" } } }
                    tbody {
                        @for component in components.into_iter().take(ROWS) {
                            tr {
                                th scope="row" { (words::named(&component.name)) }
                                td.nowrap { (marks::of_state(component.state)) (words::state(component.state)) }
                                td.number { (words::percent(component.likelihood)) }
                                td.nowrap {
                                    @if let Some(first) = component.first {
                                        (clock.at(first))
                                        @if let Some(offset) = clock.offset(first) { span.offset { " " (offset) } }
                                    } @else { "–" }
                                }
                                td { (words::shown(&component.note, words::NAME)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
