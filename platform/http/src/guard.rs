//! Keeps the door while there are no accounts: only this machine's own users may call, and no web page on their behalf.

use std::net::IpAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use mainstay_kernel::{Problem, ProblemKind};

use crate::ApiError;

/// Refuses requests that a web page elsewhere could have caused: a `Host` that is not a loopback name means that some domain
/// was pointed at this address (DNS rebinding), a foreign `Origin` on a changing request means that another site sent it.
pub async fn loopback_only(request: Request, next: Next) -> Response {
    match verdict(request.method(), request.uri().authority(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(reason) => ApiError(Problem::new(ProblemKind::Forbidden, "not-local", reason)).into_response(),
    }
}

fn verdict(method: &Method, authority: Option<&Authority>, headers: &HeaderMap) -> Result<(), &'static str> {
    let host = authority.map(Authority::host).or_else(|| {
        let host = headers.get(header::HOST)?.to_str().ok()?;
        Some(host_without_port(host))
    });
    // A request without any host cannot come from a browser.
    if host.is_some_and(|host| !is_loopback(host)) {
        return Err(
            "Without accounts Mainstay answers only at its loopback address. Open it as http://127.0.0.1 or http://localhost.",
        );
    }
    if method.is_safe() {
        return Ok(());
    }
    let foreign_site = headers
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    let foreign_origin = headers.get(header::ORIGIN).is_some_and(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin.split_once("://").map_or(origin, |(_, rest)| rest);
        !is_loopback(host_without_port(host))
    });
    if foreign_site || foreign_origin {
        return Err("This request was sent by a page of another site, which may not change anything here.");
    }
    Ok(())
}

fn host_without_port(host: &str) -> &str {
    if host.starts_with('[') {
        return host.split_inclusive(']').next().unwrap_or(host);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(method: &Method, pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        verdict(method, None, &headers).is_ok()
    }

    #[test]
    fn loopback_names_pass_and_rebound_domains_do_not() {
        for host in ["127.0.0.1:8000", "localhost", "LOCALHOST:1", "[::1]:8000", "127.9.9.9"] {
            assert!(judge(&Method::GET, &[("host", host)]), "{host}");
        }
        for host in [
            "evil.example:8000",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "localhost.evil.example",
        ] {
            assert!(!judge(&Method::GET, &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn another_site_may_not_change_anything() {
        let host = ("host", "127.0.0.1:8000");
        assert!(judge(&Method::POST, &[host]));
        assert!(judge(
            &Method::POST,
            &[
                host,
                ("origin", "http://127.0.0.1:8000"),
                ("sec-fetch-site", "same-origin")
            ]
        ));
        assert!(!judge(&Method::POST, &[host, ("origin", "https://evil.example")]));
        assert!(!judge(&Method::POST, &[host, ("origin", "null")]));
        assert!(!judge(&Method::DELETE, &[host, ("sec-fetch-site", "cross-site")]));
        assert!(judge(&Method::GET, &[host, ("sec-fetch-site", "cross-site")]));
    }
}
