//! The dashboard's files, part of the binary; a page that says how to build them when they are not.

use axum::{
    body::Body,
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use mainstay_http::ApiError;
use mainstay_kernel::{Problem, ProblemKind};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../dashboard/dist"]
#[allow_missing = true]
struct Dashboard;

/// No script from elsewhere and none inline; styles inline, because the component library writes them.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

const NOT_BUILT: &str = "<!doctype html><html lang=en><meta charset=utf-8><title>Mainstay</title>\
<body style='font:16px system-ui;max-width:40rem;margin:4rem auto;padding:0 1rem'><h1>Mainstay is running</h1>\
<p>This binary was built without its dashboard. Build it with <code>npm --prefix dashboard ci &amp;&amp; npm --prefix dashboard run build</code>, \
then build Mainstay again.</p><p>The API is here: <a href=/openapi.json>openapi.json</a>, <a href=/api/v1/services>services</a>, \
<a href=/ready>ready</a>.</p></html>";

/// Answers everything that no route of the API answers.
pub async fn serve(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    let api = path.starts_with("api/") || path.starts_with("v1/");
    if api || !(method == Method::GET || method == Method::HEAD) {
        let problem = Problem::new(
            ProblemKind::NotFound,
            "no-such-endpoint",
            format!(
                "There is no endpoint {method} {}. The list is at /openapi.json.",
                uri.path()
            ),
        );
        return ApiError(problem).into_response();
    }
    // Addresses of pages are the dashboard's own affair: whatever is not a file is its start page.
    let file = Dashboard::get(path).filter(|_| !path.is_empty());
    match file
        .map(|file| (path, file))
        .or_else(|| Some(("index.html", Dashboard::get("index.html")?)))
    {
        Some((name, file)) => {
            let kind = file.metadata.mimetype().to_owned();
            let mut response = Response::new(Body::from(file.data));
            // Names of built assets hold a hash of their content; the start page does not.
            let caching = if name.starts_with("assets/") {
                "public, max-age=31536000, immutable"
            } else {
                "no-cache"
            };
            let headers = response.headers_mut();
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
            if let Ok(kind) = HeaderValue::try_from(kind) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            guarded(response)
        }
        None => guarded(
            (
                StatusCode::OK,
                [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
                NOT_BUILT,
            )
                .into_response(),
        ),
    }
}

fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
