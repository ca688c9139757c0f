//! What goes wrong, and when: drawn from the seed before the simulation begins.

use std::{fmt, time::Duration};

use jiff::SignedDuration;

use super::{chance::Chance, server::Way};

/// Something that goes wrong. Machines are named by their number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A process ends where it stands, and is started again after a while.
    Crash {
        /// Whose.
        machine: usize,
        /// How long nothing runs there.
        down: Duration,
    },
    /// A machine loses its power: what it has sent may not arrive, and nobody is told.
    PowerLoss {
        /// Which.
        machine: usize,
        /// How long nothing runs there.
        down: Duration,
    },
    /// A process is asked to stop, and started again after a while.
    Stop {
        /// Whose.
        machine: usize,
        /// How long nothing runs there.
        down: Duration,
    },
    /// Nothing gets through between a machine and the database for a while.
    Cut {
        /// Which.
        machine: usize,
        /// For how long.
        lasts: Duration,
    },
    /// Nothing gets through in one direction: the database does what it is asked and is not heard, or the other way round.
    HalfCut {
        /// Which.
        machine: usize,
        /// In this direction.
        way: Way,
        /// For how long.
        lasts: Duration,
    },
    /// Everything takes long to get through for a while, in milliseconds.
    SlowWire {
        /// Which.
        machine: usize,
        /// For how long.
        lasts: Duration,
        /// What a crossing takes at most.
        most: u64,
    },
    /// Commits take long for a while, in milliseconds.
    SlowDisk {
        /// For how long.
        lasts: Duration,
        /// What a commit takes at most.
        most: u64,
    },
    /// Of every hundred commits, so many succeed without anybody hearing of it, for a while.
    LostAcknowledgements {
        /// For how long.
        lasts: Duration,
        /// So many.
        percent: u64,
    },
    /// The database ends and comes back after a while.
    Restart {
        /// How long nobody can connect.
        down: Duration,
    },
    /// The machine of the database loses its power, and comes back after a while: clients are not told.
    DatabasePowerLoss {
        /// How long nobody can connect.
        down: Duration,
    },
    /// A machine's wall clock is moved.
    ClockJump {
        /// Which.
        machine: usize,
        /// Forward, or back when negative.
        by: SignedDuration,
    },
}

impl Fault {
    /// What kind it is, for counting.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Crash { .. } => "crash",
            Self::PowerLoss { .. } => "loss of power",
            Self::Stop { .. } => "stop",
            Self::Cut { .. } => "cut wire",
            Self::HalfCut { .. } => "wire cut one way",
            Self::SlowWire { .. } => "slow wire",
            Self::SlowDisk { .. } => "slow disk",
            Self::LostAcknowledgements { .. } => "lost acknowledgements",
            Self::Restart { .. } => "restart of the database",
            Self::DatabasePowerLoss { .. } => "loss of the database's power",
            Self::ClockJump { .. } => "clock jump",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Crash { machine, down } => write!(f, "machine {machine}: its process crashes, down for {down:?}"),
            Self::PowerLoss { machine, down } => write!(f, "machine {machine} loses power for {down:?}"),
            Self::Stop { machine, down } => write!(f, "machine {machine}: its process is stopped, down for {down:?}"),
            Self::Cut { machine, lasts } => write!(f, "machine {machine} is cut off for {lasts:?}"),
            Self::HalfCut { machine, way, lasts } => match way {
                Way::There => write!(f, "machine {machine} is not heard for {lasts:?}"),
                Way::Back => write!(f, "machine {machine} hears nothing for {lasts:?}"),
            },
            Self::SlowWire { machine, lasts, most } => {
                write!(f, "machine {machine}: its wire takes up to {most} ms for {lasts:?}")
            }
            Self::SlowDisk { lasts, most } => write!(f, "commits take up to {most} ms for {lasts:?}"),
            Self::LostAcknowledgements { lasts, percent } => {
                write!(f, "{percent} % of acknowledgements are lost for {lasts:?}")
            }
            Self::Restart { down } => write!(f, "the database restarts, down for {down:?}"),
            Self::DatabasePowerLoss { down } => write!(f, "the database's machine loses power for {down:?}"),
            Self::ClockJump { machine, by } => write!(f, "machine {machine}: its clock jumps by {by}"),
        }
    }
}

/// A fault and its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// Counted from the beginning of the simulation.
    pub at: Duration,
    /// What goes wrong.
    pub fault: Fault,
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dose {
    /// When the first fault may come.
    pub from: Duration,
    /// When the last one has come.
    pub until: Duration,
    /// The least and the most number of faults.
    pub faults: (u64, u64),
    /// How long something may be away at most.
    pub longest: Duration,
    /// How far a clock may be moved at most.
    pub jump: Duration,
    /// Whether machines share a server over a network; a process that has its database as a file knows fewer faults.
    pub shared: bool,
}

/// Draws what goes wrong, in the order of its times.
pub fn plan(chance: &Chance, machines: usize, dose: Dose) -> Vec<Planned> {
    let count = chance.between(dose.faults.0, dose.faults.1);
    let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let mut plan: Vec<Planned> = (0..count)
        .map(|_| Planned {
            at: chance.millis(millis(dose.from), millis(dose.until)),
            fault: draw(chance, machines, dose),
        })
        .collect();
    plan.sort_by_key(|planned| planned.at);
    plan
}

fn draw(chance: &Chance, machines: usize, dose: Dose) -> Fault {
    let longest = u64::try_from(dose.longest.as_millis()).unwrap_or(u64::MAX);
    let machine = usize::try_from(chance.below(machines as u64)).unwrap_or_default();
    // Most absences are short, some are as long as they may be.
    let away = match chance.below(4) {
        0 => chance.millis(1, longest),
        1 => chance.millis(1, longest.min(15_000)),
        _ => chance.millis(1, longest.min(4_000)),
    };
    let jump = || {
        let most = i64::try_from(dose.jump.as_micros()).unwrap_or_default();
        let micros = i64::try_from(chance.below(2 * most.unsigned_abs() + 1)).unwrap_or_default();
        SignedDuration::from_micros(micros - most)
    };
    match chance.below(if dose.shared { 23 } else { 10 }) {
        0..=2 => Fault::Crash { machine, down: away },
        3..=4 => Fault::Stop { machine, down: away },
        5..=6 => Fault::ClockJump { machine, by: jump() },
        7..=8 => Fault::SlowDisk {
            lasts: away,
            most: chance.between(10, 3_000),
        },
        9 => Fault::PowerLoss { machine, down: away },
        10..=13 => Fault::Cut { machine, lasts: away },
        14..=15 => Fault::LostAcknowledgements {
            lasts: away,
            percent: chance.between(1, 50),
        },
        16 => Fault::Restart { down: away },
        17..=18 => Fault::HalfCut {
            machine,
            way: Way::There,
            lasts: away,
        },
        19..=20 => Fault::HalfCut {
            machine,
            way: Way::Back,
            lasts: away,
        },
        21 => Fault::SlowWire {
            machine,
            lasts: away,
            most: chance.between(10, 2_000),
        },
        _ => Fault::DatabasePowerLoss { down: away },
    }
}
