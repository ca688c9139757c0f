//! The endpoints through the real router, behind the gate and without it.

mod gate;
mod own;
mod people;
mod signing;

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode, header},
    middleware,
};
use jiff::SignedDuration;
use mainstay_kernel::{ManualClock, World, from_micros};
use mainstay_testkit::{START, TestDatabase};
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc};
use tower::ServiceExt;

use super::*;
use crate::{
    MIGRATIONS, PasswordCost,
    crypto::{SealingKey, SealingKeys},
    model::{Access, Role, RouteTable, Row},
    service::{By, NewUser, Settings},
};

const PASSWORD: &str = "correct horse battery staple";
const OTHER_PASSWORD: &str = "seven purple lanterns drift";

struct App {
    auth: Auth,
    router: Router,
    clock: Arc<ManualClock>,
    _db: TestDatabase,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// An installation with one account of each role, called by its name, on SQLite; the use cases are tested on both databases.
async fn app() -> App {
    let db = mainstay_testkit::sqlite(MIGRATIONS).await;
    let clock = ManualClock::at(from_micros(START));
    let settings = Settings {
        password_cost: PasswordCost::CHEAP,
        ..Settings::at("https://mainstay.example")
    };
    let sealing = SealingKeys::new(SealingKey::generate().unwrap(), []);
    let world = World::simulated(clock.clone(), 42);
    let auth = Auth::open(db.clone(), world, settings, sealing).await.unwrap();
    for role in Role::ALL {
        let new = NewUser {
            username: role.as_str().parse().unwrap(),
            email: None,
            display_name: None,
            role,
        };
        let (_, link) = auth.create_user(&By::console(), new).await.unwrap();
        let origin = crate::service::Origin::default();
        auth.redeem_link(link.secret.reveal(), PASSWORD.to_owned(), None, &origin)
            .await
            .unwrap();
    }
    let router = Router::from(routes().with_state(auth.clone()));
    App {
        auth,
        router,
        clock,
        _db: db,
    }
}

/// The rows of this module's own routes, read off their documentation.
fn own_rows() -> Vec<Row> {
    let document = serde_json::to_value(routes().split_for_parts().1).unwrap();
    let mut rows = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let permission = operation["x-permission"]
                .as_str()
                .unwrap_or_else(|| panic!("{method} {path} says none"));
            let access = match permission {
                "public" => Access::Public,
                word => Access::Needs(word.parse().unwrap()),
            };
            let method: &'static str = method.to_uppercase().leak();
            rows.push((method, &*path.clone().leak(), access));
        }
    }
    rows
}

impl App {
    /// The same behind the gate.
    fn guarded(mut self) -> Self {
        let gate_state = Gate {
            auth: self.auth.clone(),
            table: Arc::new(RouteTable::new(own_rows()).unwrap()),
        };
        self.router = self.router.layer(middleware::from_fn_with_state(gate_state, gate));
        self
    }

    async fn send(&self, mut request: Request<Body>) -> Answer {
        request
            .extensions_mut()
            .insert(ClientAddress("192.0.2.9".parse::<IpAddr>().unwrap()));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 22).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        }
    }

    async fn call(&self, method: Method, path: &str, bearer: Option<&str>, body: Value) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
        };
        self.send(request.body(body).unwrap()).await
    }

    async fn get(&self, path: &str, bearer: &str) -> Answer {
        self.call(Method::GET, path, Some(bearer), Value::Null).await
    }

    async fn post(&self, path: &str, bearer: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(bearer), body).await
    }

    async fn public(&self, path: &str, body: Value) -> Answer {
        let method = if body.is_null() { Method::GET } else { Method::POST };
        self.call(method, path, None, body).await
    }

    async fn login(&self, name: &str) -> Answer {
        let answer = self
            .public("/api/v1/auth/login", json!({"username": name, "password": PASSWORD}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer
    }

    /// An access token of that account.
    async fn token(&self, name: &str) -> String {
        self.login(name).await.body["access_token"].as_str().unwrap().to_owned()
    }
}
