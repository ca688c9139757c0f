//! What is recorded: which service fails, how, when, and what distracts from it. It follows from the seed alone.
//!
//! It knows which cause can show in which service. It must not know how a case is recorded.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{
    dice::Dice,
    kind::{Distraction, Kind},
};
use crate::demo::{cause::Cause, registry::Registry, service::release::Change};

/// Services that answer with an instrument, and so divide by its lot.
const WITH_INSTRUMENTS: [&str; 7] = ["ai", "analyze", "api", "app", "data", "execution", "web"];
/// Services whose answers have no amount that could be too large.
const WITHOUT_AMOUNTS: [&str; 2] = ["main", "monitor"];
/// Services that customers meet, and so can crowd.
pub const FRONTS: [&str; 5] = ["analyze", "app", "execution", "main", "web"];
/// Causes whose traces two services can show at once: a process that is gone would hide what its callers do.
const IN_DOUBLES: [Cause; 9] = [
    Cause::ConnectionLeak,
    Cause::CpuSpin,
    Cause::MemoryLeak,
    Cause::SlowDisk,
    Cause::BadConfiguration,
    Cause::Delay,
    Cause::Errors,
    Cause::BadDeploy,
    Cause::ClockSkew,
];
/// How many cases with a fault have a distraction as well.
const DISTRACTED: f64 = 0.35;
/// Attempts to find two causes and two services that fit each other.
const DRAWS: usize = 1_000;

/// How long the parts of a case take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lengths {
    /// All is well, at least.
    pub calm: f64,
    /// Something is broken.
    pub broken: f64,
}

/// One case. Times are seconds since its recording began.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(clippy::struct_field_names, reason = "the field is named as it is printed")]
pub struct Case {
    /// Its name, and that of its folder.
    pub case: String,
    /// The seed of the plan.
    pub seed: u64,
    /// What it is about.
    pub kind: Kind,
    /// When the recording ends.
    pub ends: f64,
    /// What fails.
    pub faults: Vec<Fault>,
    /// What looks like a reason and is none.
    pub red_herrings: Vec<RedHerring>,
    /// Its place in the plan, which its own chance follows from.
    #[serde(skip)]
    pub number: u64,
}

impl Case {
    /// A case about nothing, for a fleet that is looked at as it is.
    pub fn unplanned() -> Self {
        Self {
            case: String::new(),
            seed: 0,
            kind: Kind::Nothing,
            ends: 0.0,
            faults: Vec::new(),
            red_herrings: Vec::new(),
            number: 0,
        }
    }
}

/// One service that fails.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fault {
    /// The service.
    pub service: String,
    /// What goes wrong in it.
    pub cause: Cause,
    /// What a new version does differently, when that is the cause.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// When it begins.
    pub at: f64,
}

/// One distraction.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RedHerring {
    /// What it is.
    pub kind: Distraction,
    /// The service it happens to, when it is not the machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// When it begins.
    pub at: f64,
    /// When it ends.
    pub until: f64,
}

/// The first `count` cases of `seed`, all of one kind when `only` names it. More cases never change earlier ones.
pub fn cases(registry: &Registry, lengths: Lengths, seed: u64, count: u64, only: Option<Kind>) -> Vec<Case> {
    let mut planned = Vec::new();
    let mut waiting = Vec::new().into_iter();
    for number in 1..=count {
        let (kind, distraction) = waiting.next().unwrap_or_else(|| {
            let round: Vec<_> = slots()
                .into_iter()
                .filter(|(kind, _)| only.is_none_or(|only| *kind == only))
                .collect();
            waiting = Dice::new(seed, u64::MAX - number).shuffled(round).into_iter();
            waiting.next().unwrap_or((Kind::Nothing, None))
        });
        planned.push(case(registry, lengths, seed, number, kind, distraction));
    }
    planned
}

/// One round: every cause, two doubles, and nothing with every distraction and without any.
pub fn slots() -> Vec<(Kind, Option<Distraction>)> {
    let causes = Cause::ALL.into_iter().map(|cause| (Kind::One(cause), None));
    let doubles = [(Kind::Double, None); 2];
    let distracted = Distraction::ALL.into_iter().map(|kind| (Kind::Nothing, Some(kind)));
    causes
        .chain(doubles)
        .chain(distracted)
        .chain([(Kind::Nothing, None)])
        .collect()
}

fn case(
    registry: &Registry,
    lengths: Lengths,
    seed: u64,
    number: u64,
    kind: Kind,
    distraction: Option<Distraction>,
) -> Case {
    let dice = Dice::new(seed, number);
    let breaks = tenths(lengths.calm + dice.between(0.0, lengths.calm / 6.0));
    let faults = match kind {
        Kind::One(cause) => dice
            .pick(&sufferers(registry, cause))
            .map(|service| fault(&dice, service, cause, breaks))
            .into_iter()
            .collect(),
        Kind::Double => double(registry, &dice, breaks),
        Kind::Nothing => Vec::new(),
    };
    let drawn = dice.fraction();
    let distraction = distraction.or_else(|| {
        let also = kind != Kind::Nothing && drawn < DISTRACTED;
        dice.pick(&Distraction::ALL).copied().filter(|_| also)
    });
    let broken: BTreeSet<_> = faults.iter().map(|fault: &Fault| fault.service.as_str()).collect();
    let herring = distraction.map(|kind| red_herring(registry, &dice, kind, &broken, breaks, lengths));
    Case {
        case: format!("case-{number:03}"),
        seed,
        kind,
        ends: breaks + lengths.broken,
        red_herrings: herring.into_iter().collect(),
        faults,
        number,
    }
}

/// Seconds to the tenth, so that a plan can be read.
fn tenths(seconds: f64) -> f64 {
    (seconds * 10.0).floor() / 10.0
}

fn fault(dice: &Dice, service: &str, cause: Cause, at: f64) -> Fault {
    let changes: &[Change] = if WITHOUT_AMOUNTS.contains(&service) {
        &[Change::SingleReads, Change::AnswerHistory]
    } else {
        &[Change::CompactAmounts, Change::SingleReads, Change::AnswerHistory]
    };
    let change = dice.pick(changes).copied().filter(|_| cause == Cause::BadDeploy);
    Fault {
        service: service.to_owned(),
        cause,
        change,
        at,
    }
}

/// Two services of which neither needs the other, so that the failure of one cannot keep requests from the other.
fn double(registry: &Registry, dice: &Dice, at: f64) -> Vec<Fault> {
    for _draw in 0..DRAWS {
        let (Some(first), Some(second)) = (dice.pick(&IN_DOUBLES), dice.pick(&IN_DOUBLES)) else {
            break;
        };
        let (one, other) = (sufferers(registry, *first), sufferers(registry, *second));
        let (Some(one), Some(other)) = (dice.pick(&one), dice.pick(&other)) else {
            continue;
        };
        if first != second && one != other && !needs(registry, one, other) && !needs(registry, other, one) {
            let later = tenths(at + dice.between(0.0, 4.0));
            return vec![fault(dice, one, *first, at), fault(dice, other, *second, later)];
        }
    }
    Vec::new()
}

fn red_herring(
    registry: &Registry,
    dice: &Dice,
    kind: Distraction,
    broken: &BTreeSet<&str>,
    breaks: f64,
    lengths: Lengths,
) -> RedHerring {
    let candidates: Vec<&str> = match kind {
        Distraction::TrafficBurst => FRONTS.to_vec(),
        Distraction::UnrelatedDeploy => registry.services().keys().map(String::as_str).collect(),
        Distraction::NoisyNeighbour => Vec::new(),
    };
    let candidates: Vec<_> = candidates.into_iter().filter(|name| !broken.contains(name)).collect();
    // Shortly before the fault it is the most tempting.
    let at = tenths(breaks - dice.between(1.0, lengths.calm / 4.0)).max(0.0);
    let until = match kind {
        Distraction::UnrelatedDeploy => at,
        Distraction::TrafficBurst | Distraction::NoisyNeighbour => {
            tenths(breaks + dice.between(0.5, 0.9) * lengths.broken)
        }
    };
    RedHerring {
        kind,
        service: dice.pick(&candidates).map(|name| (*name).to_owned()),
        at,
        until,
    }
}

/// The services in which a cause shows.
fn sufferers<'a>(registry: &'a Registry, cause: Cause) -> Vec<&'a str> {
    let names = registry.services().keys().map(String::as_str);
    let called: BTreeSet<&str> = names.clone().flat_map(|name| registry.calls(name)).collect();
    let shows = |name: &&'a str| match cause {
        Cause::BadConfiguration => !registry.calls(name).is_empty(),
        Cause::DependencyDown => called.contains(name),
        Cause::Errors => WITH_INSTRUMENTS.contains(name),
        _ => true,
    };
    names.filter(shows).collect()
}

/// Whether `one` calls `other`, directly or through others.
fn needs(registry: &Registry, one: &str, other: &str) -> bool {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![one];
    while let Some(name) = waiting.pop() {
        for called in registry.calls(name) {
            if reached.insert(called) {
                waiting.push(called);
            }
        }
    }
    reached.contains(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::registry::BUNDLED;

    const LENGTHS: Lengths = Lengths {
        calm: 60.0,
        broken: 40.0,
    };

    fn plan(seed: u64, count: u64, only: Option<Kind>) -> Vec<Case> {
        cases(&Registry::parse(BUNDLED).unwrap(), LENGTHS, seed, count, only)
    }

    #[test]
    fn a_plan_follows_from_its_seed_and_a_longer_one_begins_like_a_shorter_one() {
        assert_eq!(plan(7, 40, None), plan(7, 40, None));
        assert_eq!(plan(7, 40, None)[..9], plan(7, 9, None));
        assert_ne!(plan(7, 9, None), plan(8, 9, None));
    }

    #[test]
    fn one_round_has_every_kind_and_every_distraction() {
        let round = plan(1, slots().len() as u64, None);
        let kinds: BTreeSet<_> = round.iter().map(|case| case.kind).collect();
        assert_eq!(kinds, Kind::all().into_iter().collect());
        let nothing = round.iter().filter(|case| case.kind == Kind::Nothing);
        let distractions: BTreeSet<_> = nothing
            .flat_map(|case| case.red_herrings.iter().map(|it| it.kind))
            .collect();
        assert_eq!(distractions, BTreeSet::from(Distraction::ALL));
    }

    #[test]
    fn every_case_breaks_what_its_kind_says_within_its_time() {
        for case in (1..30).flat_map(|seed| plan(seed, 17, None)) {
            let expected = match case.kind {
                Kind::One(_) => 1,
                Kind::Double => 2,
                Kind::Nothing => 0,
            };
            assert_eq!(case.faults.len(), expected, "{case:?}");
            for fault in &case.faults {
                assert!(fault.at >= LENGTHS.calm && fault.at < case.ends, "{case:?}");
                assert_eq!(fault.change.is_some(), fault.cause == Cause::BadDeploy, "{case:?}");
            }
            for herring in &case.red_herrings {
                assert!(herring.at >= 0.0 && herring.until < case.ends, "{case:?}");
                assert!(
                    case.faults
                        .iter()
                        .all(|fault| Some(&fault.service) != herring.service.as_ref())
                );
            }
        }
    }

    #[test]
    fn the_two_of_a_double_do_not_need_each_other() {
        let registry = Registry::parse(BUNDLED).unwrap();
        assert!(needs(&registry, "web", "data") && !needs(&registry, "data", "web"));
        for case in plan(3, 20, Some(Kind::Double)) {
            let [first, second] = case.faults.as_slice() else {
                unreachable!("{case:?}");
            };
            assert!(!needs(&registry, &first.service, &second.service), "{case:?}");
            assert!(!needs(&registry, &second.service, &first.service), "{case:?}");
        }
    }

    #[test]
    fn a_plan_of_one_kind_has_no_other() {
        let delays = plan(2, 5, Some(Kind::One(Cause::Delay)));
        assert!(delays.len() == 5 && delays.iter().all(|case| case.faults[0].cause == Cause::Delay));
    }
}
