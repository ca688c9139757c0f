//! API tokens: a part of what their owner may do, for a while.

use proptest::prelude::*;

use super::*;
use crate::{crypto::TokenError, model::Permissions};

fn new(scopes: &[Permission]) -> NewToken {
    NewToken {
        name: "deploy".parse().unwrap(),
        scopes: scopes.iter().copied().collect(),
        lifetime: SignedDuration::from_hours(24),
    }
}

#[tokio::test]
async fn a_token_can_do_what_it_was_made_for_and_its_owner_still_may() {
    for bench in staffed().await {
        let editor = bench.identity("editor").await;
        let scopes = [Permission::CatalogWrite, Permission::CatalogRead];
        let issued = bench.auth.create_token(&editor, &home(), new(&scopes)).await.unwrap();
        let program = bench.auth.check(issued.secret.reveal()).unwrap();
        assert_eq!(program.permissions, scopes.into_iter().collect());
        assert_eq!((program.user, program.session()), (editor.user, None));
        assert_eq!(program.actor().label(), "editor (deploy)");

        let demoted = UserEdit {
            role: Some(Role::Viewer),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), editor.user, None, demoted)
            .await
            .unwrap();
        let program = bench.auth.check(issued.secret.reveal()).unwrap();
        assert_eq!(program.permissions, [Permission::CatalogRead].into_iter().collect());
    }
}

#[tokio::test]
async fn a_token_expires_and_is_revoked_by_its_owner_alone() {
    for bench in staffed().await {
        let editor = bench.identity("editor").await;
        let issued = bench
            .auth
            .create_token(&editor, &home(), new(&[Permission::SloRead]))
            .await
            .unwrap();
        let other = bench.identity("admin").await;
        let stranger = bench.auth.revoke_token(&other, &home(), issued.token.id).await;
        assert!(matches!(stranger, Err(AuthError::NoSuch { .. })));
        bench.advance(SignedDuration::from_hours(24));
        assert_eq!(bench.auth.check(issued.secret.reveal()), Err(TokenError::Expired));

        let editor = bench.identity("editor").await;
        let issued = bench
            .auth
            .create_token(&editor, &home(), new(&[Permission::SloRead]))
            .await
            .unwrap();
        bench
            .auth
            .revoke_token(&editor, &home(), issued.token.id)
            .await
            .unwrap();
        assert_eq!(bench.auth.check(issued.secret.reveal()), Err(TokenError::Revoked));
        let again = bench.auth.revoke_token(&editor, &home(), issued.token.id).await;
        assert!(matches!(again, Err(AuthError::NoSuch { .. })));
    }
}

#[tokio::test]
async fn nobody_makes_a_token_that_can_do_more_than_they_or_lasts_forever() {
    for bench in staffed().await {
        let viewer = bench.identity("viewer").await;
        let admin = bench.identity("admin").await;
        for (who, wrong) in [
            (&viewer, new(&[Permission::CatalogWrite])),
            (&viewer, new(&[])),
            (&admin, new(&[Permission::AccountWrite])),
            (
                &admin,
                NewToken {
                    lifetime: SignedDuration::ZERO,
                    ..new(&[Permission::SloRead])
                },
            ),
            (
                &admin,
                NewToken {
                    lifetime: LONGEST_TOKEN_LIFE + SignedDuration::from_secs(1),
                    ..new(&[Permission::SloRead])
                },
            ),
        ] {
            assert!(matches!(
                bench.auth.create_token(who, &home(), wrong).await,
                Err(AuthError::Invalid(_))
            ));
        }
        let everything: Vec<Permission> = Permissions::grantable(Role::Admin).iter().collect();
        let issued = bench
            .auth
            .create_token(&admin, &home(), new(&everything))
            .await
            .unwrap();
        let program = bench.auth.check(issued.secret.reveal()).unwrap();
        // A program that may do everything makes no token, changes no password and adds no factor.
        assert!(matches!(
            bench
                .auth
                .create_token(&program, &home(), new(&[Permission::SloRead]))
                .await,
            Err(AuthError::OnlyInPerson)
        ));
        let here = home();
        let change = bench
            .auth
            .change_password(&program, &here, PASSWORD.to_owned(), OTHER_PASSWORD.to_owned());
        assert!(matches!(change.await, Err(AuthError::OnlyInPerson)));
        let enrol = bench.auth.enrol_totp(&program, &here, PASSWORD.to_owned());
        assert!(matches!(enrol.await, Err(AuthError::OnlyInPerson)));
        let revoke = bench.auth.revoke_token(&program, &home(), issued.token.id).await;
        assert!(matches!(revoke, Err(AuthError::Forbidden(Permission::AccountWrite))));
    }
}

#[tokio::test]
async fn the_use_of_a_token_is_written_down() {
    for bench in staffed().await {
        let editor = bench.identity("editor").await;
        let issued = bench
            .auth
            .create_token(&editor, &home(), new(&[Permission::SloRead]))
            .await
            .unwrap();
        assert_eq!(bench.auth.tokens(&editor).await.unwrap()[0].last_used_at, None);
        bench.advance(SignedDuration::from_secs(5));
        bench.auth.check(issued.secret.reveal()).unwrap();
        bench.auth.keep_up().await.unwrap();
        assert_eq!(
            bench.auth.tokens(&editor).await.unwrap()[0].last_used_at,
            Some(bench.auth.now())
        );
    }
}

#[tokio::test]
async fn a_secret_is_in_no_column_of_the_database() {
    let bench = staffed().await.remove(0);
    let session = bench.sign_in("editor").await;
    let editor = bench.auth.check(session.access.reveal()).unwrap();
    let issued = bench
        .auth
        .create_token(&editor, &home(), new(&[Permission::SloRead]))
        .await
        .unwrap();
    let link = bench.auth.reset_link(&By::console(), editor.user).await.unwrap();
    let file = std::fs::read(bench.db.directory().unwrap().join("mainstay.db")).unwrap();
    let log = std::fs::read(bench.db.directory().unwrap().join("mainstay.db-wal")).unwrap_or_default();
    let bytes = [file, log].concat();
    assert!(
        bytes.windows(6).any(|window| window == b"deploy"),
        "the token's name is there"
    );
    for secret in [
        session.refresh.reveal(),
        session.access.reveal(),
        issued.secret.reveal(),
        link.secret.reveal(),
        PASSWORD,
    ] {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5))]

    #[test]
    fn no_text_that_nobody_handed_out_is_a_token(texts in proptest::collection::vec("(mst_)?.{0,60}", 200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let auth = runtime.block_on(async {
            let db = mainstay_testkit::sqlite(MIGRATIONS).await;
            let clock = ManualClock::at(from_micros(START));
            Auth::open(db.clone(), World::simulated(clock, 1), settings(), sealing()).await.unwrap()
        });
        for text in texts {
            prop_assert!(auth.check(&text).is_err());
        }
    }
}
