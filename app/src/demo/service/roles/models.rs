//! `ai` (where a price is heading) and `analyze` (a report on an instrument), both computed from candles.

use std::sync::Arc;

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    routing::get,
};
use http::Method;
use serde_json::{Value, json};

use super::{Role, any_symbol, customers, idle, integer};
use crate::demo::service::{chassis::Chassis, failure::Failure, observe::RequestId};

/// The role of `ai`.
pub fn ai() -> Role {
    Role {
        routes: Router::new().route("/forecasts/{symbol}", get(forecast)),
        background: idle(),
    }
}

/// The role of `analyze`, which writes reports as customers order them.
pub fn analyze(chassis: Arc<Chassis>) -> Role {
    Role {
        routes: Router::new().route("/reports/{symbol}", get(report)),
        background: customers(chassis, 1.5, |chassis| {
            (Method::GET, format!("/reports/{}", any_symbol(chassis)), Value::Null)
        }),
    }
}

async fn forecast(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Path(symbol): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /forecasts/{symbol}";
    let candles = chassis.ask("data", &format!("/candles/{symbol}"), &id).await?;
    let closes = closes(&candles)?;
    let next_cents = next_on_line(&closes);
    chassis.statement(route, || ()).await?;
    chassis
        .record(&json!({ "forecast": symbol, "next_cents": next_cents }))
        .await?;
    let answer = json!({ "symbol": symbol, "next_cents": next_cents, "points": closes.len() });
    Ok(Json(chassis.finish(route, next_cents, answer)?))
}

async fn report(
    State(chassis): State<Arc<Chassis>>,
    Extension(RequestId(id)): Extension<RequestId>,
    Path(symbol): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /reports/{symbol}";
    let (candles, forecast) = tokio::try_join!(
        async { chassis.ask("data", &format!("/candles/{symbol}"), &id).await },
        async { chassis.ask("ai", &format!("/forecasts/{symbol}"), &id).await }
    )?;
    let closes = closes(&candles)?;
    let next_cents = integer(&forecast, "ai", "next_cents")?;
    chassis.statement(route, || ()).await?;
    chassis.record(&json!({ "report": symbol })).await?;
    let answer = json!({
        "symbol": symbol,
        "lowest_cents": closes.iter().min(),
        "highest_cents": closes.iter().max(),
        "forecast_cents": next_cents,
    });
    Ok(Json(chassis.finish(route, next_cents, answer)?))
}

fn closes(candles: &Value) -> Result<Vec<i64>, Failure> {
    let unusable = || Failure::unusable_answer("data", "candles");
    let candles = candles["candles"].as_array().ok_or_else(unusable)?;
    let closes = candles.iter().map(|candle| candle["close_cents"].as_i64());
    closes.collect::<Option<Vec<_>>>().ok_or_else(unusable)
}

/// The next value of the least-squares line through equally spaced values.
fn next_on_line(values: &[i64]) -> i64 {
    let count = i64::try_from(values.len()).unwrap_or_default();
    let Some(last) = values.last() else { return 0 };
    if count < 2 {
        return *last;
    }
    let places = count * (count - 1) / 2;
    let squares = (count - 1) * count * (2 * count - 1) / 6;
    let total: i64 = values.iter().sum();
    let products: i64 = (0..).zip(values).map(|(x, y): (i64, _)| x * y).sum();
    let spread = count * squares - places * places;
    let slope = count * products - places * total;
    (total * spread + slope * (count * count - places)) / (count * spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_continued() {
        assert_eq!(next_on_line(&[10, 20, 30, 40]), 50);
        assert_eq!(next_on_line(&[7, 7, 7]), 7);
        assert_eq!(next_on_line(&[3]), 3);
        assert_eq!(next_on_line(&[]), 0);
    }
}
