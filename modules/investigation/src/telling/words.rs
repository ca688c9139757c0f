//! Words for what the model sees, and numbers as people read them.

use mainstay_diagnosis::{Modality, features::Rate, model::Channel};

use crate::report::{InputKind, words};

/// A mechanism in words, as it stands in a list.
pub fn mechanism(channel: Channel) -> &'static str {
    match channel {
        Channel::Cpu => "processor",
        Channel::Memory => "memory",
        Channel::Latency => "slow by itself",
        Channel::LatencyExplained => "slow with what it calls",
        Channel::Wire => "slow between caller and callee",
        Channel::Error => "failing by itself",
        Channel::ErrorExplained => "failing with what it calls",
        Channel::Events => "does other things than before",
        Channel::EventsExplained => "does other things, as what it calls does",
        Channel::Traffic => "fewer requests",
        Channel::Unreachable => "out of the symptom's reach",
        Channel::LatencyOfAvailability => "slow, while the symptom is failing",
        Channel::Address => "an address, a road to others",
        Channel::Change => "changed shortly before",
        Channel::LogErrors => "new or bursting errors in its log",
        Channel::LogErrorsExplained => "errors in its log, as in those of what it calls",
        Channel::Saturation => "a limited resource is used up",
        Channel::Unanswered => "no longer answers",
        Channel::Clock => "a clock out of step",
    }
}

/// What is wrong with a component by its strongest mechanism, as the end of a sentence that begins with its name.
pub fn complaint(channel: Channel) -> &'static str {
    match channel {
        Channel::Cpu => "uses more processor time than normal",
        Channel::Memory => "uses more memory than normal",
        Channel::Latency | Channel::LatencyExplained | Channel::LatencyOfAvailability => {
            "answers more slowly than normal"
        }
        Channel::Wire => "is slow on the way to or from its neighbours",
        Channel::Error | Channel::ErrorExplained => "fails more often than normal",
        Channel::Events | Channel::EventsExplained => "does not do what it normally does",
        Channel::Traffic => "gets fewer requests than normal",
        Channel::Change => "was changed shortly before",
        Channel::LogErrors | Channel::LogErrorsExplained => "logs errors it did not log before",
        Channel::Saturation => "has used up a limited resource",
        Channel::Unanswered => "no longer answers",
        Channel::Clock => "has a clock that contradicts those of its neighbours",
        Channel::Unreachable | Channel::Address => "has little to show for itself",
    }
}

/// What to ask of a component about a mechanism that was not looked at.
pub fn question(channel: Channel, name: &str) -> String {
    match channel {
        Channel::Cpu => format!("Did {name} use more processor time than normal?"),
        Channel::Memory => format!("Did {name} use more memory than normal?"),
        Channel::Latency | Channel::LatencyExplained | Channel::LatencyOfAvailability => {
            format!("Was {name} slow by itself?")
        }
        Channel::Wire => format!("Were calls to or from {name} slow on the way?"),
        Channel::Error | Channel::ErrorExplained => format!("Did {name} fail more often than normal?"),
        Channel::Events | Channel::EventsExplained => format!("Did {name} do other things than normal in its calls?"),
        Channel::Traffic => format!("Did {name} get fewer requests than normal?"),
        Channel::Change => format!("Was {name} deployed or configured anew shortly before?"),
        Channel::LogErrors | Channel::LogErrorsExplained => {
            format!("Did {name} log errors that it did not log before?")
        }
        Channel::Unanswered => format!("Did those who call {name} get an answer?"),
        Channel::Clock => format!("Is the clock of {name} in step with those of its neighbours?"),
        Channel::Saturation => format!("Was a pool, a queue or a disk of {name} full?"),
        Channel::Unreachable | Channel::Address => format!("Who calls {name}, and whom does it call?"),
    }
}

/// How to look for a mechanism that was not looked at.
pub fn how_to_look(channel: Channel) -> &'static str {
    match channel {
        Channel::Cpu | Channel::Memory => "add its processor and memory series of that time",
        Channel::Latency | Channel::LatencyExplained | Channel::LatencyOfAvailability => {
            "add its latency series or its spans of that time"
        }
        Channel::Wire | Channel::Unanswered | Channel::Clock => {
            "add spans of both ends of its calls, or latency as caller and callee see it"
        }
        Channel::Error | Channel::ErrorExplained | Channel::Traffic => "add its request and error series of that time",
        Channel::Events | Channel::EventsExplained => "add its spans and the messages with their trace and span",
        Channel::Change => "add its deploys, or its configuration now and (as --baseline) before",
        Channel::LogErrors | Channel::LogErrorsExplained => "add its log of that time and of an hour before",
        Channel::Saturation => "add how full its pools, queues and disks were",
        Channel::Unreachable | Channel::Address => "add who calls whom (--topology)",
    }
}

/// Which kind of evidence shows a mechanism mostly.
pub fn kind(channel: Channel) -> InputKind {
    match channel {
        Channel::Change => InputKind::Changes,
        Channel::LogErrors | Channel::LogErrorsExplained => InputKind::Logs,
        Channel::Events | Channel::EventsExplained | Channel::Wire | Channel::Unanswered | Channel::Clock => {
            InputKind::Traces
        }
        Channel::Unreachable | Channel::Address => InputKind::Topology,
        _ => InputKind::Metrics,
    }
}

/// A way of looking that was not possible, and what it would have shown.
pub fn missing(modality: Modality) -> (InputKind, &'static str) {
    match modality {
        Modality::Metrics => (
            InputKind::Metrics,
            "which component uses more, answers slower or fails more often than normal",
        ),
        Modality::Traces => (
            InputKind::Traces,
            "which component is slow by itself, which calls are missing, and where an error begins",
        ),
        Modality::Logs => (
            InputKind::Logs,
            "what each component says went wrong, and what it no longer says",
        ),
        Modality::Changes => (
            InputKind::Changes,
            "what was deployed or configured anew shortly before",
        ),
        Modality::Topology => (
            InputKind::Topology,
            "who calls whom, and so who is the cause and who its victim",
        ),
    }
}

/// "3 of 12".
pub fn part(rate: Rate) -> String {
    format!("{} of {}", words::count(rate.k.into()), words::count(rate.n.into()))
}

/// "3 of 12 calls".
pub fn calls(rate: Rate) -> String {
    format!("{} {}", part(rate), if rate.n == 1 { "call" } else { "calls" })
}

/// "3 times".
pub fn times(value: f64) -> String {
    let number = number(value);
    let word = if number == "1" { "time" } else { "times" };
    format!("{number} {word}")
}

/// A number with three digits that matter.
pub fn number(value: f64) -> String {
    words::significant(value, 3)
}

/// A number with its unit, as it is written in the source.
pub fn quantity(value: f64, unit: Option<&str>) -> String {
    words::measured(
        value,
        unit.map(|unit| if unit == "By" { "B" } else { unit })
            .filter(|unit| *unit != "1"),
    )
}

/// A length of time in words.
pub fn duration(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "seconds within some years")]
    let whole = if seconds.abs() < 10.0 {
        seconds * 1e6
    } else {
        seconds.round() * 1e6
    } as i64;
    words::duration(whole.abs())
}

/// A sentence as the part of another: its first letter is small, unless it begins a name.
pub fn lowered(sentence: &str) -> String {
    let (first, _) = sentence.split_once(' ').unwrap_or((sentence, ""));
    match first {
        "In" | "It" | "Its" => sentence.replacen(first, &first.to_lowercase(), 1),
        _ => sentence.to_owned(),
    }
}

/// A moment, UTC: `10:04:34`, with the date where it is asked for.
pub fn moment(micros: i64, with_date: bool) -> String {
    let Ok(stamp) = jiff::Timestamp::from_microsecond(micros) else {
        return "an unknown time".to_owned();
    };
    let civil = stamp.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    if with_date {
        format!("{} {} UTC", civil.date(), civil.strftime("%H:%M:%S"))
    } else {
        format!("{} UTC", civil.strftime("%H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_and_times_are_as_people_say_them() {
        assert_eq!(quantity(0.25, Some("s")), "250 ms");
        assert_eq!(quantity(92.0, Some("%")), "92 %");
        assert_eq!(quantity(3.0, Some("1")), "3");
        assert_eq!(
            (duration(0.2), duration(600.0)),
            ("200 ms".to_owned(), "10 min".to_owned())
        );
        assert_eq!(moment(1_674_986_674_000_000, true), "2023-01-29 10:04:34 UTC");
        assert_eq!(lowered("In 3 of 4 calls"), "in 3 of 4 calls");
        assert_eq!(lowered("CpuUsage of cart"), "CpuUsage of cart");
    }

    #[test]
    fn one_is_said_as_one() {
        assert_eq!(calls(Rate { k: 1, n: 1 }), "1 of 1 call");
        assert_eq!(calls(Rate { k: 0, n: 12_000 }), "0 of 12,000 calls");
        assert_eq!((times(1.0), times(0.5)), ("1 time".to_owned(), "0.5 times".to_owned()));
    }
}
