//! One-time links: once, for thirty minutes, for one account.

use super::*;

async fn redeem(bench: &Bench, secret: &str, password: &str) -> Result<SignedIn, AuthError> {
    bench.auth.redeem_link(secret, password.to_owned(), None, &home()).await
}

#[tokio::test]
async fn the_first_start_makes_an_administrator_and_no_other_start_does() {
    for bench in empty().await {
        let link = bench.auth.first_administrator().await.unwrap().unwrap();
        assert_eq!(
            (link.username.as_str(), link.purpose),
            ("admin", crate::model::LinkPurpose::First)
        );
        assert_eq!(bench.auth.first_administrator().await.unwrap(), None);
        let replica = bench.replica(2).await;
        assert_eq!(replica.first_administrator().await.unwrap(), None);
        let signed_in = redeem(&bench, link.secret.reveal(), PASSWORD).await.unwrap();
        assert_eq!(signed_in.user.role, Role::Admin);
        bench.sign_in("admin").await;
    }
}

#[tokio::test]
async fn of_replicas_that_start_together_one_makes_the_administrator() {
    for bench in empty().await {
        let other = bench.replica(2).await;
        let (one, two) = tokio::join!(bench.auth.first_administrator(), other.first_administrator());
        let made = [one.unwrap(), two.unwrap()];
        assert_eq!(made.iter().flatten().count(), 1);
        assert_eq!(bench.auth.users(OrganizationId::DEFAULT).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_link_works_once_and_for_thirty_minutes() {
    for bench in staffed().await {
        let admin = bench.by("admin").await;
        let editor = bench.user("editor").await;
        let late = bench.auth.reset_link(&admin, editor.id).await.unwrap();
        bench.advance(LINK_LIFETIME);
        assert!(matches!(
            redeem(&bench, late.secret.reveal(), OTHER_PASSWORD).await,
            Err(AuthError::LinkSpent)
        ));

        let admin = bench.by("admin").await;
        let earlier = bench.auth.reset_link(&admin, editor.id).await.unwrap();
        let link = bench.auth.reset_link(&admin, editor.id).await.unwrap();
        assert!(matches!(
            redeem(&bench, earlier.secret.reveal(), OTHER_PASSWORD).await,
            Err(AuthError::LinkSpent)
        ));
        let (name, _) = bench.auth.look_at_link(link.secret.reveal()).await.unwrap();
        assert_eq!(name.as_str(), "editor");
        // A weak password leaves the link as it was.
        assert!(matches!(
            redeem(&bench, link.secret.reveal(), "editor12345").await,
            Err(AuthError::Weak(_))
        ));
        redeem(&bench, link.secret.reveal(), OTHER_PASSWORD).await.unwrap();
        assert!(matches!(
            redeem(&bench, link.secret.reveal(), PASSWORD).await,
            Err(AuthError::LinkSpent)
        ));
        assert!(bench.auth.look_at_link(link.secret.reveal()).await.is_err());
        for nothing in ["", "msl_", "msr_AAAA", "nonsense"] {
            assert!(matches!(
                redeem(&bench, nothing, PASSWORD).await,
                Err(AuthError::LinkSpent)
            ));
        }
    }
}

#[tokio::test]
async fn of_two_who_redeem_a_link_at_once_one_does() {
    for bench in staffed().await {
        let link = bench
            .auth
            .reset_link(&By::console(), bench.user("editor").await.id)
            .await
            .unwrap();
        let (one, two) = tokio::join!(
            redeem(&bench, link.secret.reveal(), OTHER_PASSWORD),
            redeem(&bench, link.secret.reveal(), "nine green kettles whisper")
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_the_old_one_began() {
    for bench in staffed().await {
        let old = bench.sign_in("editor").await;
        let link = bench
            .auth
            .reset_link(&By::console(), bench.user("editor").await.id)
            .await
            .unwrap();
        assert!(
            bench.auth.check(old.access.reveal()).is_ok(),
            "a link that is not used changes nothing"
        );
        let new = redeem(&bench, link.secret.reveal(), OTHER_PASSWORD).await.unwrap();
        assert!(bench.auth.check(old.access.reveal()).is_err());
        assert!(bench.auth.check(new.access.reveal()).is_ok());
        assert!(bench.try_sign_in("editor", PASSWORD, None, &home()).await.is_err());
    }
}

#[tokio::test]
async fn whoever_has_the_machine_gets_back_in() {
    for bench in staffed().await {
        let link = bench.auth.rescue_link(None).await.unwrap();
        assert_eq!(link.username.as_str(), "admin");
        let name = "viewer".parse().unwrap();
        let viewer = bench.user("viewer").await;
        let off = UserEdit {
            active: Some(false),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), viewer.id, None, off)
            .await
            .unwrap();
        let link = bench.auth.rescue_link(Some(&name)).await.unwrap();
        let signed_in = redeem(&bench, link.secret.reveal(), OTHER_PASSWORD).await.unwrap();
        assert_eq!(
            signed_in.user.role,
            Role::Viewer,
            "nobody becomes more than they were while there is an administrator"
        );
        let nobody = "nobody".parse().unwrap();
        assert!(matches!(
            bench.auth.rescue_link(Some(&nobody)).await,
            Err(AuthError::NoSuch { .. })
        ));
    }
}

#[tokio::test]
async fn the_secret_of_a_link_is_behind_the_sign_that_no_server_is_sent() {
    for bench in empty().await {
        let link = bench.auth.first_administrator().await.unwrap().unwrap();
        let url: url::Url = link.url("https://mainstay.example/").parse().unwrap();
        assert_eq!((url.path(), url.query()), ("/welcome", None));
        assert_eq!(url.fragment(), Some(link.secret.reveal()));
        assert!(!format!("{link:?}").contains(link.secret.reveal()));
    }
}
