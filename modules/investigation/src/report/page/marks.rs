//! Marks: one shape for each kind of evidence and each state, so that nothing is told by colour alone.

use maud::{Markup, html};

use crate::report::{ComponentState, InputKind, words};

const KINDS: [InputKind; 7] = [
    InputKind::Logs,
    InputKind::Metrics,
    InputKind::Traces,
    InputKind::Configuration,
    InputKind::Changes,
    InputKind::Topology,
    InputKind::Unreadable,
];
const STATES: [ComponentState; 5] = [
    ComponentState::Suspect,
    ComponentState::Victim,
    ComponentState::Changed,
    ComponentState::Normal,
    ComponentState::Unknown,
];

/// All shapes, once; they are referred to from everywhere. Each is drawn around nought, some twelve units wide.
pub fn definitions() -> Markup {
    html! {
        svg.definitions width="0" height="0" aria-hidden="true" {
            defs {
                // Behind a mark whose lines leave room, so that nothing shines through.
                g id="back" { path d="M-7-7H7V7H-7Z" {} }
                @for kind in KINDS {
                    g id=(format!("kind-{}", words::kind(kind))) { path d=(kind_path(kind)) {} }
                }
                @for state in STATES {
                    g id=(format!("state-{}", words::state(state))) { path d=(state_path(state)) {} }
                }
            }
        }
    }
}

fn kind_path(kind: InputKind) -> &'static str {
    match kind {
        // Lines of text.
        InputKind::Logs => "M-6-6H6V-3H-6ZM-6-1.5H6V1.5H-6ZM-6 3H2V6H-6Z",
        // A disc, as a sample is drawn.
        InputKind::Metrics => "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0Z",
        // A lozenge.
        InputKind::Traces => "M0-6.4L6.4 0L0 6.4L-6.4 0Z",
        // A ring.
        InputKind::Configuration => {
            "M-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0ZM-2.4 0a2.4 2.4 0 1 1 4.8 0a2.4 2.4 0 1 1-4.8 0Z"
        }
        // A triangle, as a delta is written.
        InputKind::Changes => "M0-6L6 5H-6Z",
        // A cross.
        InputKind::Topology => "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
        InputKind::Unreadable => "M-6-4L-4-6L0-2L4-6L6-4L2 0L6 4L4 6L0 2L-4 6L-6 4L-2 0Z",
    }
}

fn state_path(state: ComponentState) -> &'static str {
    match state {
        // A burst of eight points.
        ComponentState::Suspect => {
            "M0-7L1.7-4L4.9-4.9L4-1.7L7 0L4 1.7L4.9 4.9L1.7 4L0 7L-1.7 4L-4.9 4.9L-4 1.7L-7 0L-4-1.7L-4.9-4.9L-1.7-4Z"
        }
        ComponentState::Victim => "M0-6L6 5H-6Z",
        ComponentState::Changed => "M0-6L6 0L0 6L-6 0Z",
        ComponentState::Normal => "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0-9 0Z",
        ComponentState::Unknown => "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0ZM-3 0a3 3 0 1 1 6 0a3 3 0 1 1-6 0Z",
    }
}

/// The shape of a kind of evidence, within a line of text.
pub fn of_kind(kind: InputKind) -> Markup {
    let name = words::kind(kind);
    html! {
        svg class=(format!("mark {name}")) viewBox="-8 -8 16 16" role="img" aria-label=(name) {
            title { (name) }
            use href=(format!("#kind-{name}")) {}
        }
    }
}

/// The shape of a state, within a line of text.
pub fn of_state(state: ComponentState) -> Markup {
    let name = words::state(state);
    html! {
        svg class=(format!("mark {name}")) viewBox="-8 -8 16 16" role="img" aria-label=(name) {
            title { (name) }
            use href=(format!("#state-{name}")) {}
        }
    }
}

/// How sure something is: a bar of four parts and a word.
pub fn certainty(certainty: f64) -> Markup {
    let filled = [0.2, 0.4, 0.7, 0.9]
        .into_iter()
        .filter(|limit| certainty >= *limit)
        .count();
    let word = words::surely(certainty);
    html! {
        span.certainty title=(format!("certainty {}", words::percent(certainty))) {
            svg viewBox="0 0 19 10" aria-hidden="true" {
                @for place in 0..4 {
                    rect.full[place < filled] x=(place * 5) y=(7 - place * 2) width="3.5" height=(3 + place * 2) {}
                }
            }
            (word)
        }
    }
}

/// A bar from the left, filled by a share between 0 and 1.
pub fn bar(share: f64, class: &str) -> Markup {
    let width = format!("{:.1}%", share.clamp(0.0, 1.0) * 100.0);
    html! {
        svg class=(format!("bar {class}")) width="100%" height="10" aria-hidden="true" {
            rect.ground width="100%" height="10" rx="2" {}
            rect.fill width=(width) height="10" rx="2" {}
        }
    }
}
