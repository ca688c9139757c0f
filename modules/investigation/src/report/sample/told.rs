//! What the full sample tells: moments and causes.

use mainstay_evidence::quote::Quote;

use super::{
    super::{Cause, Finding, InputKind, Moment, Share},
    full::{ONSET, SECOND},
    passages::{pool_after, pool_before, pool_timeout, quote, sample_row, stack},
};

pub fn moment(
    (second, before, after): (i64, i64, i64),
    component: &str,
    what: &str,
    kind: InputKind,
    certainty: f64,
    quotes: Vec<Quote>,
) -> Moment {
    let at = ONSET + second * SECOND;
    Moment {
        at,
        earliest: at - before * SECOND,
        latest: at + after * SECOND,
        component: component.to_owned(),
        what: what.to_owned(),
        kind,
        certainty,
        quotes,
    }
}

pub fn timeline() -> Vec<Moment> {
    use InputKind::{Logs, Metrics, Traces};
    vec![
        moment((0, 14, 6), "cart-service", "waits for a connection of its pool for the first time", Logs, 0.97, vec![pool_timeout(), stack()]),
        moment((8, 20, 20), "cart-service", "takes longer itself: 9 ms became 1.4 s", Traces, 0.94, vec![quote("traces.json", 88_120, 20_118_220, b"{\"traceId\":\"7f21c0d2a8b94e11\",\"name\":\"POST /cart/items\",\"startTimeUnixNano\":\"1773741854310000000\",\"endTimeUnixNano\":\"1773741859316000000\"}")]),
        moment((23, 8, 12), "checkout-service", "calls to cart-service fail: 0.1 % became 34 %", Traces, 0.93, vec![quote("traces.json", 90_011, 20_611_902, b"{\"name\":\"CartService/GetCart\",\"status\":{\"code\":2,\"message\":\"deadline exceeded\"}}")]),
        moment((31, 5, 5), "checkout-service", "logs \"could not get cart\" for the first time", Logs, 0.9, vec![quote("logs/checkout-service.log", 18_004, 3_610_222, b"{\"ts\":\"2026-03-17T10:04:43.001Z\",\"level\":\"error\",\"msg\":\"could not get cart: rpc error: code = DeadlineExceeded\"}\n")]),
        moment((38, 30, 30), "frontend", "answers later: 48 ms became 1.9 s", Metrics, 0.88, vec![sample_row(36, 72_401, b"2026-03-17T10:05:00Z,0.048,1.912\n")]),
        moment((44, 22, 38), "recommendation-service", "answers later: 31 ms became 210 ms", Metrics, 0.61, vec![sample_row(36, 72_440, b"2026-03-17T10:05:00Z,0.031,0.210\n")]),
        moment((61, 4, 4), "frontend", "logs \"502\" 40 times a minute", Logs, 0.86, Vec::new()),
        moment((70, 60, 60), "redis-cart", "has 20 connections where it had 80", Metrics, 0.43, vec![sample_row(36, 72_461, b"2026-03-17T10:05:00Z,80,20\n")]),
        moment((128, 40, 25), "payment-service", "is called less: 4.1/s became 2.6/s", Metrics, 0.55, Vec::new()),
    ]
}

pub fn finding(kind: InputKind, text: &str, certainty: f64, second: i64, quotes: Vec<Quote>) -> Finding {
    Finding {
        kind,
        text: text.to_owned(),
        certainty,
        at: Some(ONSET + second * SECOND),
        quotes,
    }
}

pub fn share(mechanism: &str, strength: f64, weight: f64) -> Share {
    Share {
        mechanism: mechanism.to_owned(),
        strength,
        weight,
    }
}

pub fn causes() -> Vec<Cause> {
    use InputKind::{Configuration, Logs, Metrics, Traces};
    vec![
        Cause {
            component: "cart-service".to_owned(),
            likelihood: 0.868,
            summary: "It has no free database connection: requests wait 5 s for one and then fail.".to_owned(),
            shares: vec![
                share("new or missing messages", 0.94, 4.1),
                share("own latency", 0.71, 3.2),
                share("own errors", 0.38, 1.4),
                share("processor", 0.02, 0.0),
                share("more traffic", 0.05, -0.3),
            ],
            supporting: vec![
                finding(Logs, "\"Timed out after <*> ms waiting for a connection\" was never seen in 34 minutes before and came 1,206 times after.", 0.99, 2, vec![pool_timeout(), stack()]),
                finding(Traces, "It spends 1.4 s in POST /cart/items itself, outside of all calls; 9 ms is normal.", 0.94, 8, vec![quote("traces.json", 88_120, 20_118_220, b"{\"traceId\":\"7f21c0d2a8b94e11\",\"name\":\"POST /cart/items\",\"startTimeUnixNano\":\"1773741854310000000\",\"endTimeUnixNano\":\"1773741859316000000\"}")]),
                finding(Configuration, "Its pool was made smaller 22 minutes before: 80 became 20.", 0.82, -1_332, vec![pool_before(), pool_after()]),
            ],
            contradicting: vec![finding(Metrics, "Its processor and memory stayed within what is normal.", 0.7, 0, vec![sample_row(36, 72_512, b"2026-03-17T10:05:00Z,0.31,412.2\n")])],
            in_addition: false,
        },
        Cause {
            component: "redis-cart".to_owned(),
            likelihood: 0.06,
            summary: "Fewer connections reach it; it may be the reason or the consequence.".to_owned(),
            shares: vec![share("traffic", 0.44, 0.9), share("called by the suspect", 0.3, 0.2)],
            supporting: vec![finding(Metrics, "It has 20 connections where 80 are normal.", 0.43, 70, vec![sample_row(36, 72_461, b"2026-03-17T10:05:00Z,80,20\n")])],
            contradicting: vec![finding(Traces, "It answers as fast as before: 0.7 ms.", 0.9, 0, Vec::new())],
            in_addition: false,
        },
        Cause {
            component: "checkout-service".to_owned(),
            likelihood: 0.02,
            summary: "Its calls fail, which cart-service explains.".to_owned(),
            shares: vec![share("errors explained by what it calls", 0.9, 0.6)],
            supporting: vec![finding(Logs, "\"could not get cart\" is new, 212 times.", 0.9, 31, Vec::new())],
            contradicting: vec![finding(Traces, "It became different 23 s after cart-service, in traces that go through it.", 0.93, 23, Vec::new())],
            in_addition: false,
        },
    ]
}
