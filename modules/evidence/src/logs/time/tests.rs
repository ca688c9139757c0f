//! Timestamps by example, and any bytes.

use jiff::Timestamp;
use proptest::prelude::*;

use super::{TimeContext, epoch, find, whole};

fn context() -> TimeContext {
    let reference: Timestamp = "2024-03-10T12:00:00Z".parse().expect("a time");
    TimeContext {
        reference: reference.as_microsecond(),
        zone: 0,
    }
}

fn seen(text: &str) -> Option<(String, String, String)> {
    let (start, end, stamp) = find(text.as_bytes(), &context())?;
    let marks = [
        (stamp.year_assumed, 'y'),
        (stamp.day_assumed, 'd'),
        (stamp.zone_assumed, 'z'),
    ];
    let assumed = marks
        .iter()
        .filter(|(assumed, _)| *assumed)
        .map(|(_, mark)| *mark)
        .collect();
    let at = Timestamp::from_microsecond(stamp.micros).expect("in range");
    Some((text[start..end].to_owned(), at.to_string(), assumed))
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of forms")]
fn forms_are_recognised_without_configuration() {
    let cases = [
        (
            "2024-03-01T10:11:12.345678Z INFO x",
            "2024-03-01T10:11:12.345678Z",
            "2024-03-01T10:11:12.345678Z",
            "",
        ),
        (
            "2024-03-01 10:11:12,345 [main] INFO",
            "2024-03-01 10:11:12,345",
            "2024-03-01T10:11:12.345Z",
            "z",
        ),
        (
            "[2024-03-01T10:11:12+02:00] x",
            "2024-03-01T10:11:12+02:00",
            "2024-03-01T08:11:12Z",
            "",
        ),
        (
            "2024/03/01 10:11:12 [error] 7#7: *1",
            "2024/03/01 10:11:12",
            "2024-03-01T10:11:12Z",
            "z",
        ),
        (
            "Mar  1 10:11:12 web sshd[7]: x",
            "Mar  1 10:11:12",
            "2024-03-01T10:11:12Z",
            "yz",
        ),
        (
            "Dec 31 23:59:59 web cron: x",
            "Dec 31 23:59:59",
            "2023-12-31T23:59:59Z",
            "yz",
        ),
        (
            "[Sun Dec 04 04:47:44.123456 2005] [notice] x",
            "Sun Dec 04 04:47:44.123456 2005",
            "2005-12-04T04:47:44.123456Z",
            "z",
        ),
        (
            "10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /\"",
            "10/Oct/2000:13:55:36 -0700",
            "2000-10-10T20:55:36Z",
            "",
        ),
        (
            "01-Mar-2024 10:11:12.123 SEVERE [main] x",
            "01-Mar-2024 10:11:12.123",
            "2024-03-01T10:11:12.123Z",
            "z",
        ),
        (
            "1:M 01 Mar 2024 10:11:12.123 * Ready",
            "01 Mar 2024 10:11:12.123",
            "2024-03-01T10:11:12.123Z",
            "z",
        ),
        ("240301 101112 148 INFO x", "240301 101112", "2024-03-01T10:11:12Z", "z"),
        (
            "24/03/01 10:11:12 INFO x",
            "24/03/01 10:11:12",
            "2024-03-01T10:11:12Z",
            "z",
        ),
        (
            "E0301 10:11:12.123456    7 x.go:1] no",
            "E0301 10:11:12.123456",
            "2024-03-01T10:11:12.123456Z",
            "yz",
        ),
        ("1709287872 x", "1709287872", "2024-03-01T10:11:12Z", ""),
        ("1709287872.5 x", "1709287872.5", "2024-03-01T10:11:12.5Z", ""),
        ("1709287872345 x", "1709287872345", "2024-03-01T10:11:12.345Z", ""),
        (
            "1709287872345678 x",
            "1709287872345678",
            "2024-03-01T10:11:12.345678Z",
            "",
        ),
        (
            "1709287872345678901 x",
            "1709287872345678901",
            "2024-03-01T10:11:12.345678Z",
            "",
        ),
        (
            "03-01 10:11:12.345  7  8 I x",
            "03-01 10:11:12.345",
            "2024-03-01T10:11:12.345Z",
            "yz",
        ),
        ("[02.29 10:11:12] x", "02.29 10:11:12", "2024-02-29T10:11:12Z", "yz"),
        (
            "20240301-10:11:12:345|x",
            "20240301-10:11:12:345",
            "2024-03-01T10:11:12.345Z",
            "z",
        ),
        (
            "2024-03-01-10.11.12.345678 R02 x",
            "2024-03-01-10.11.12.345678",
            "2024-03-01T10:11:12.345678Z",
            "z",
        ),
        (
            "Tue, 15 Nov 1994 08:12:31 GMT x",
            "Tue, 15 Nov 1994 08:12:31 GMT",
            "1994-11-15T08:12:31Z",
            "",
        ),
        (
            "Mar 01, 2024 01:11:12 PM x",
            "Mar 01, 2024 01:11:12 PM",
            "2024-03-01T13:11:12Z",
            "z",
        ),
        (
            "10:11:12.345 [main] x",
            "10:11:12.345",
            "2024-03-10T10:11:12.345Z",
            "ydz",
        ),
        (
            "level=info ts=2024-03-01T10:11:12Z x",
            "2024-03-01T10:11:12Z",
            "2024-03-01T10:11:12Z",
            "",
        ),
        (
            "2024-03-01 10:11:12 CET x",
            "2024-03-01 10:11:12 CET",
            "2024-03-01T09:11:12Z",
            "",
        ),
    ];
    for (line, text, at, assumed) in cases {
        assert_eq!(
            seen(line),
            Some((text.to_owned(), at.to_owned(), assumed.to_owned())),
            "{line}"
        );
    }
}

#[test]
fn what_is_no_time_is_none() {
    for line in [
        "",
        "marching on 12 things",
        "1709287872abc x",
        "9999-99-99 10:11:12 x",
        "version 2024.03",
        "may 1 fail",
        "1234 x",
    ] {
        assert_eq!(seen(line), None, "{line}");
    }
    assert_eq!(whole(b"2024-03-01T10:11:12Z and more", &context()), None);
}

proptest! {
    #[test]
    fn any_bytes_are_looked_at(line in proptest::collection::vec(any::<u8>(), 0..120)) {
        if let Some((start, end, _)) = find(&line, &context()) {
            prop_assert!(start < end && end <= line.len());
        }
    }

    #[test]
    fn written_times_are_read_back(micros in 0_i64..4_102_444_800_000_000) {
        let at = Timestamp::from_microsecond(micros).expect("in range");
        prop_assert_eq!(whole(at.to_string().as_bytes(), &context()).map(|stamp| stamp.micros), Some(micros));
    }

    #[test]
    fn digits_in_any_shape_never_fail(line in "[0-9TZ:/ .,+-]{0,60}|(Mon|Jan|1)[0-9 :,JanMoM]{0,30}") {
        find(line.as_bytes(), &context());
    }
}

#[test]
fn a_run_of_digits_longer_than_any_number_is_no_time() {
    for digits in [19, 20, 66, 400] {
        assert_eq!(epoch("9".repeat(digits).as_bytes(), 0), None, "{digits}");
    }
}
