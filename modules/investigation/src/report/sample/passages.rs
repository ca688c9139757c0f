//! The passages that the samples quote.

use mainstay_evidence::{
    quote::Quote,
    source::{Encoding, Origin},
};

/// A quote of these bytes.
pub fn quote(file: &str, line: u64, start: u64, raw: &[u8]) -> Quote {
    Quote::new(&Origin::file(file), line, start, raw, Encoding::Utf8)
}

pub fn member(file: &str, member: &str, line: u64, start: u64, raw: &[u8]) -> Quote {
    let origin = Origin {
        file: file.to_owned(),
        member: Some(member.to_owned()),
    };
    Quote::new(&origin, line, start, raw, Encoding::Utf8)
}

pub fn pool_timeout() -> Quote {
    quote(
        "logs/cart-service.log",
        48_213,
        6_204_817,
        b"\x1b[31mERROR\x1b[0m 2026-03-17T10:04:14.310Z cart.pool - Timed out after 5000 ms waiting for a connection (active=20, idle=0, waiting=143) trace=7f21c0d2a8b94e11\n",
    )
}

pub fn stack() -> Quote {
    quote(
        "logs/cart-service.log",
        48_219,
        6_205_703,
        b"ERROR 2026-03-17T10:04:16.021Z cart.http - POST /cart/items failed\njava.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 5000ms.\n\tat com.zaxxer.hikari.pool.HikariPool.createTimeoutException(HikariPool.java:696)\n\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:197)\n\tat shop.cart.CartRepository.addItem(CartRepository.java:88)\n\t... 41 more\n",
    )
}

pub fn pool_before() -> Quote {
    member(
        "config-monday.tar.gz",
        "cart-service/application.yaml",
        14,
        402,
        b"    maximum-pool-size: 80\n",
    )
}

pub fn pool_after() -> Quote {
    member(
        "config-tuesday.tar.gz",
        "cart-service/application.yaml",
        14,
        402,
        b"    maximum-pool-size: 20\n",
    )
}

pub fn sample_row(line: u64, start: u64, raw: &[u8]) -> Quote {
    quote("metrics/shop.csv", line, start, raw)
}
