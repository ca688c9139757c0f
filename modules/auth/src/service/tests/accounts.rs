//! Accounts and teams: what administrators do, and what they cannot do to each other.

use super::*;
use crate::crypto::TokenError;

fn role(role: Role) -> UserEdit {
    UserEdit {
        role: Some(role),
        ..UserEdit::default()
    }
}

#[tokio::test]
async fn of_two_administrators_who_demote_each_other_one_stays() {
    for bench in staffed().await {
        let second = bench.hire("second", Role::Admin).await;
        let first = bench.user("admin").await;
        let (by_first, by_second) = (bench.by("admin").await, bench.by("second").await);
        let (one, two) = tokio::join!(
            bench.auth.update_user(&by_first, second.id, None, role(Role::Viewer)),
            bench.auth.update_user(&by_second, first.id, None, role(Role::Viewer))
        );
        assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
        let refused = one.err().or(two.err());
        assert!(
            matches!(refused, Some(AuthError::Forbidden(Permission::UserWrite))),
            "{refused:?}"
        );
        let users = bench.auth.users(OrganizationId::DEFAULT).await.unwrap();
        assert_eq!(users.iter().filter(|user| user.role == Role::Admin).count(), 1);
    }
}

#[tokio::test]
async fn the_last_administrator_cannot_be_taken_away() {
    for bench in staffed().await {
        let admin = bench.user("admin").await;
        let by = bench.by("admin").await;
        let off = UserEdit {
            active: Some(false),
            ..UserEdit::default()
        };
        for result in [
            bench.auth.update_user(&by, admin.id, None, role(Role::Editor)).await,
            bench.auth.update_user(&by, admin.id, None, off.clone()).await,
            bench.auth.delete_user(&by, admin.id).await,
        ] {
            assert!(matches!(result, Err(AuthError::LastAdministrator(_))), "{result:?}");
        }
        // One that is switched off does not count.
        let second = bench.hire("second", Role::Admin).await;
        bench.auth.update_user(&by, second.id, None, off).await.unwrap();
        assert!(matches!(
            bench.auth.delete_user(&by, admin.id).await,
            Err(AuthError::LastAdministrator(_))
        ));
        bench.sign_in("admin").await;
    }
}

#[tokio::test]
async fn a_role_that_is_taken_away_is_gone_before_the_token_expires() {
    for bench in staffed().await {
        let session = bench.sign_in("editor").await;
        let user = bench.auth.check(session.access.reveal()).unwrap().user;
        bench
            .auth
            .update_user(&By::console(), user, None, role(Role::Viewer))
            .await
            .unwrap();
        let identity = bench.auth.check(session.access.reveal()).unwrap();
        assert_eq!(identity.role, Role::Viewer);
        assert!(!identity.may(Permission::CatalogWrite));
    }
}

#[tokio::test]
async fn who_is_switched_off_or_deleted_is_out_at_once() {
    for bench in staffed().await {
        let (viewer, editor) = (bench.sign_in("viewer").await, bench.sign_in("editor").await);
        let off = UserEdit {
            active: Some(false),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), viewer.user.id, None, off)
            .await
            .unwrap();
        bench.auth.delete_user(&By::console(), editor.user.id).await.unwrap();
        for session in [&viewer, &editor] {
            assert!(matches!(
                bench.auth.check(session.access.reveal()),
                Err(TokenError::Revoked | TokenError::Inactive)
            ));
            assert!(bench.auth.refresh(session.refresh.reveal(), &home()).await.is_err());
        }
        // Switched on again, the old session stays over.
        let on = UserEdit {
            active: Some(true),
            ..UserEdit::default()
        };
        bench
            .auth
            .update_user(&By::console(), viewer.user.id, None, on)
            .await
            .unwrap();
        assert!(bench.auth.check(viewer.access.reveal()).is_err());
        bench.sign_in("viewer").await;
    }
}

#[tokio::test]
async fn a_change_based_on_an_old_copy_is_refused() {
    for bench in staffed().await {
        let by = bench.by("admin").await;
        let user = bench.user("viewer").await;
        bench
            .auth
            .update_user(&by, user.id, Some(user.version), role(Role::Editor))
            .await
            .unwrap();
        let stale = bench
            .auth
            .update_user(&by, user.id, Some(user.version), role(Role::Admin))
            .await;
        assert!(matches!(stale, Err(AuthError::Stale(_))));
        let same = bench
            .auth
            .update_user(&by, user.id, None, role(Role::Editor))
            .await
            .unwrap();
        assert_eq!(same.version, user.version + 1, "what changes nothing is no version");
    }
}

#[tokio::test]
async fn a_name_or_an_address_is_taken_once() {
    for bench in staffed().await {
        let by = bench.by("admin").await;
        let new = |name: &str, email: Option<&str>| NewUser {
            username: name.parse().unwrap(),
            email: email.map(|email| email.parse().unwrap()),
            display_name: Some("<script>alert(1)</script>".parse().unwrap()),
            role: Role::Viewer,
        };
        let (user, _) = bench
            .auth
            .create_user(&by, new("ada", Some("ada@example.org")))
            .await
            .unwrap();
        assert_eq!(user.display_name.as_str(), "<script>alert(1)</script>");
        for taken in [new("ADA", None), new("other", Some("ada@example.org"))] {
            assert!(matches!(
                bench.auth.create_user(&by, taken).await,
                Err(AuthError::Exists { .. })
            ));
        }
        let rename = UserEdit {
            username: Some("viewer".parse().unwrap()),
            ..UserEdit::default()
        };
        assert!(matches!(
            bench.auth.update_user(&by, user.id, None, rename).await,
            Err(AuthError::Exists { .. })
        ));
        let bare = UserEdit {
            email: Some(None),
            ..UserEdit::default()
        };
        assert_eq!(
            bench.auth.update_user(&by, user.id, None, bare).await.unwrap().email,
            None
        );
    }
}

#[tokio::test]
async fn teams_have_members_and_go_without_them() {
    for bench in staffed().await {
        let by = bench.by("admin").await;
        let new = NewTeam {
            name: "Payments".parse().unwrap(),
            description: Some(" cards and invoices ".to_owned()),
        };
        let team = bench.auth.create_team(&by, new.clone()).await.unwrap();
        assert_eq!(team.description.as_deref(), Some("cards and invoices"));
        assert!(matches!(
            bench.auth.create_team(&by, new).await,
            Err(AuthError::Exists { .. })
        ));
        for name in ["viewer", "editor", "viewer"] {
            bench
                .auth
                .set_member(&by, team.id, bench.user(name).await.id, true)
                .await
                .unwrap();
        }
        bench
            .auth
            .set_member(&by, team.id, bench.user("editor").await.id, false)
            .await
            .unwrap();
        bench
            .auth
            .set_member(&by, team.id, bench.user("admin").await.id, false)
            .await
            .unwrap();
        let teams = bench.auth.teams(OrganizationId::DEFAULT).await.unwrap();
        let names: Vec<&str> = teams[0].members.iter().map(|(_, name)| name.as_str()).collect();
        assert_eq!((teams.len(), names), (1, vec!["viewer"]));
        bench
            .auth
            .delete_user(&by, bench.user("viewer").await.id)
            .await
            .unwrap();
        assert_eq!(bench.auth.teams(OrganizationId::DEFAULT).await.unwrap()[0].members, []);
        bench.auth.delete_team(&by, team.id).await.unwrap();
        assert!(matches!(
            bench.auth.delete_team(&by, team.id).await,
            Err(AuthError::NoSuch { .. })
        ));
    }
}
