//! Every use case that changes something of others, tried by every role, and what a check costs.

use std::time::Instant;

use super::*;

/// Answers whether it was refused for want of a permission.
fn refused<T>(result: &Result<T, AuthError>) -> bool {
    matches!(result, Err(AuthError::Forbidden(_)))
}

#[tokio::test]
async fn what_is_for_administrators_is_refused_to_everybody_else() {
    for bench in staffed().await {
        for role in Role::ALL {
            let by = bench.by(role.as_str()).await;
            let victim = bench.hire(&format!("victim-of-{role}"), Role::Viewer).await;
            let new = NewUser {
                username: format!("hired-by-{role}").parse().unwrap(),
                email: None,
                display_name: None,
                role: Role::Admin,
            };
            let edit = UserEdit {
                role: Some(Role::Admin),
                ..UserEdit::default()
            };
            let team = NewTeam {
                name: role.as_str().parse().unwrap(),
                description: None,
            };
            let auth = &bench.auth;
            let outcomes = [
                ("create_user", refused(&auth.create_user(&by, new).await)),
                (
                    "update_user",
                    refused(&auth.update_user(&by, victim.id, None, edit).await),
                ),
                ("reset_link", refused(&auth.reset_link(&by, victim.id).await)),
                (
                    "revoke_everything",
                    refused(&auth.revoke_everything(&by, victim.id).await),
                ),
                (
                    "remove_factors_of",
                    refused(&auth.remove_factors_of(&by, victim.id).await),
                ),
                ("create_team", refused(&auth.create_team(&by, team).await)),
                ("delete_user", refused(&auth.delete_user(&by, victim.id).await)),
                ("replace_keys", refused(&auth.replace_keys(&by).await)),
            ];
            for (what, was_refused) in outcomes {
                assert_eq!(was_refused, role != Role::Admin, "{what} by {role}");
            }
        }
    }
}

/// Not a benchmark: it shows the order of magnitude, and fails when a check begins to ask the database. In an optimised build a
/// check takes less than 20 µs.
#[tokio::test]
async fn a_check_takes_microseconds() {
    let bench = staffed().await.remove(0);
    let session = bench.sign_in("viewer").await;
    let token = session.access.reveal();
    let started = Instant::now();
    bench.auth.check(token).unwrap();
    let first = started.elapsed();
    let started = Instant::now();
    for _ in 0..1_000 {
        bench.auth.check(token).unwrap();
    }
    let each = started.elapsed() / 1_000;
    println!("the first check took {first:?}, each further one {each:?}");
    assert!(each.as_micros() < 500, "{each:?}");
}
