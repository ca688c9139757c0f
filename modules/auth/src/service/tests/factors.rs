//! The second factor: asked for, used once, and lost.

use super::*;
use crate::model::{RecoveryCode, Totp, unbase32};

/// Adds an authenticator app to an account; answers its secret and the recovery codes.
async fn enrol(bench: &Bench, name: &str) -> (Totp, Vec<RecoveryCode>) {
    let identity = bench.identity(name).await;
    let enrolment = bench
        .auth
        .enrol_totp(&identity, &home(), PASSWORD.to_owned())
        .await
        .unwrap();
    let totp = Totp::of(unbase32(&enrolment.secret).unwrap());
    assert!(enrolment.uri.contains(&enrolment.secret));
    let codes = bench
        .auth
        .confirm_totp(&identity, &home(), &code(bench, &totp))
        .await
        .unwrap();
    (totp, codes)
}

fn code(bench: &Bench, totp: &Totp) -> String {
    totp.code(bench.auth.now().as_second() / 30)
}

fn step(bench: &Bench) {
    bench.advance(SignedDuration::from_secs(30));
}

#[tokio::test]
async fn an_account_with_an_authenticator_wants_its_code() {
    for bench in staffed().await {
        let (totp, _) = enrol(&bench, "editor").await;
        let without = bench.try_sign_in("editor", PASSWORD, None, &home()).await;
        assert!(matches!(without, Err(AuthError::SecondFactorNeeded)));
        // Whoever does not know the password does not learn that there is a second factor.
        let wrong = bench.try_sign_in("editor", "wrong", None, &home()).await;
        assert!(matches!(wrong, Err(AuthError::Credentials)));
        step(&bench);
        let now = code(&bench, &totp);
        let good = bench
            .try_sign_in("editor", PASSWORD, Some(&now), &home())
            .await
            .unwrap();
        let sessions = bench
            .auth
            .sessions(&bench.auth.check(good.access.reveal()).unwrap())
            .await
            .unwrap();
        assert!(sessions[0].second_factor && !sessions[1].second_factor);
        let again = bench.try_sign_in("editor", PASSWORD, Some(&now), &home()).await;
        assert!(matches!(again, Err(AuthError::WrongCode)), "a code is good once");
    }
}

#[tokio::test]
async fn a_secret_counts_only_once_a_code_of_it_was_shown() {
    for bench in staffed().await {
        let identity = bench.identity("editor").await;
        let wrong = bench.auth.enrol_totp(&identity, &home(), "wrong".to_owned()).await;
        assert!(matches!(wrong, Err(AuthError::Credentials)));
        bench
            .auth
            .enrol_totp(&identity, &home(), PASSWORD.to_owned())
            .await
            .unwrap();
        bench.sign_in("editor").await;
        let wrong = bench.auth.confirm_totp(&identity, &home(), "000000").await;
        assert!(matches!(wrong, Err(AuthError::WrongCode)));
        let (_, codes) = enrol(&bench, "editor").await;
        assert_eq!(codes.len(), 10);
        let second = bench.auth.enrol_totp(&identity, &home(), PASSWORD.to_owned()).await;
        assert!(matches!(second, Err(AuthError::Factor(_))));
        assert!(matches!(
            bench.auth.confirm_totp(&identity, &home(), "000000").await,
            Err(AuthError::Factor(_))
        ));
    }
}

#[tokio::test]
async fn each_recovery_code_opens_once() {
    for bench in staffed().await {
        let (totp, codes) = enrol(&bench, "editor").await;
        let shown = codes[3].reveal();
        bench
            .try_sign_in("editor", PASSWORD, Some(&shown.to_uppercase()), &home())
            .await
            .unwrap();
        let again = bench.try_sign_in("editor", PASSWORD, Some(&shown), &home()).await;
        assert!(matches!(again, Err(AuthError::WrongCode)));
        let user = bench.user("editor").await;
        let factors = bench.auth.factors(user.id).await.unwrap();
        assert_eq!(factors.recovery_codes_left, 9);
        // A code of somebody else is none.
        let (_, others) = enrol(&bench, "viewer").await;
        let theirs = bench
            .try_sign_in("editor", PASSWORD, Some(&others[0].reveal()), &home())
            .await;
        assert!(matches!(theirs, Err(AuthError::WrongCode)));

        step(&bench);
        let now = code(&bench, &totp);
        let session = bench
            .try_sign_in("editor", PASSWORD, Some(&codes[4].reveal()), &home())
            .await
            .unwrap();
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        let renewed = bench
            .auth
            .renew_recovery_codes(&identity, &home(), PASSWORD.to_owned(), &now)
            .await
            .unwrap();
        let old = bench
            .try_sign_in("editor", PASSWORD, Some(&codes[5].reveal()), &home())
            .await;
        assert!(matches!(old, Err(AuthError::WrongCode)));
        bench
            .try_sign_in("editor", PASSWORD, Some(&renewed[0].reveal()), &home())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn codes_cannot_be_guessed_by_whoever_knows_the_password() {
    for bench in staffed().await {
        enrol(&bench, "editor").await;
        let origin = from("198.51.100.3");
        let mut tried = 0;
        for guess in 0..100 {
            match bench
                .try_sign_in("editor", PASSWORD, Some(&format!("{guess:06}")), &origin)
                .await
            {
                Err(AuthError::WrongCode) => tried += 1,
                Err(AuthError::Throttled { .. }) => break,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(tried, 10);
    }
}

#[tokio::test]
async fn a_link_does_not_stand_in_for_the_second_factor() {
    for bench in staffed().await {
        let (totp, _) = enrol(&bench, "editor").await;
        let link = bench
            .auth
            .reset_link(&By::console(), bench.user("editor").await.id)
            .await
            .unwrap();
        let secret = link.secret.reveal();
        let without = bench
            .auth
            .redeem_link(secret, OTHER_PASSWORD.to_owned(), None, &home())
            .await;
        assert!(matches!(without, Err(AuthError::SecondFactorNeeded)));
        step(&bench);
        let now = code(&bench, &totp);
        bench
            .auth
            .redeem_link(secret, OTHER_PASSWORD.to_owned(), Some(&now), &home())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_lost_factor_is_removed_by_its_owner_or_an_administrator() {
    for bench in staffed().await {
        let (totp, codes) = enrol(&bench, "editor").await;
        let session = bench
            .try_sign_in("editor", PASSWORD, Some(&codes[0].reveal()), &home())
            .await
            .unwrap();
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        step(&bench);
        let wrong = bench
            .auth
            .remove_totp(&identity, &home(), PASSWORD.to_owned(), "123456")
            .await;
        assert!(matches!(wrong, Err(AuthError::WrongCode)));
        let now = code(&bench, &totp);
        bench
            .auth
            .remove_totp(&identity, &home(), PASSWORD.to_owned(), &now)
            .await
            .unwrap();
        bench.sign_in("editor").await;

        enrol(&bench, "editor").await;
        let editor = bench.user("editor").await;
        let viewer = bench.by("viewer").await;
        let refused = bench.auth.remove_factors_of(&viewer, editor.id).await;
        assert!(matches!(refused, Err(AuthError::Forbidden(_))));
        let admin = bench.by("admin").await;
        bench.auth.remove_factors_of(&admin, editor.id).await.unwrap();
        bench.sign_in("editor").await;
    }
}

/// A backup that was restored without its key: people sign in, authenticators have to be made anew.
#[tokio::test]
async fn without_the_sealing_key_people_sign_in_and_authenticators_are_lost() {
    for bench in staffed().await {
        let (_, codes) = enrol(&bench, "editor").await;
        let before = bench.sign_in("viewer").await;
        let other = SealingKeys::new(SealingKey::generate().unwrap(), []);
        let world = World::simulated(bench.clock.clone(), 9);
        let auth = Auth::open(bench.db.clone(), world, settings(), other).await.unwrap();
        let elsewhere = Bench {
            auth,
            clock: bench.clock.clone(),
            db: bench.db,
        };
        assert_eq!(elsewhere.auth.public_keys().len(), 2, "it made one that it can open");
        assert!(
            elsewhere.auth.check(before.access.reveal()).is_ok(),
            "to verify, nothing has to be opened"
        );
        let after = elsewhere.sign_in("viewer").await;
        assert!(bench.auth.authenticate(after.access.reveal()).await.is_ok());
        let lost = elsewhere
            .try_sign_in("editor", PASSWORD, Some(&codes[0].reveal()), &home())
            .await;
        assert!(matches!(lost, Err(AuthError::WrongSealingKey)), "{lost:?}");
        let editor = elsewhere.user("editor").await;
        elsewhere
            .auth
            .remove_factors_of(&By::console(), editor.id)
            .await
            .unwrap();
        elsewhere.sign_in("editor").await;
        elsewhere.advance(SignedDuration::from_hours(24 * 31));
        elsewhere.auth.keep_up().await.unwrap();
        elsewhere.advance(SignedDuration::from_hours(24));
        elsewhere.auth.keep_up().await.unwrap();
        assert_eq!(
            elsewhere.auth.public_keys().len(),
            1,
            "the one that nobody rotates is forgotten"
        );
    }
}
