//! Tokens that are good, and every way to make one that is not.

use mainstay_kernel::{OrganizationId, TypedId};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::model::{Role, SessionId, UserId};

const NOW: i64 = 1_772_366_400;
const EXPECTED: Expected<'_> = Expected {
    issuer: "https://mainstay.example",
    audience: "mainstay-api",
    now_s: NOW,
};

fn key(number: u8) -> SigningKey {
    SigningKey::of_seed(KeyId::from_uuid(Uuid::from_u128(number.into())), &[number; 32]).unwrap()
}

fn keys(numbers: &[u8]) -> KeySet {
    let keys = numbers.iter().map(|number| key(*number));
    keys.map(|key| {
        (
            key.id,
            VerifyingKey {
                public: key.public().to_vec(),
            },
        )
    })
    .collect()
}

fn claims() -> Claims {
    Claims {
        iss: EXPECTED.issuer.to_owned(),
        aud: EXPECTED.audience.to_owned(),
        sub: UserId::from_uuid(Uuid::from_u128(1)),
        sid: SessionId::from_uuid(Uuid::from_u128(2)),
        jti: Uuid::from_u128(3),
        iat: NOW,
        exp: NOW + 900,
        org: OrganizationId::DEFAULT,
        username: "ada".to_owned(),
        email: None,
        roles: vec![Role::Admin],
        r#type: "access".to_owned(),
        auth_mode: "local".to_owned(),
    }
}

fn refusal(token: &str) -> TokenError {
    verify(token, &keys(&[1]), EXPECTED).unwrap_err()
}

/// A token with a header and claims of the forger's choice, signed by `signature`.
fn forged(header: &Value, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(signature(message.as_bytes()));
    format!("{message}.{signature}")
}

fn good_header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key(1).id})
}

#[test]
fn a_token_says_what_was_put_into_it() {
    let token = issue(&key(1), &claims()).unwrap();
    assert_eq!(verify(&token, &keys(&[1, 2]), EXPECTED).unwrap(), (key(1).id, claims()));
    let by_hand = forged(&good_header(), &json!(claims()), |message| key(1).sign(message));
    assert_eq!(verify(&by_hand, &keys(&[1]), EXPECTED).unwrap(), (key(1).id, claims()));
}

#[test]
fn no_algorithm_but_ours_is_accepted() {
    let claims = json!(claims());
    let public = key(1).public().to_vec();
    for algorithm in [
        "none", "None", "NONE", "nOnE", "", "HS256", "RS256", "ES256", "eddsa", "EdDSA ",
    ] {
        let header = json!({"alg": algorithm, "typ": "at+jwt", "kid": key(1).id});
        for token in [
            forged(&header, &claims, |_| Vec::new()),
            // The public key as the secret of an HMAC: the old confusion of algorithms.
            forged(&header, &claims, |message| {
                let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &public);
                ring::hmac::sign(&key, message).as_ref().to_vec()
            }),
            forged(&header, &claims, |message| key(1).sign(message)),
        ] {
            assert_eq!(refusal(&token), TokenError::Algorithm, "{algorithm}");
        }
    }
    // Without anything after the last full stop, as libraries that took `none` wanted it.
    let bare = forged(&json!({"alg": "none"}), &claims, |_| Vec::new());
    assert_eq!(refusal(&bare), TokenError::Algorithm);
}

#[test]
fn a_header_that_brings_its_own_key_is_refused() {
    for (name, value) in [
        ("jwk", json!({"kty": "OKP"})),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/chain")),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
    ] {
        let mut header = good_header();
        header[name] = value;
        let token = forged(&header, &json!(claims()), |message| key(1).sign(message));
        assert_eq!(refusal(&token), TokenError::Malformed, "{name}");
    }
}

#[test]
fn another_key_another_signature_or_another_type_is_refused() {
    assert_eq!(refusal(&issue(&key(2), &claims()).unwrap()), TokenError::UnknownKey);
    // Signed by a stranger under the name of our key.
    let token = forged(&good_header(), &json!(claims()), |message| key(2).sign(message));
    assert_eq!(refusal(&token), TokenError::Signature);
    let token = forged(&good_header(), &json!(claims()), |_| vec![0; 64]);
    assert_eq!(refusal(&token), TokenError::Signature);
    let token = forged(&good_header(), &json!(claims()), |_| Vec::new());
    assert_eq!(refusal(&token), TokenError::Signature);
    // An identity token of the same issuer is no access token.
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": key(1).id});
    let token = forged(&header, &json!(claims()), |message| key(1).sign(message));
    assert_eq!(refusal(&token), TokenError::Malformed);
    let header = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": "../../etc/passwd"});
    let token = forged(&header, &json!(claims()), |message| key(1).sign(message));
    assert_eq!(refusal(&token), TokenError::UnknownKey);
}

#[test]
fn issuer_audience_type_and_time_are_held_to() {
    let refused = |change: &dyn Fn(&mut Claims)| {
        let mut claims = claims();
        change(&mut claims);
        refusal(&issue(&key(1), &claims).unwrap())
    };
    assert_eq!(
        refused(&|claims| claims.iss = "https://evil.example".to_owned()),
        TokenError::Issuer
    );
    assert_eq!(refused(&|claims| claims.iss.push('/')), TokenError::Issuer);
    assert_eq!(
        refused(&|claims| claims.aud = "another-api".to_owned()),
        TokenError::Audience
    );
    assert_eq!(
        refused(&|claims| claims.r#type = "refresh".to_owned()),
        TokenError::Audience
    );
    assert_eq!(refused(&|claims| claims.exp = NOW), TokenError::Expired);
    assert_eq!(refused(&|claims| claims.exp = i64::MIN), TokenError::Expired);
    assert_eq!(refused(&|claims| claims.iat = NOW + 61), TokenError::NotYet);
    let mut soon = claims();
    soon.iat = NOW + 60;
    assert!(verify(&issue(&key(1), &soon).unwrap(), &keys(&[1]), EXPECTED).is_ok());
}

#[test]
fn claims_of_another_shape_are_refused() {
    for (name, value) in [
        ("sub", json!("ada")),
        ("exp", json!("never")),
        ("roles", json!("admin")),
        ("admin", json!(true)),
    ] {
        let mut claims = json!(claims());
        claims[name] = value;
        let token = forged(&good_header(), &claims, |message| key(1).sign(message));
        assert_eq!(refusal(&token), TokenError::Malformed, "{name}");
    }
    let mut missing = json!(claims());
    missing.as_object_mut().unwrap().remove("exp");
    let token = forged(&good_header(), &missing, |message| key(1).sign(message));
    assert_eq!(refusal(&token), TokenError::Malformed);
}

proptest! {
    #[test]
    fn no_single_changed_character_goes_unnoticed(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.-]") {
        let token = issue(&key(1), &claims()).unwrap();
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        prop_assert!(verify(&changed, &keys(&[1]), EXPECTED).is_err());
    }

    #[test]
    fn any_other_text_is_refused(text in ".{0,300}") {
        prop_assert!(verify(&text, &keys(&[1]), EXPECTED).is_err());
    }

    #[test]
    fn a_piece_of_a_token_is_refused(from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>()) {
        let token = issue(&key(1), &claims()).unwrap();
        let (from, to) = (from.index(token.len()), to.index(token.len()));
        prop_assume!(from < to);
        prop_assert!(verify(&token[from..to], &keys(&[1]), EXPECTED).is_err());
    }
}
