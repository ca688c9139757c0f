//! The refresh token of a browser, in a cookie that no script can read and no other site can send (RFC 6265, and `SameSite`).

use axum::http::{HeaderMap, HeaderValue, header, uri::Authority};
use mainstay_kernel::{Problem, ProblemKind};

use crate::model::Secret;

const NAME: &str = "mainstay_refresh";
/// Only these routes are sent the cookie.
const PATH: &str = "/api/v1/auth";

/// The header value that keeps a refresh token in the browser. `secure` keeps it off connections without TLS.
pub(super) fn keep(refresh: &Secret, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    line(refresh.reveal(), max_age_s, secure)
}

/// The header value that takes it away again.
pub(super) fn forget(secure: bool) -> Option<HeaderValue> {
    line("", 0, secure)
}

fn line(value: &str, max_age_s: i64, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{NAME}={value}; Path={PATH}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::try_from(text).ok()
}

/// The refresh token among a request's cookies.
pub(super) fn find(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers
        .get_all(header::COOKIE)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == NAME && !value.is_empty())
        .map(|(_, value)| value)
}

/// Goes on only if a page of Mainstay itself sent the request. A cookie comes along without being asked for, so the page that
/// sent it has to show itself: by `Sec-Fetch-Site`, or by an `Origin` that is the host it was sent to. A browser always says one.
///
/// # Errors
/// When another site sent it, or nobody says who did.
pub(super) fn same_site(headers: &HeaderMap, authority: Option<&Authority>) -> Result<(), Problem> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let site = headers.get("sec-fetch-site").map(|value| value == "same-origin");
    let origin = text(header::ORIGIN).map(|origin| {
        let host = authority.map(Authority::as_str).or_else(|| text(header::HOST));
        origin.split_once("://").map(|(_, host)| host) == host
    });
    match (site, origin) {
        (Some(false), _) | (_, Some(false)) | (None, None) => Err(Problem::new(
            ProblemKind::Forbidden,
            "cross-site",
            "This request was not sent by a page of this Mainstay, so the browser's session is not used for it.",
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_cookie_is_for_these_routes_alone_and_no_script() {
        let secret = Secret::of(crate::model::SecretKind::Refresh, &[7; 32]);
        let line = keep(&secret, 600, true).unwrap();
        let text = line.to_str().unwrap();
        assert!(
            text.ends_with("; Path=/api/v1/auth; Max-Age=600; HttpOnly; SameSite=Strict; Secure"),
            "{text}"
        );
        let sent = format!("theme=dark; {NAME}={}; other=1", secret.reveal());
        let mut map = HeaderMap::new();
        map.insert(header::COOKIE, sent.parse().unwrap());
        assert_eq!(find(&map), Some(secret.reveal()));
        assert_eq!(find(&headers(&[("cookie", "mainstay_refresh=")])), None);
        assert_eq!(find(&headers(&[("cookie", "not_mainstay_refresh=1")])), None);
    }

    #[test]
    fn only_our_own_page_may_use_the_cookie() {
        let host = ("host", "mainstay.example:8000");
        for good in [
            &[host, ("origin", "https://mainstay.example:8000")][..],
            &[host, ("sec-fetch-site", "same-origin")],
            &[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://mainstay.example:8000"),
            ],
        ] {
            assert!(same_site(&headers(good), None).is_ok(), "{good:?}");
        }
        for bad in [
            &[host][..],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "null")],
            &[host, ("origin", "https://mainstay.example")],
            &[host, ("sec-fetch-site", "same-site")],
            &[
                host,
                ("sec-fetch-site", "cross-site"),
                ("origin", "https://mainstay.example:8000"),
            ],
            &[
                host,
                ("sec-fetch-site", "same-origin"),
                ("origin", "https://evil.example"),
            ],
            &[host, ("sec-fetch-site", "none")],
        ] {
            assert!(same_site(&headers(bad), None).is_err(), "{bad:?}");
        }
    }
}
