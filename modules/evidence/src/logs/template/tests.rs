//! Templates by example and by property.

use proptest::prelude::*;

use super::{Miner, MinerLimits, ParameterKind, Templates, align::align, scan::scan};

fn mine(lines: &[&str]) -> Templates<()> {
    let mut miner = Miner::<()>::new(MinerLimits::default());
    for line in lines {
        miner.add(line.as_bytes());
    }
    miner.finish()
}

fn only(line: &str) -> String {
    let mined = mine(&[line]);
    assert_eq!(mined.templates.len(), 1);
    mined.templates[0].text.clone()
}

fn texts(mined: &Templates<()>) -> Vec<&str> {
    mined.templates.iter().map(|template| template.text.as_str()).collect()
}

#[test]
fn values_are_told_by_their_form() {
    let cases = [
        ("took 35 ms", "took <*> ms"),
        ("from 10.0.3.7:5432 port 22", "from <*> port <*>"),
        ("peer fe80::1ff:fe23:4567:890a is up", "peer <*> is up"),
        ("link 5c:50:15:36:bc:03 lost", "link <*> lost"),
        ("open /var/lib/app/data.bin failed.", "open <*> failed."),
        ("GET https://example.org/a?b=c, 200", "GET <*>, <*>"),
        ("copied 18.4 KB of 2 GB", "copied <*> of <*>"),
        ("lifetime <1 sec", "lifetime <*>"),
        ("at Wed Jul 27 14:41:57 2005", "at <*>"),
        ("since 2024-05-01 10:11:12.345 +02:00 or so", "since <*> <*> or so"),
        ("since 2024-05-01T10:11:12Z", "since <*>"),
        ("mail to ann.lee@example.org bounced", "mail to <*> bounced"),
        ("removing device node 'vcs'", "removing device node '<*>'"),
        (
            "org.example.Pool$Worker@3f2a1b done",
            "org.example.Pool$Worker@<*> done",
        ),
        ("worker #12 of 0xdeadbeef", "worker #<*> of <*>"),
        ("enabled=true, parent=null", "enabled=<*>, parent=<*>"),
        ("retry in 5s (attempt 2/10)", "retry in <*> (attempt <*>)"),
        ("db-primary.eu.example.com is gone", "<*> is gone"),
        ("java.io.IOException: broken", "java.io.IOException: broken"),
        ("run2() in mode fast", "run2() in mode fast"),
        ("Wifi::waitForOk2Go2Sx - ok", "Wifi::waitForOk2Go2Sx - ok"),
        ("lock tag=\"View Lock\" held", "lock tag=\"<*>\" held"),
        ("sync err=\"no such pod\" now", "sync err=\"no such pod\" now"),
    ];
    for (line, template) in cases {
        assert_eq!(only(line), template, "{line}");
    }
}

#[test]
fn a_word_with_a_number_is_a_constant_only_when_it_stays_the_same() {
    assert_eq!(only("link up on eth0 now"), "link up on <*> now");
    let same: Vec<String> = (0..9).map(|port| format!("accepted port {port} ssh2")).collect();
    let same: Vec<&str> = same.iter().map(String::as_str).collect();
    assert_eq!(texts(&mine(&same)), ["accepted port <*> ssh2"]);
}

#[test]
fn columns_of_names_become_values_and_columns_of_states_do_not() {
    let users = mine(&[
        "session closed for user ann",
        "session closed for user bob",
        "session opened for user ann",
    ]);
    assert_eq!(
        texts(&users),
        ["session closed for user <*>", "session opened for user <*>"]
    );
    let states = mine(&["state LEADING now", "state FOLLOWING now", "state LOOKING now"]);
    assert_eq!(states.templates.len(), 3);
}

#[test]
fn assignments_are_free_in_every_column_at_once() {
    let mined = mine(&[
        "lock tag=screen name=phone",
        "lock tag=wifi name=system",
        "lock tag=radio name=maps",
    ]);
    assert_eq!(texts(&mined), ["lock tag=<*> name=<*>"]);
}

#[test]
fn lists_of_different_length_are_one_value() {
    let mined = mine(&[
        "delete blk_100 blk_200",
        "delete blk_300",
        "delete blk_400 blk_500 blk_600",
    ]);
    assert_eq!(texts(&mined), ["delete <*>"]);
}

#[test]
fn two_columns_of_words_that_are_never_repeated_become_values() {
    let letters = |number: usize| {
        let digits: Vec<u8> = format!("{number:04}").bytes().map(|byte| b'a' + byte - b'0').collect();
        String::from_utf8(digits).expect("letters")
    };
    let lines: Vec<String> = (0..300)
        .map(|number| {
            format!(
                "moved basket {} over towards shelf {} again",
                letters(number),
                letters(9_999 - number)
            )
        })
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mined = mine(&lines);
    assert_eq!(texts(&mined), ["moved basket <*> over towards shelf <*> again"]);
    assert_eq!(mined.templates[0].count, 300);
    assert!(mined.templates[0].parameters[0].distinct() > 250);
}

#[test]
fn values_are_counted_typed_and_ranged() {
    let lines: Vec<String> = (1..=100)
        .map(|number| format!("request {number} took {}ms", number * 10))
        .collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let mined = mine(&lines);
    let [number, duration] = mined.templates[0].parameters.as_slice() else {
        panic!("two values")
    };
    assert!(number.has(ParameterKind::Number) && duration.has(ParameterKind::Duration));
    assert!((85..=115).contains(&number.distinct()) && !number.is_exact());
    let (low, mean, high) = duration.range().expect("quantities");
    assert!((low - 0.01).abs() < 1e-9 && (mean - 0.505).abs() < 1e-9 && (high - 1.0).abs() < 1e-9);
}

#[test]
fn frequent_values_keep_their_counts() {
    let mut miner = Miner::<()>::new(MinerLimits::default());
    for number in 0..1_000 {
        let host = if number % 4 == 0 {
            format!("10.1.{}.{}", number / 250, number % 250)
        } else {
            "10.0.0.1".to_owned()
        };
        miner.add(format!("call to {host} failed").as_bytes());
    }
    let found = miner.finish();
    let top = found.templates[0].parameters[0].values()[0];
    assert_eq!(top.text(), "10.0.0.1");
    assert!(top.count() - top.error() <= 750 && top.count() >= 750);
}

#[test]
fn unique_lines_stay_within_the_cap_and_are_counted_as_folded() {
    let limits = MinerLimits {
        patterns: 256,
        ever: 2_000,
        aliases: 1_024,
        sketches: true,
    };
    let mut miner = Miner::<()>::new(limits);
    let mut state = 7_u64;
    let mut largest = 0;
    for _ in 0..20_000 {
        let mut line = String::new();
        for _ in 0..(3 + state % 9) {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let word: String = (0..6)
                .map(|at| char::from(b'a' + u8::try_from((state >> (at * 9)) % 26).expect("a letter")))
                .collect();
            line.push_str(&word);
            line.push(' ');
        }
        miner.add(line.as_bytes());
        largest = largest.max(miner.heap_size());
    }
    let found = miner.finish();
    assert!(largest < 4_000_000, "{largest}");
    assert!(found.templates.len() <= 256 + 1_024 + 1);
    assert_eq!(
        found.templates.iter().map(|template| template.count).sum::<u64>(),
        20_000
    );
    assert!(found.stats.folded_messages > 15_000, "{:?}", found.stats);
}

#[test]
fn many_names_of_machines_are_one_template() {
    let mut miner = Miner::<()>::new(MinerLimits::default());
    for number in 0..50_000_u32 {
        let name: String = format!("{number:05}")
            .bytes()
            .map(|byte| char::from(b'a' + byte - b'0'))
            .collect();
        miner.add(format!("lost contact with {name} after a while").as_bytes());
    }
    let size = miner.heap_size();
    let found = miner.finish();
    assert_eq!(texts(&found), ["lost contact with <*> after a while"]);
    assert!(size < 16_000_000, "{size}");
}

fn message() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        4 => "[a-z]{2,8}",
        1 => "[0-9]{1,6}",
        1 => Just("user".to_owned()),
        1 => "[a-z]{2,4}=[a-z0-9]{0,5}",
        1 => "/[a-z]{1,5}/[a-z0-9.]{1,6}",
        1 => "[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}\\.[0-9]{1,3}(:[0-9]{2,5})?",
        1 => "[:,=\\[\\]()'\"!.|;]{1,3}",
    ];
    proptest::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_are_a_message(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..60)) {
        let mut miner = Miner::<()>::new(MinerLimits::default());
        for line in &lines {
            miner.add(line);
        }
        let found = miner.finish();
        prop_assert_eq!(found.templates.iter().map(|template| template.count).sum::<u64>(), lines.len() as u64);
    }

    #[test]
    fn tokens_cover_the_message_in_order(line in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut tokens = Vec::new();
        scan(&line, &mut tokens);
        let mut end = 0;
        for token in &tokens {
            prop_assert!(token.start >= end && token.end > token.start && token.end as usize <= line.len());
            end = token.end;
        }
    }

    #[test]
    fn a_template_matches_its_own_lines(lines in proptest::collection::vec(message(), 1..80)) {
        let mut miner = Miner::<()>::new(MinerLimits::default());
        let ids: Vec<_> = lines.iter().map(|line| miner.add(line.as_bytes()).0).collect();
        let found = miner.finish();
        let (mut tokens, mut spans) = (Vec::new(), Vec::new());
        for (line, id) in lines.iter().zip(ids) {
            let template = &found.templates[found.place(id)];
            scan(line.as_bytes(), &mut tokens);
            prop_assert!(
                template.folded > 0 || align(template.pattern.tokens(), &tokens, &mut spans),
                "{:?} does not match {:?}", template.text, line
            );
        }
    }

    #[test]
    fn the_order_of_repeated_lines_does_not_change_their_counts(lines in proptest::collection::vec(message(), 1..30)) {
        let mut miner = Miner::<()>::new(MinerLimits::default());
        for line in lines.iter().chain(&lines) {
            miner.add(line.as_bytes());
        }
        for template in miner.finish().templates {
            prop_assert_eq!(template.count % 2, 0);
        }
    }
}
