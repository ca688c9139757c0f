//! The services customers meet: `api` (quotes behind a token), `web` (a page), `app` (a portfolio) and `execution`
//! (orders). Each asks its neighbours over HTTP before it touches its own database.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    response::Html,
    routing::{get, post},
};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Role, any_symbol, customers, idle, integer};
use crate::demo::service::{chassis::Chassis, failure::Failure, observe::RequestId};

/// Positions in every portfolio.
const POSITIONS: usize = 3;

/// An order to buy or sell.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    symbol: String,
    side: Side,
    quantity: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Buy,
    Sell,
}

/// The role of `api`.
pub fn api() -> Role {
    Role {
        routes: Router::new().route("/v1/quotes/{symbol}", get(quote)),
        background: idle(),
    }
}

/// The role of `web`.
pub fn web(chassis: Arc<Chassis>) -> Role {
    Role {
        routes: Router::new().route("/pages/{symbol}", get(page)),
        background: customers(chassis, 5.0, |chassis| {
            (Method::GET, format!("/pages/{}", any_symbol(chassis)), Value::Null)
        }),
    }
}

/// The role of `app`.
pub fn app(chassis: Arc<Chassis>) -> Role {
    Role {
        routes: Router::new().route("/portfolios/{user}", get(portfolio)),
        background: customers(chassis, 2.0, |chassis| {
            let user = chassis.world.random() % 200;
            (Method::GET, format!("/portfolios/user-{user}"), Value::Null)
        }),
    }
}

/// The role of `execution`.
pub fn execution(chassis: Arc<Chassis>) -> Role {
    Role {
        routes: Router::new().route("/orders", post(order)),
        background: customers(chassis, 3.0, |chassis| {
            let side = if chassis.world.random().is_multiple_of(2) {
                "buy"
            } else {
                "sell"
            };
            let order = json!({ "symbol": any_symbol(chassis), "side": side, "quantity": 10 });
            (Method::POST, "/orders".to_owned(), order)
        }),
    }
}

async fn quote(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Path(symbol): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /v1/quotes/{symbol}";
    let login = json!({ "user": "api-client" });
    let (token, quote) = tokio::try_join!(chassis.tell("auth", "/tokens", &login, &id), async {
        chassis.ask("data", &format!("/quotes/{symbol}"), &id).await
    })?;
    let user = chassis
        .tell("auth", "/tokens/verify", &json!({ "token": token["token"] }), &id)
        .await?;
    chassis.record(&json!({ "quoted": symbol, "to": user["user"] })).await?;
    chassis.statement(route, || ()).await?;
    let ask_cents = integer(&quote, "data", "ask_cents")?;
    let answer =
        json!({ "symbol": symbol, "ask_cents": ask_cents, "bid_cents": quote["bid_cents"], "user": user["user"] });
    Ok(Json(chassis.finish(route, ask_cents, answer)?))
}

async fn page(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Path(symbol): Path<String>,
) -> Result<Html<String>, Failure> {
    let route = "GET /pages/{symbol}";
    let session = chassis
        .tell("auth", "/tokens", &json!({ "user": "visitor" }), &id)
        .await?;
    let quote = chassis.ask("api", &format!("/v1/quotes/{symbol}"), &id).await?;
    let ask_cents = integer(&quote, "api", "ask_cents")?;
    chassis
        .record(&json!({ "page": symbol, "session_expires": session["expires"] }))
        .await?;
    chassis.statement(route, || ()).await?;
    let answer = chassis.finish(route, ask_cents, json!({ "symbol": symbol }))?;
    Ok(Html(format!(
        "<!doctype html><title>{symbol}</title><h1>{symbol}</h1><p>Buy at {}.{:02}, indicator {}</p>",
        ask_cents / 100,
        ask_cents % 100,
        answer["indicator"]
    )))
}

async fn portfolio(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Path(user): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /portfolios/{user}";
    let instruments = chassis.reference.instruments();
    let first = user.bytes().map(usize::from).sum::<usize>() % instruments.len().max(1);
    let mut positions = Vec::with_capacity(POSITIONS);
    let mut value_cents = 0;
    for instrument in instruments.iter().cycle().skip(first).take(POSITIONS) {
        let symbol = &instrument.symbol;
        let (quote, forecast) = tokio::try_join!(
            async { chassis.ask("api", &format!("/v1/quotes/{symbol}"), &id).await },
            async { chassis.ask("ai", &format!("/forecasts/{symbol}"), &id).await }
        )?;
        let bid_cents = integer(&quote, "api", "bid_cents")?;
        value_cents += chassis.cents_of_one(symbol, bid_cents)? * i64::from(instrument.lot);
        positions.push(json!({ "symbol": symbol, "bid_cents": bid_cents, "forecast_cents": forecast["next_cents"] }));
    }
    let history = chassis
        .ask("data", &format!("/candles/{}", any_symbol(&chassis)), &id)
        .await?;
    chassis.statement(route, || ()).await?;
    chassis.record(&json!({ "viewed": user })).await?;
    let answer =
        json!({ "user": user, "value_cents": value_cents, "positions": positions, "market": history["symbol"] });
    Ok(Json(chassis.finish(route, value_cents, answer)?))
}

async fn order(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Json(order): Json<Order>,
) -> Result<Json<Value>, Failure> {
    let route = "POST /orders";
    let quote = chassis.ask("api", &format!("/v1/quotes/{}", order.symbol), &id).await?;
    let field = match order.side {
        Side::Buy => "ask_cents",
        Side::Sell => "bid_cents",
    };
    let price_cents = integer(&quote, "api", field)?;
    let fill = json!({ "symbol": order.symbol, "price_cents": price_cents, "quantity": order.quantity });
    chassis.record(&fill).await?;
    chassis.statement(route, || ()).await?;
    chassis.tell("data", "/ticks", &fill, &id).await?;
    Ok(Json(chassis.finish(route, price_cents, fill)?))
}
