//! Answers that several endpoints share: a page, a created object with its address, an object with its ETag.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use mainstay_kernel::Page;
use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list as JSON.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Paged<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Pass this back as `cursor` to get the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T> From<Page<T>> for Paged<T> {
    fn from(page: Page<T>) -> Self {
        Self {
            items: page.items,
            next_cursor: page.next_cursor,
        }
    }
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// The ETag of version `version` of an object.
pub fn etag(version: i64) -> HeaderValue {
    // Digits in quotes are a valid header value.
    HeaderValue::try_from(format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// An object and its version, which becomes the `ETag`.
#[derive(Debug, Clone)]
pub struct Tagged<T>(pub i64, pub T);

impl<T: Serialize> IntoResponse for Tagged<T> {
    fn into_response(self) -> Response {
        ([(header::ETAG, etag(self.0))], Json(self.1)).into_response()
    }
}

/// A new object: 201 with its address in `Location`.
#[derive(Debug, Clone)]
pub struct Created<T> {
    /// Path of the new object, such as `/api/v1/services/payments-api`.
    pub location: String,
    /// Its version, when it is editable.
    pub version: Option<i64>,
    /// The object.
    pub body: T,
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let mut response = (StatusCode::CREATED, Json(self.body)).into_response();
        if let Ok(location) = HeaderValue::try_from(self.location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        if let Some(version) = self.version {
            response.headers_mut().insert(header::ETAG, etag(version));
        }
        response
    }
}
