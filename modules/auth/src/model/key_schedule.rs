//! Which key signs, which are due, and which have done their service. A pure function of the stored keys and the time, so that
//! replicas that read the same rows agree.
//!
//! A new key is published before it signs, so that every replica and every reader of the key set knows it by then. A key that no
//! longer signs stays until no token that it signed can still be valid.

use mainstay_kernel::Micros;

use super::KeyId;

/// When a key came and when it begins to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyTimes {
    /// Which key.
    pub id: KeyId,
    /// When it was made, in microseconds since 1970.
    pub created_at: Micros,
    /// From when on it signs, in microseconds since 1970.
    pub signs_from: Micros,
}

/// How long keys serve, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyPolicy {
    /// How long a key signs.
    pub period: Micros,
    /// How long it is published before it signs.
    pub lead: Micros,
    /// How long it verifies after another has begun to sign: the longest life of a token, and how far clocks may differ.
    pub overlap: Micros,
}

/// What is to be done about keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyPlan {
    /// Make one that signs from then on.
    pub create: Option<Micros>,
    /// Forget these.
    pub remove: Vec<KeyId>,
}

/// The key that signs at `now`: the newest that has begun. When none has, because the clock is behind, the one that begins first.
pub fn signer(keys: &[KeyTimes], now: Micros) -> Option<KeyId> {
    let begun = keys
        .iter()
        .filter(|key| key.signs_from <= now)
        .max_by_key(|key| (key.signs_from, key.id));
    begun
        .or_else(|| keys.iter().min_by_key(|key| (key.signs_from, key.id)))
        .map(|key| key.id)
}

/// What is to be done at `now`.
pub fn plan(keys: &[KeyTimes], now: Micros, policy: &KeyPolicy) -> KeyPlan {
    let newest = keys.iter().map(|key| key.signs_from).max();
    let create = match newest {
        // The first key has nobody to hand over from.
        None => Some(now),
        // A successor that is published in time for the end of the period. One that begins far in the future was made while
        // the clock was ahead, and does not count.
        Some(from) if from.saturating_add(policy.period).saturating_sub(policy.lead) <= now => {
            Some(now.saturating_add(policy.lead))
        }
        Some(_) => None,
    };
    let remove = keys
        .iter()
        .filter(|key| {
            keys.iter().any(|successor| {
                successor.signs_from > key.signs_from && successor.signs_from.saturating_add(policy.overlap) <= now
            })
        })
        .map(|key| key.id)
        .collect();
    KeyPlan { create, remove }
}

#[cfg(test)]
mod tests {
    use mainstay_kernel::TypedId;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    const POLICY: KeyPolicy = KeyPolicy {
        period: 30_000,
        lead: 300,
        overlap: 1_000,
    };

    fn key(number: u128, signs_from: Micros) -> KeyTimes {
        KeyTimes {
            id: KeyId::from_uuid(Uuid::from_u128(number)),
            created_at: signs_from - POLICY.lead,
            signs_from,
        }
    }

    #[test]
    fn the_first_key_signs_at_once() {
        assert_eq!(plan(&[], 5, &POLICY).create, Some(5));
        assert_eq!(signer(&[], 5), None);
        assert_eq!(signer(&[key(1, 5)], 5), Some(key(1, 5).id));
    }

    #[test]
    fn a_successor_is_published_before_it_signs() {
        let first = key(1, 0);
        assert_eq!(plan(&[first], 29_699, &POLICY), KeyPlan::default());
        let due = plan(&[first], 29_700, &POLICY);
        assert_eq!(due.create, Some(30_000));
        let second = key(2, 30_000);
        assert_eq!(signer(&[first, second], 29_999), Some(first.id));
        assert_eq!(signer(&[first, second], 30_000), Some(second.id));
        assert_eq!(plan(&[first, second], 30_999, &POLICY).remove, []);
        assert_eq!(plan(&[first, second], 31_000, &POLICY).remove, [first.id]);
    }

    #[test]
    fn a_clock_that_is_behind_still_finds_a_signer() {
        assert_eq!(signer(&[key(2, 9_000), key(1, 8_000)], 5), Some(key(1, 8_000).id));
    }

    proptest! {
        /// However seldom or often somebody looks: there is always a signer, what it signs can be verified for as long as it
        /// is valid, and keys do not pile up.
        #[test]
        fn what_is_signed_can_be_verified_until_it_expires(steps in proptest::collection::vec(1_i64..20_000, 1..200)) {
            let lifetime = POLICY.overlap - 100;
            let mut keys: Vec<KeyTimes> = Vec::new();
            let mut signed: Vec<(KeyId, Micros)> = Vec::new();
            let (mut now, mut number) = (0, 0);
            for step in steps {
                now += step;
                let due = plan(&keys, now, &POLICY);
                keys.retain(|key| !due.remove.contains(&key.id));
                if let Some(from) = due.create {
                    number += 1;
                    keys.push(key(number, from));
                }
                prop_assert!(keys.len() <= 3, "{keys:?}");
                signed.retain(|(_, at)| at + lifetime > now);
                for (id, _) in &signed {
                    prop_assert!(keys.iter().any(|key| key.id == *id));
                }
                let id = signer(&keys, now).unwrap();
                prop_assert!(keys.iter().any(|key| key.id == id));
                signed.push((id, now));
            }
        }
    }
}
