//! Which permission each route needs: the one table of all modules' routes. Each operation says the same in its own documentation,
//! beside its handler; a test holds the two together over the whole document, so that neither can be forgotten.
//!
//! **Invariant:** a route that is not here is refused to everybody.

use mainstay_auth::{
    Access::{self, Needs},
    InvalidTable, Permission as P, RouteTable, Row,
};

const PUBLIC: Access = Access::Public;

/// Every route, by what it needs.
const ROWS: &[Row] = &[
    // Who is not signed in yet, who asks for Mainstay's health, and what is printed in its documentation anyway.
    ("GET", "/.well-known/jwks.json", PUBLIC),
    ("GET", "/.well-known/openid-configuration", PUBLIC),
    ("GET", "/api/v1/auth/config", PUBLIC),
    ("GET", "/api/v1/auth/health", PUBLIC),
    ("POST", "/api/v1/auth/links/look", PUBLIC),
    ("POST", "/api/v1/auth/links/redeem", PUBLIC),
    ("POST", "/api/v1/auth/login", PUBLIC),
    ("POST", "/api/v1/auth/oauth/revoke", PUBLIC),
    ("POST", "/api/v1/auth/refresh", PUBLIC),
    ("GET", "/health", PUBLIC),
    ("GET", "/live", PUBLIC),
    ("GET", "/ready", PUBLIC),
    ("GET", "/health/live", PUBLIC),
    ("GET", "/health/ready", PUBLIC),
    ("GET", "/readiness", PUBLIC),
    ("GET", "/openapi.json", PUBLIC),
    ("GET", "/docs", PUBLIC),
    ("GET", "/docs/", PUBLIC),
    ("GET", "/docs/{*rest}", PUBLIC),
    ("GET", "/api/v1/auth/me", Needs(P::AccountRead)),
    ("GET", "/api/v1/auth/me/available-scopes", Needs(P::AccountRead)),
    ("GET", "/api/v1/auth/me/factors", Needs(P::AccountRead)),
    ("GET", "/api/v1/auth/me/sessions", Needs(P::AccountRead)),
    ("GET", "/api/v1/auth/me/tokens", Needs(P::AccountRead)),
    ("POST", "/api/v1/auth/logout", Needs(P::AccountWrite)),
    ("POST", "/api/v1/auth/me/factors/recovery-codes", Needs(P::AccountWrite)),
    ("POST", "/api/v1/auth/me/factors/totp", Needs(P::AccountWrite)),
    ("POST", "/api/v1/auth/me/factors/totp/confirm", Needs(P::AccountWrite)),
    ("POST", "/api/v1/auth/me/factors/totp/remove", Needs(P::AccountWrite)),
    ("POST", "/api/v1/auth/me/password", Needs(P::AccountWrite)),
    (
        "DELETE",
        "/api/v1/auth/me/sessions/{session_id}",
        Needs(P::AccountWrite),
    ),
    ("POST", "/api/v1/auth/me/tokens", Needs(P::AccountWrite)),
    ("DELETE", "/api/v1/auth/me/tokens/{token_id}", Needs(P::AccountWrite)),
    ("GET", "/api/v1/admin/events/handlers", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/events/parked", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/jobs", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/jobs/{id}", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/leases", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/queues", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/replicas", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/schedules", Needs(P::AdminRead)),
    ("GET", "/api/v1/admin/tasks", Needs(P::AdminRead)),
    (
        "POST",
        "/api/v1/admin/events/handlers/{handler}/replay",
        Needs(P::AdminWrite),
    ),
    (
        "POST",
        "/api/v1/admin/events/parked/{handler}/{position}/discard",
        Needs(P::AdminWrite),
    ),
    (
        "POST",
        "/api/v1/admin/events/parked/{handler}/{position}/replay",
        Needs(P::AdminWrite),
    ),
    ("POST", "/api/v1/admin/jobs/{id}/cancel", Needs(P::AdminWrite)),
    ("POST", "/api/v1/admin/jobs/{id}/run-again", Needs(P::AdminWrite)),
    ("POST", "/api/v1/admin/schedules/{name}/pause", Needs(P::AdminWrite)),
    ("POST", "/api/v1/admin/schedules/{name}/resume", Needs(P::AdminWrite)),
    ("POST", "/api/v1/admin/schedules/{name}/run-now", Needs(P::AdminWrite)),
    ("POST", "/api/v1/alerts/{id}/acknowledge", Needs(P::AlertAcknowledge)),
    ("POST", "/api/v1/alerts/{id}/unacknowledge", Needs(P::AlertAcknowledge)),
    ("GET", "/api/v1/alerts", Needs(P::AlertRead)),
    ("GET", "/api/v1/alerts/{id}", Needs(P::AlertRead)),
    ("GET", "/api/v1/silences", Needs(P::AlertRead)),
    ("POST", "/api/v1/silences", Needs(P::AlertSilence)),
    ("DELETE", "/api/v1/silences/{id}", Needs(P::AlertSilence)),
    ("GET", "/api/v1/dependencies", Needs(P::CatalogRead)),
    ("GET", "/api/v1/imports", Needs(P::CatalogRead)),
    ("GET", "/api/v1/imports/{id}", Needs(P::CatalogRead)),
    ("GET", "/api/v1/services", Needs(P::CatalogRead)),
    ("GET", "/api/v1/services/{name}", Needs(P::CatalogRead)),
    ("GET", "/api/v1/services/{name}/facts", Needs(P::CatalogRead)),
    ("POST", "/api/v1/imports", Needs(P::CatalogWrite)),
    ("POST", "/api/v1/services", Needs(P::CatalogWrite)),
    ("DELETE", "/api/v1/services/{name}", Needs(P::CatalogWrite)),
    ("PUT", "/api/v1/services/{name}", Needs(P::CatalogWrite)),
    ("GET", "/api/v1/events", Needs(P::FleetRead)),
    ("POST", "/api/v1/auth/keys/replace", Needs(P::KeyWrite)),
    ("GET", "/api/v1/auth/changes", Needs(P::LogRead)),
    ("GET", "/api/v1/auth/changes/verify", Needs(P::LogRead)),
    ("GET", "/api/v1/meta", Needs(P::MetaRead)),
    ("GET", "/metrics", Needs(P::MetricsRead)),
    ("GET", "/api/v1/slos", Needs(P::SloRead)),
    ("POST", "/api/v1/slos/validate", Needs(P::SloRead)),
    ("GET", "/api/v1/slos/{id}", Needs(P::SloRead)),
    ("GET", "/api/v1/slos/{id}/burn-down", Needs(P::SloRead)),
    ("POST", "/api/v1/slos", Needs(P::SloWrite)),
    ("DELETE", "/api/v1/slos/{id}", Needs(P::SloWrite)),
    ("PUT", "/api/v1/slos/{id}", Needs(P::SloWrite)),
    ("POST", "/api/v1/teams", Needs(P::TeamWrite)),
    ("DELETE", "/api/v1/teams/{team_id}", Needs(P::TeamWrite)),
    (
        "DELETE",
        "/api/v1/teams/{team_id}/members/{user_id}",
        Needs(P::TeamWrite),
    ),
    ("PUT", "/api/v1/teams/{team_id}/members/{user_id}", Needs(P::TeamWrite)),
    ("GET", "/api/v1/auth/users", Needs(P::UserRead)),
    ("GET", "/api/v1/auth/users/{username}", Needs(P::UserRead)),
    ("GET", "/api/v1/teams", Needs(P::UserRead)),
    ("POST", "/api/v1/auth/users", Needs(P::UserWrite)),
    ("DELETE", "/api/v1/auth/users/{user_id}/factors", Needs(P::UserWrite)),
    ("POST", "/api/v1/auth/users/{user_id}/link", Needs(P::UserWrite)),
    (
        "POST",
        "/api/v1/auth/users/{user_id}/revoke-tokens",
        Needs(P::UserWrite),
    ),
    ("DELETE", "/api/v1/auth/users/{username}", Needs(P::UserWrite)),
    ("PATCH", "/api/v1/auth/users/{username}", Needs(P::UserWrite)),
    ("GET", "/api/v1/checks", Needs(P::WatchRead)),
    ("GET", "/api/v1/checks/{id}", Needs(P::WatchRead)),
    ("GET", "/api/v1/checks/{id}/history", Needs(P::WatchRead)),
    ("GET", "/api/v1/checks/{id}/probes", Needs(P::WatchRead)),
    ("GET", "/api/v1/maintenance", Needs(P::WatchRead)),
    ("GET", "/api/v1/service-states", Needs(P::WatchRead)),
    ("GET", "/api/v1/service-states/{name}", Needs(P::WatchRead)),
    ("GET", "/api/v1/services/{name}/strip", Needs(P::WatchRead)),
    ("GET", "/api/v1/strips", Needs(P::WatchRead)),
    ("GET", "/api/v1/trends", Needs(P::WatchRead)),
    ("POST", "/api/v1/checks", Needs(P::WatchWrite)),
    ("DELETE", "/api/v1/checks/{id}", Needs(P::WatchWrite)),
    ("PUT", "/api/v1/checks/{id}", Needs(P::WatchWrite)),
    ("POST", "/api/v1/checks/{id}/pause", Needs(P::WatchWrite)),
    ("POST", "/api/v1/checks/{id}/resume", Needs(P::WatchWrite)),
    ("POST", "/api/v1/checks/{id}/run", Needs(P::WatchWrite)),
    ("POST", "/api/v1/maintenance", Needs(P::WatchWrite)),
    ("DELETE", "/api/v1/maintenance/{id}", Needs(P::WatchWrite)),
    ("GET", "/api/v1/deliveries", Needs(P::WebhookRead)),
    ("GET", "/api/v1/deliveries/{id}", Needs(P::WebhookRead)),
    ("GET", "/api/v1/heartbeat", Needs(P::WebhookRead)),
    ("GET", "/api/v1/webhooks", Needs(P::WebhookRead)),
    ("GET", "/api/v1/webhooks/{id}", Needs(P::WebhookRead)),
    ("POST", "/api/v1/deliveries/{id}/redeliver", Needs(P::WebhookWrite)),
    ("POST", "/api/v1/webhooks", Needs(P::WebhookWrite)),
    ("DELETE", "/api/v1/webhooks/{id}", Needs(P::WebhookWrite)),
    ("PUT", "/api/v1/webhooks/{id}", Needs(P::WebhookWrite)),
    ("POST", "/api/v1/webhooks/{id}/test", Needs(P::WebhookWrite)),
];

/// The table, for the gate in front of the routes.
///
/// # Errors
/// When a route stands in it twice.
pub fn table() -> Result<RouteTable, InvalidTable> {
    RouteTable::new(ROWS.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::wiring::openapi_document;

    /// Routes that are in no document: other names of documented ones, and the documentation itself.
    const UNDOCUMENTED: [&str; 7] = [
        "GET /health/live",
        "GET /health/ready",
        "GET /readiness",
        "GET /openapi.json",
        "GET /docs",
        "GET /docs/",
        "GET /docs/{*rest}",
    ];

    #[test]
    fn the_table_is_the_document() {
        let document = serde_json::to_value(openapi_document()).unwrap();
        let mut documented = BTreeMap::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let permission = operation["x-permission"].as_str().unwrap_or_default().to_owned();
                documented.insert(format!("{} {path}", method.to_uppercase()), permission);
            }
        }
        let rows = table().unwrap().rows();
        let listed: BTreeMap<String, String> = rows
            .into_iter()
            .filter(|(route, _)| !UNDOCUMENTED.contains(&route.as_str()))
            .map(|(route, access)| (route, access.to_owned()))
            .collect();
        assert_eq!(listed, documented);
    }

    /// Prints who may do what: every operation by every role.
    #[test]
    fn the_matrix_of_operations_and_roles_is_complete() {
        use mainstay_auth::{Permissions, Role};
        let table = table().unwrap();
        let mut cells = 0;
        for (method, path, _) in ROWS {
            let access = table.access(method, path).unwrap();
            let may = |role| match access {
                Access::Public => true,
                Needs(permission) => Permissions::of_role(role).has(permission),
            };
            let row: Vec<&str> = Role::ALL.map(|role| if may(role) { "yes" } else { "-" }).to_vec();
            println!("{:<28} {:<6} {path}: {}", access.as_str(), method, row.join(" "));
            assert!(may(Role::Admin), "{method} {path} is nobody's");
            cells += row.len();
        }
        assert_eq!(cells, ROWS.len() * 4);
    }
}
