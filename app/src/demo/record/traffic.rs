//! Customers from outside: what people send to the services they meet, at a rate that goes up and down with the time,
//! unevenly as people do, and from a seed.

use std::{f64::consts::TAU, sync::Arc, time::Duration};

use http::Method;
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    dice::Dice,
    kind::Distraction,
    observations::{Observation, Observations},
    plan::{Case, FRONTS},
};
use crate::demo::{client::Call, registry::Registry, service};

/// Customers of one service who wait at the same time; others go away.
const WAITING: usize = 32;
/// How long a customer waits.
const PATIENCE: Duration = Duration::from_secs(8);
/// How far the rate swings around its mean, and how long one swing takes.
const SWING: f64 = 0.25;
const SWING_S: f64 = 47.0;
/// How many times as many customers come in a burst.
const BURST: f64 = 4.0;
/// Streams of the dice, apart from those of the plan.
const STREAM: u64 = 1 << 32;

/// Sends customers to every front service until it is dropped.
pub async fn send(case: Arc<Case>, registry: Registry, seen: Arc<Observations>, began: Instant) {
    let mut fronts = JoinSet::new();
    for (index, front) in (0..).zip(FRONTS) {
        let Some(entry) = registry.services().get(front) else {
            continue;
        };
        let dice = Dice::new(case.seed, STREAM + case.number * 8 + index);
        let customers = Customers {
            front,
            base_url: entry.base_url.clone(),
            case: Arc::clone(&case),
            seen: Arc::clone(&seen),
            dice,
            began,
        };
        fronts.spawn(customers.come());
    }
    while fronts.join_next().await.is_some() {}
}

struct Customers {
    front: &'static str,
    base_url: String,
    case: Arc<Case>,
    seen: Arc<Observations>,
    dice: Dice,
    began: Instant,
}

impl Customers {
    async fn come(self) {
        let symbols = service::symbols();
        let waiting = Arc::new(Semaphore::new(WAITING));
        let mut asking = JoinSet::new();
        let check = format!("customers of {}", self.front);
        let phase = self.dice.fraction();
        loop {
            let at = self.began.elapsed().as_secs_f64();
            let pause = (0.4 + 1.2 * self.dice.fraction()) / rate(&self.case, self.front, at, phase);
            sleep(Duration::from_secs_f64(pause)).await;
            while asking.try_join_next().is_some() {}
            let call = request(self.front, &self.base_url, &symbols, &self.dice);
            let Ok(place) = Arc::clone(&waiting).try_acquire_owned() else {
                continue;
            };
            let (seen, check, began) = (Arc::clone(&self.seen), check.clone(), self.began);
            asking.spawn(async move {
                let started = Instant::now();
                let answer = call.within(PATIENCE).send().await;
                let observation = Observation {
                    at: started.duration_since(began).as_secs_f64(),
                    ok: answer.is_ok_and(|answer| answer.status.is_success()),
                    latency_ms: started.elapsed().as_secs_f64() * 1_000.0,
                };
                seen.add(&check, observation);
                drop(place);
            });
        }
    }
}

/// Customers a second: few enough that a fleet leaves most of a small machine to others, which keeps calm times calm.
fn rate(case: &Case, front: &str, at: f64, phase: f64) -> f64 {
    let mean = match front {
        "web" => 1.6,
        "execution" => 1.0,
        "analyze" => 0.8,
        "main" => 0.6,
        _ => 0.3,
    };
    let burst = case.red_herrings.iter().any(|herring| {
        let here = herring.kind == Distraction::TrafficBurst && herring.service.as_deref() == Some(front);
        here && herring.at <= at && at < herring.until
    });
    let swing = 1.0 + SWING * (TAU * (at / SWING_S + phase)).sin();
    mean * swing * if burst { BURST } else { 1.0 }
}

/// What a customer of `front` asks for.
pub fn request(front: &str, base_url: &str, symbols: &[String], dice: &Dice) -> Call {
    let symbol = dice.pick(symbols).map_or("none", String::as_str);
    let drawn = dice.bits();
    match front {
        "web" => Call::get(format!("{base_url}/pages/{symbol}")),
        "app" => Call::get(format!("{base_url}/portfolios/user-{}", drawn % 200)),
        "analyze" => Call::get(format!("{base_url}/reports/{symbol}")),
        "execution" => {
            let side = if drawn.is_multiple_of(2) { "buy" } else { "sell" };
            let order: Value = json!({ "symbol": symbol, "side": side, "quantity": 10 });
            Call::new(Method::POST, format!("{base_url}/orders")).json(&order)
        }
        _ => Call::get(format!("{base_url}/overview")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::record::{
        kind::Kind,
        plan::{Lengths, cases},
    };

    #[test]
    fn a_burst_multiplies_the_customers_of_its_service_while_it_lasts() {
        let registry = Registry::parse(crate::demo::registry::BUNDLED).unwrap();
        let lengths = Lengths {
            calm: 60.0,
            broken: 40.0,
        };
        let planned = cases(&registry, lengths, 1, 17, Some(Kind::Nothing));
        let of_burst = |case: &&Case| case.red_herrings.iter().any(|it| it.kind == Distraction::TrafficBurst);
        let case = planned.iter().find(of_burst).unwrap();
        let burst = &case.red_herrings[0];
        let front = burst.service.as_deref().unwrap();
        let before = rate(case, front, burst.at - 0.1, 0.0);
        assert!(rate(case, front, burst.at, 0.0) > before * 3.5);
        assert!(rate(case, front, burst.until, 0.0) < before * 2.0);
    }
}
