//! `data`: quotes and candles from an in-memory database that a price walk keeps changing.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Json, Router,
    extract::{Path, State},
    routing::{get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Role;
use crate::demo::service::{chassis::Chassis, failure::Failure};

/// Prices kept for each instrument.
const HISTORY: usize = 240;
/// Prices that make one candle.
const CANDLE: usize = 8;

/// The table of prices in cents, newest last.
#[derive(Debug, Default)]
struct Prices {
    by_symbol: Mutex<BTreeMap<String, VecDeque<i64>>>,
}

/// A trade that moved a price.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tick {
    symbol: String,
    price_cents: i64,
    quantity: u32,
}

/// The role of `data`.
pub fn data(chassis: Arc<Chassis>) -> Role {
    let prices = Arc::new(Prices::default());
    for instrument in chassis.reference.instruments().iter() {
        prices.push(&instrument.symbol, instrument.listed_cents);
    }
    let routes = Router::new()
        .route("/quotes/{symbol}", get(quote))
        .route("/candles/{symbol}", get(candles))
        .route("/ticks", post(tick))
        .layer(Extension(Arc::clone(&prices)));
    Role {
        routes,
        background: Box::pin(walk(chassis, prices)),
    }
}

impl Prices {
    fn push(&self, symbol: &str, price: i64) {
        let mut table = self.table();
        let history = table.entry(symbol.to_owned()).or_default();
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back(price.max(1));
    }

    fn last(&self, symbol: &str) -> Option<i64> {
        self.table().get(symbol)?.back().copied()
    }

    fn history(&self, symbol: &str) -> Option<Vec<i64>> {
        Some(self.table().get(symbol)?.iter().copied().collect())
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<String, VecDeque<i64>>> {
        self.by_symbol.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn quote(
    State(chassis): State<Arc<Chassis>>,
    Extension(prices): Extension<Arc<Prices>>,
    Path(symbol): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /quotes/{symbol}";
    let last = chassis.statement(route, || prices.last(&symbol)).await?;
    let last = last.ok_or_else(|| Failure::not_found(format!("no instrument is called {symbol}")))?;
    let answer = json!({ "symbol": symbol, "bid_cents": last - 1, "ask_cents": last + 1 });
    Ok(Json(chassis.finish(route, last, answer)?))
}

async fn candles(
    State(chassis): State<Arc<Chassis>>,
    Extension(prices): Extension<Arc<Prices>>,
    Path(symbol): Path<String>,
) -> Result<Json<Value>, Failure> {
    let route = "GET /candles/{symbol}";
    let history = chassis.statement(route, || prices.history(&symbol)).await?;
    let history = history.ok_or_else(|| Failure::not_found(format!("no instrument is called {symbol}")))?;
    let candles: Vec<_> = history.chunks(CANDLE).map(candle).collect();
    let answer = json!({ "symbol": symbol, "candles": candles });
    Ok(Json(chassis.finish(
        route,
        history.first().copied().unwrap_or_default(),
        answer,
    )?))
}

async fn tick(
    State(chassis): State<Arc<Chassis>>,
    Extension(prices): Extension<Arc<Prices>>,
    Json(tick): Json<Tick>,
) -> Result<Json<Value>, Failure> {
    let route = "POST /ticks";
    let change = json!({ "symbol": tick.symbol, "price_cents": tick.price_cents, "quantity": tick.quantity });
    chassis.record(&change).await?;
    chassis
        .statement(route, || prices.push(&tick.symbol, tick.price_cents))
        .await?;
    Ok(Json(chassis.finish(route, tick.price_cents, change)?))
}

fn candle(prices: &[i64]) -> Value {
    json!({
        "open_cents": prices.first(),
        "high_cents": prices.iter().max(),
        "low_cents": prices.iter().min(),
        "close_cents": prices.last(),
    })
}

/// Moves every price a little, four times a second.
async fn walk(chassis: Arc<Chassis>, prices: Arc<Prices>) {
    loop {
        sleep(Duration::from_millis(250)).await;
        for instrument in chassis.reference.instruments().iter() {
            let last = prices.last(&instrument.symbol).unwrap_or(instrument.listed_cents);
            let step = i64::try_from(chassis.world.random() % 7).unwrap_or_default() - 3;
            prices.push(&instrument.symbol, last + step);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_history_is_bounded_and_keeps_the_newest() {
        let prices = Prices::default();
        for price in 1..=500 {
            prices.push("ABC", price);
        }
        assert_eq!(prices.history("ABC").map(|history| history.len()), Some(HISTORY));
        assert_eq!(prices.last("ABC"), Some(500));
        assert_eq!(prices.last("XYZ"), None);
    }

    #[test]
    fn a_candle_has_the_extremes_of_its_prices() {
        let candle = candle(&[5, 9, 2, 4]);
        assert_eq!(
            candle,
            json!({ "open_cents": 5, "high_cents": 9, "low_cents": 2, "close_cents": 4 })
        );
    }
}
