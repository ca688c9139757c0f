//! Joining: facts of every kind become the numbers that causes are ranked by, and each number remembers where it came from.

mod changes;
mod messages;
mod names;
mod series;
mod visits;

use mainstay_diagnosis::{Component, System, is_address};

use crate::reading::Evidence;
pub use changes::Changed;
pub use messages::LoggedError;
pub use names::Names;
pub use series::Measured;
pub use visits::{ABANDONED, FAILURE, REFUSAL};

/// The system as it is ranked, and what its witnesses stand for.
#[derive(Debug)]
pub struct Joined {
    /// Numbers.
    pub system: System,
    /// Components.
    pub names: Names,
    /// By the witness of a series.
    pub measured: Vec<Measured>,
    /// By the witness of a visit or of an attempt, the row of its span.
    pub visited: Vec<u32>,
    /// By the witness of a kind of line.
    pub logged: Vec<LoggedError>,
    /// By the witness of a change.
    pub changed: Vec<Changed>,
}

/// Joins all that was read. `at` is when the symptom was noticed: a change whose time is not known is taken to be before it.
pub fn join(evidence: &Evidence, at: Option<i64>) -> Joined {
    let mut names = Names::default();
    let mut system = System::default();
    let measured = series::join(evidence, &mut names, &mut system);
    let visited = visits::join(evidence, &mut names, &mut system);
    for edge in evidence.topology.edges() {
        let ends = (
            names.add(evidence.topology.name(edge.caller)),
            names.add(evidence.topology.name(edge.callee)),
        );
        if let (Some(caller), Some(callee)) = ends {
            system.calls.push((caller, callee));
        }
    }
    let logged = messages::join(evidence, &mut names, &mut system);
    let changed = changes::join(evidence, at, &names, &mut system);
    system.components = names
        .all()
        .iter()
        .map(|name| Component {
            name: name.clone(),
            is_address: is_address(name),
        })
        .collect();
    Joined {
        system,
        names,
        measured,
        visited,
        logged,
        changed,
    }
}
