//! Whatever is done to a log that was written, its verification finds it.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const ORGANIZATION: Uuid = Uuid::from_u128(1);

fn change(number: usize) -> Change {
    Change {
        who: Who {
            kind: "person",
            id: Some(Uuid::from_u128(7)),
            label: "ada".to_owned(),
        },
        action: "user.update",
        target: Target {
            kind: "user",
            id: number.to_string(),
            label: format!("user {number}"),
        },
        before: number.is_multiple_of(2).then(|| json!({"role": "viewer"})),
        after: Some(json!({"role": "editor", "number": number})),
        address: Some("127.0.0.1".to_owned()),
        request_id: None,
    }
}

fn log(length: usize) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for number in 0..length {
        let previous = entries
            .last()
            .map_or(ORIGIN, |entry| entry.hash.clone().try_into().unwrap());
        let position = i64::try_from(number).unwrap() + 1;
        entries.push(Entry::after(
            previous,
            position,
            position * 1_000,
            ORGANIZATION,
            change(number),
        ));
    }
    entries
}

fn verify(entries: &[Entry]) -> Result<Verification, Broken> {
    let mut verifier = Verifier::new(ORGANIZATION);
    for entry in entries {
        verifier.next(entry)?;
    }
    Ok(verifier.so_far())
}

#[test]
fn a_log_that_nobody_touched_is_whole() {
    assert_eq!(
        verify(&[]).unwrap(),
        Verification {
            entries: 0,
            hash: ORIGIN
        }
    );
    let log = log(20);
    let whole = verify(&log).unwrap();
    assert_eq!((whole.entries, whole.hash.to_vec()), (20, log[19].hash.clone()));
}

#[test]
fn an_entry_of_another_organisation_does_not_belong() {
    let mut verifier = Verifier::new(Uuid::from_u128(2));
    assert_eq!(verifier.next(&log(1)[0]), Err(Broken::Altered(1)));
}

/// One way to tamper with an entry.
fn tamper(entry: &mut Entry, how: usize) {
    match how {
        0 => entry.actor.push('x'),
        1 => entry.action = "user.create".to_owned(),
        2 => entry.target_id.push('1'),
        3 => entry.after = None,
        4 => entry.before = Some("{}".to_owned()),
        5 => entry.at = mainstay_kernel::from_micros(to_micros(entry.at) + 1),
        6 => entry.address = None,
        7 => entry.request_id = Some(String::new()),
        8 => entry.actor_id = None,
        9 => entry.actor_kind = "system".to_owned(),
        // Text that moves from one field into the next leaves their joined text as it was.
        10 => {
            let moved = entry.target_id.split_off(entry.target_id.len() - 1);
            entry.target = moved + &entry.target;
        }
        _ => entry.hash[0] ^= 1,
    }
}

proptest! {
    #[test]
    fn any_altered_entry_is_found(length in 1_usize..30, at in any::<prop::sample::Index>(), how in 0_usize..12) {
        let mut entries = log(length);
        let at = at.index(length);
        tamper(&mut entries[at], how);
        prop_assert_eq!(verify(&entries), Err(Broken::Altered(i64::try_from(at).unwrap() + 1)));
    }

    #[test]
    fn an_altered_entry_with_a_new_hash_is_found_at_the_next(length in 2_usize..30, at in any::<prop::sample::Index>(), how in 0_usize..11) {
        let mut entries = log(length);
        let at = at.index(length - 1);
        tamper(&mut entries[at], how);
        entries[at].hash = entries[at].digest(ORGANIZATION).to_vec();
        prop_assert_eq!(verify(&entries), Err(Broken::Chain(i64::try_from(at).unwrap() + 2)));
    }

    #[test]
    fn a_missing_or_doubled_or_swapped_entry_is_found(length in 3_usize..30, at in any::<prop::sample::Index>()) {
        let at = at.index(length - 1);
        let mut missing = log(length);
        missing.remove(at);
        prop_assert!(verify(&missing).is_err());
        let mut doubled = log(length);
        let again = doubled[at].clone();
        doubled.insert(at, again);
        prop_assert!(verify(&doubled).is_err());
        let mut swapped = log(length);
        swapped.swap(at, at + 1);
        prop_assert!(verify(&swapped).is_err());
    }
}
