//! `mainstay openapi`: the API's own document, the same that a running server answers at `/openapi.json`.

use super::OK;

/// Prints the document.
pub fn run() -> anyhow::Result<u8> {
    anstream::println!("{}", crate::wiring::openapi_document().to_pretty_json()?);
    Ok(OK)
}
