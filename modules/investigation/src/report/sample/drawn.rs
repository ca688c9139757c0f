//! What the full sample draws: its map, its series and its messages.

use mainstay_evidence::quote::Quote;

use super::{
    super::{Component, ComponentState, Map, MessageChange, MessageRate, Panel},
    full::{MINUTE, ONSET, SECOND, TEN},
    passages::{pool_timeout, quote, sample_row, stack},
};

fn component(name: &str, state: ComponentState, likelihood: f64, second: Option<i64>, note: &str) -> Component {
    Component {
        name: name.to_owned(),
        state,
        likelihood,
        first: second.map(|second| ONSET + second * SECOND),
        note: note.to_owned(),
    }
}

pub fn map() -> Map {
    use ComponentState::{Normal, Suspect, Unknown, Victim};
    Map {
        components: vec![
            component(
                "frontend",
                Victim,
                0.004,
                Some(38),
                "slow and failing because of cart-service",
            ),
            component(
                "checkout-service",
                Victim,
                0.02,
                Some(23),
                "its calls to cart-service fail",
            ),
            component("cart-service", Suspect, 0.868, Some(0), "no free connection"),
            component(
                "redis-cart",
                ComponentState::Changed,
                0.06,
                Some(70),
                "20 connections where 80 are normal",
            ),
            component("recommendation-service", Victim, 0.003, Some(44), "a little slower"),
            component("product-catalog-service", Normal, 0.001, None, "as always"),
            component("currency-service", Normal, 0.001, None, "as always"),
            component("shipping-service", Normal, 0.001, None, "as always"),
            component(
                "payment-service",
                ComponentState::Changed,
                0.002,
                Some(128),
                "called less",
            ),
            component("email-service", Unknown, 0.0, None, "nothing was read of it"),
            component(
                "ad-service",
                Normal,
                0.001,
                None,
                "deployed 30 minutes before, as always since",
            ),
        ],
        calls: vec![
            (0, 1),
            (0, 2),
            (0, 4),
            (0, 5),
            (0, 6),
            (0, 7),
            (0, 10),
            (1, 2),
            (1, 5),
            (1, 6),
            (1, 7),
            (1, 8),
            (1, 9),
            (2, 3),
            (4, 5),
            (4, 2),
        ],
        left_out: 0,
    }
}

/// A series a minute or less apart that moves at the onset, with the same small waves each time it is drawn.
pub fn series(step: i64, value: impl Fn(f64, bool) -> Option<f64>) -> Vec<(i64, Option<f64>)> {
    let number = 42 * MINUTE / step;
    (0..number)
        .map(|place| {
            let time = TEN - 30 * MINUTE + place * step;
            #[expect(clippy::cast_precision_loss, reason = "a small number")]
            let wave = f64::midpoint((place as f64 * 1.7).sin(), (place as f64 * 0.61).sin());
            (time, value(wave, time >= ONSET))
        })
        .collect()
}

fn panel(
    owner: &str,
    name: &str,
    unit: Option<&str>,
    normal: (f64, f64),
    text: &str,
    points: Vec<(i64, Option<f64>)>,
) -> Panel {
    Panel {
        owner: owner.to_owned(),
        name: name.to_owned(),
        unit: unit.map(str::to_owned),
        onset: points
            .iter()
            .find(|(_, value)| value.is_some_and(|value| value < normal.0 || value > normal.1))
            .map(|point| point.0),
        points,
        normal: Some(normal),
        text: text.to_owned(),
        quotes: vec![sample_row(36, 72_401, b"2026-03-17T10:05:00Z,0.048,1.912\n")],
    }
}

pub fn panels() -> Vec<Panel> {
    let fast = 15 * SECOND;
    let mut gap = series(fast, |wave, broken| Some(if broken { 20.0 } else { 78.0 + wave * 2.0 }));
    for point in &mut gap[60..74] {
        point.1 = None;
    }
    vec![
        panel(
            "cart-service",
            "http_server_duration_p95",
            Some("s"),
            (0.006, 0.014),
            "9 ms became 5 s, where its time-out is.",
            series(fast, |wave, broken| {
                Some(if broken { 4.7 + wave * 0.3 } else { 0.01 + wave * 0.003 })
            }),
        ),
        panel(
            "cart-service",
            "hikaricp_connections_active",
            None,
            (4.0, 18.0),
            "All 20 connections are in use; 11 are normal.",
            series(fast, |wave, broken| Some(if broken { 20.0 } else { 11.0 + wave * 6.0 })),
        ),
        panel(
            "checkout-service -> cart-service",
            "rpc_errors",
            Some("%"),
            (0.0, 0.4),
            "0.1 % became 34 %.",
            series(fast, |wave, broken| {
                Some(if broken {
                    34.0 + wave * 5.0
                } else {
                    0.1 + wave.abs() * 0.2
                })
            }),
        ),
        panel(
            "redis-cart",
            "connected_clients",
            None,
            (74.0, 82.0),
            "80 became 20. Five minutes before the onset no samples were written.",
            gap,
        ),
        panel(
            "payment-service",
            "requests",
            Some("/s"),
            (3.4, 4.9),
            "4.1/s became 2.6/s: fewer checkouts come that far.",
            series(fast, |wave, broken| {
                Some(if broken { 2.6 + wave * 0.3 } else { 4.1 + wave * 0.6 })
            }),
        ),
        panel(
            "cart-service",
            "jvm_memory_used",
            Some("B"),
            (380e6, 470e6),
            "Memory stayed within what is normal.",
            series(MINUTE, |wave, _| Some(420e6 + wave * 40e6)),
        ),
    ]
}

fn counts(before: u32, after: u32) -> Vec<u32> {
    (0..84u32)
        .map(|place| {
            let wave = (place * 7 + place * place) % 5;
            let base = if place >= 69 { after } else { before };
            base + if base > 4 { wave * base / 12 } else { 0 }
        })
        .collect()
}

fn message(
    component: &str,
    text: &str,
    change: MessageChange,
    (before, after): (f64, f64),
    severity: &str,
    counts: Vec<u32>,
    quotes: Vec<Quote>,
) -> MessageRate {
    MessageRate {
        component: Some(component.to_owned()),
        text: text.to_owned(),
        change,
        before,
        after,
        count: counts.iter().map(|count| u64::from(*count)).sum(),
        severity: Some(severity.to_owned()),
        certainty: 0.96,
        from: TEN - 30 * MINUTE,
        step: 30 * SECOND,
        counts,
        quotes,
    }
}

pub fn messages() -> Vec<MessageRate> {
    vec![
        message(
            "cart-service",
            "Timed out after <*> ms waiting for a connection (active=<*>, idle=<*>, waiting=<*>) trace=<*>",
            MessageChange::New,
            (0.0, 154.0),
            "error",
            counts(0, 77),
            vec![pool_timeout()],
        ),
        message(
            "cart-service",
            "Added item <*> to cart <*>",
            MessageChange::Vanished,
            (122.0, 0.0),
            "info",
            counts(61, 0),
            vec![quote(
                "logs/cart-service.log",
                48_190,
                6_201_002,
                b"INFO  2026-03-17T10:04:11.870Z cart.api - Added item 66VCHSJNUP to cart 9b1f\n",
            )],
        ),
        message(
            "checkout-service",
            "could not get cart: rpc error: code = <*>",
            MessageChange::Burst,
            (0.2, 27.0),
            "error",
            counts(0, 13),
            Vec::new(),
        ),
        message(
            "frontend",
            "request complete status=200 path=<*> took_ms=<*>",
            MessageChange::Fewer,
            (1_840.0, 1_020.0),
            "info",
            counts(920, 510),
            Vec::new(),
        ),
        message(
            "cart-service",
            "Connection pool exhausted, <*> leaks suspected",
            MessageChange::Rare,
            (0.0, 0.1),
            "fatal",
            {
                let mut counts = vec![0; 84];
                counts[70] = 1;
                counts
            },
            vec![stack()],
        ),
    ]
}
