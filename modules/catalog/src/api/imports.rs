//! `/api/v1/imports`: bringing files in, and what came of it.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{DefaultBodyLimit, State};
use mainstay_http::{ApiJson, ApiPath, ApiResult, Caller, Created, PageQuery, Paged, ProblemBody, ScopeQuery};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    import::{InputFile, LeftOut},
    model::ManagedBy,
    report::{Import, ImportId},
    service::{Catalog, ImportRequest},
};

/// The most that one import may weigh, in bytes of JSON.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// The most reports on one page: each may hold hundreds of findings.
const MAX_PAGE: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Catalog> {
    OpenApiRouter::new()
        .routes(routes!(list_imports, create_import))
        .routes(routes!(get_import))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// Files to import.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CreateImport {
    /// The files. One that was imported before under the same path replaces what it said then.
    files: Vec<ImportFile>,
    /// What was found beside them and not read. It is listed in the report, and what was imported from it before stays.
    #[serde(default)]
    left_out: Vec<LeftOut>,
    /// Only show what would change.
    #[serde(default)]
    dry_run: bool,
    /// Names in files that mean a service, from the name to the service; kept for later imports. `null` forgets one.
    #[serde(default)]
    aliases: BTreeMap<String, Option<String>>,
    /// Findings to live with, by id; kept for later imports.
    #[serde(default)]
    accept: BTreeSet<String>,
    /// These files are all there are: what was imported before from others is forgotten.
    #[serde(default)]
    replace: bool,
}

/// A file with its content.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ImportFile {
    /// The path as a person should see it; it identifies the file in later imports, so it must not be that of another file:
    /// put the repository's name in front.
    #[schema(example = "acme/shop/config/service_registry.json")]
    path: String,
    /// Other paths under which the same file may have been imported before. What one of them said is replaced as well, if it
    /// was largely about the same services and objects.
    #[serde(default)]
    formerly: Vec<String>,
    /// The content as text.
    content: String,
}

/// Import files
///
/// What each file is, is found out from its content. Mistakes inside the files are findings of the report; the other files are
/// imported all the same.
#[utoipa::path(
    post, path = "/api/v1/imports", operation_id = "create_import", tag = "catalog",
    params(ScopeQuery, ("Idempotency-Key" = Option<String>, Header, description = "Repeats the first answer to the same request")),
    request_body = CreateImport,
    responses(
        (status = 201, description = "The report", body = Import),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A file under version control manages one of the paths", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The files are too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A field is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:write")))
)]
async fn create_import(
    State(catalog): State<Catalog>,
    ScopeQuery(scope): ScopeQuery,
    Caller(actor): Caller,
    ApiJson(body): ApiJson<CreateImport>,
) -> ApiResult<Created<Import>> {
    let mut formerly = BTreeMap::new();
    let mut files = Vec::with_capacity(body.files.len());
    for file in body.files {
        if !file.formerly.is_empty() {
            formerly.insert(file.path.clone(), file.formerly);
        }
        files.push(InputFile {
            path: file.path,
            bytes: file.content.into_bytes(),
        });
    }
    let request = ImportRequest {
        files,
        formerly,
        left_out: body.left_out,
        dry_run: body.dry_run,
        aliases: body.aliases,
        accept: body.accept,
        replace: body.replace,
        managed_by: ManagedBy::Import,
    };
    let report = catalog.import(&scope, &actor, request).await?;
    Ok(Created {
        location: format!("/api/v1/imports/{}", report.id),
        version: None,
        body: report,
    })
}

/// List imports
///
/// Newest first, dry runs included; the newest 200 are kept. At most 100 are on one page.
#[utoipa::path(
    get, path = "/api/v1/imports", operation_id = "list_imports", tag = "catalog",
    params(ScopeQuery, PageQuery),
    responses(
        (status = 200, description = "A page of reports", body = Paged<Import>),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn list_imports(
    State(catalog): State<Catalog>,
    ScopeQuery(scope): ScopeQuery,
    PageQuery(mut page): PageQuery,
) -> ApiResult<Paged<Import>> {
    page.limit = page.limit.min(MAX_PAGE);
    Ok(catalog.imports(&scope, &page).await?.into())
}

/// Read an import's report
#[utoipa::path(
    get, path = "/api/v1/imports/{id}", operation_id = "get_import", tag = "catalog",
    params(("id" = String, Path, description = "The import's id", format = "uuid"), ScopeQuery),
    responses(
        (status = 200, description = "The report", body = Import),
        (status = 404, description = "There is no such import", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A query parameter is wrong", body = ProblemBody, content_type = "application/problem+json"),
    ),
    extensions(("x-permission" = json!("catalog:read")))
)]
async fn get_import(
    State(catalog): State<Catalog>,
    ApiPath(id): ApiPath<ImportId>,
    ScopeQuery(scope): ScopeQuery,
) -> ApiResult<axum::Json<Import>> {
    Ok(axum::Json(catalog.import_report(&scope, id).await?))
}
