//! `mainstay slo`: objectives in files, checked without a server, and objectives with their budgets, from one.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use mainstay_catalog::import::{ImportOptions, analyse, read_paths};
use mainstay_kernel::Environment;
use mainstay_slo::{
    DECLARATION_KIND,
    model::{Definition, Limits},
    validate_declaration,
};
use serde_json::{Value, json};

use super::{NO, OK, Output, client::ServerUrl, output::table};

/// What can be done with objectives.
#[derive(Debug, Subcommand)]
pub enum SloVerb {
    /// Check the objectives in files; needs no server
    Validate(ValidateArgs),
    /// List objectives with their budgets, worst first
    List(ListSlosArgs),
}

/// Flags of `slo validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Mainstay YAML and slos.json files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the services run
    #[arg(long, default_value = "production")]
    environment: Environment,
    #[command(flatten)]
    output: Output,
}

/// Flags of `slo list`.
#[derive(Debug, Args)]
pub struct ListSlosArgs {
    #[command(flatten)]
    server: ServerUrl,
    /// Environment that is meant
    #[arg(long, default_value = "production")]
    environment: Environment,
    #[command(flatten)]
    output: Output,
}

/// Runs the verb.
pub async fn run(verb: SloVerb) -> anyhow::Result<u8> {
    match verb {
        SloVerb::Validate(args) => check_files(&args),
        SloVerb::List(args) => list(args).await,
    }
}

fn check_files(args: &ValidateArgs) -> anyhow::Result<u8> {
    let found = read_paths(&args.paths)?;
    let analysis = analyse(
        found.files,
        &ImportOptions {
            left_out: found.left_out,
            environment: args.environment.clone(),
            ..ImportOptions::default()
        },
    );
    let mut results = Vec::new();
    for file in analysis.findings.iter().filter(|finding| finding.code == "unreadable") {
        results.push(json!({ "name": Value::Null, "file": file.file, "line": file.line, "errors": [file.message] }));
    }
    for declaration in analysis
        .declarations
        .iter()
        .filter(|declaration| declaration.kind == DECLARATION_KIND)
    {
        let place = (&declaration.source.file, declaration.source.line);
        results.push(match validate_declaration(&declaration.body, &declaration.environment, &Limits::default()) {
            Ok(validated) => json!({
                "name": declaration.name, "file": place.0, "line": place.1, "errors": [],
                "warnings": validated.warnings, "sentence": sentence(&validated.definition),
            }),
            Err(errors) => json!({
                "name": declaration.name, "file": place.0, "line": place.1,
                "errors": errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect::<Vec<_>>(),
            }),
        });
    }
    let wrong = results
        .iter()
        .any(|result| result["errors"].as_array().is_some_and(|errors| !errors.is_empty()));
    args.output.print(&results, |results| {
        if results.is_empty() {
            return "There is no objective in these files. A short one: kind Slo with `service` and `objective`."
                .to_owned();
        }
        results.iter().map(line).collect::<Vec<_>>().join("\n")
    })?;
    Ok(if wrong || results.is_empty() { NO } else { OK })
}

/// What the objective allows, so that its author can see whether that was meant.
fn sentence(definition: &Definition) -> String {
    let minutes = definition.objective.allowed_minutes(definition.window.nominal_s());
    format!(
        "{} of {}: {} % over a {} window allows {minutes:.2} bad minutes",
        definition.sli.kind.as_str(),
        definition.service,
        definition.objective.percent(),
        definition.window.adjective()
    )
}

fn line(result: &Value) -> String {
    let place = format!("{}:{}", result["file"].as_str().unwrap_or_default(), result["line"]);
    let name = result["name"].as_str().unwrap_or("(unreadable)");
    let errors: Vec<&str> = result["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if !errors.is_empty() {
        return format!("error  {name} ({place})\n  {}", errors.join("\n  "));
    }
    let mut text = format!(
        "ok     {name} ({place})\n  {}",
        result["sentence"].as_str().unwrap_or_default()
    );
    for warning in result["warnings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
    {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  warning: {warning}");
    }
    text
}

async fn list(args: ListSlosArgs) -> anyhow::Result<u8> {
    let slos = args
        .server
        .list(&format!("/api/v1/slos?environment={}", args.environment))
        .await?;
    args.output.print(&slos, |slos| {
        if slos.is_empty() {
            return "No objectives yet. Import a slos.json, or write a kind Slo in Mainstay YAML.".to_owned();
        }
        let percent = |value: &Value| {
            value
                .as_f64()
                .map_or_else(|| "no data".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
        };
        let minutes = |value: &Value| {
            value
                .as_f64()
                .map_or_else(String::new, |minutes| format!("{minutes:.2} min"))
        };
        let rows = slos.iter().map(|slo| {
            let budget = &slo["budget"];
            [
                slo["service"].as_str().unwrap_or_default().to_owned(),
                slo["name"].as_str().unwrap_or_default().to_owned(),
                format!("{} %", slo["objective"]),
                budget["state"].as_str().unwrap_or_default().to_owned(),
                percent(&budget["remaining_ratio"]),
                minutes(&budget["allowed_minutes"]),
                format!("{} of {}", budget["bad"], budget["total"]),
            ]
        });
        table(
            [
                "SERVICE",
                "SLO",
                "OBJECTIVE",
                "STATE",
                "BUDGET LEFT",
                "ALLOWED",
                "BAD EVENTS",
            ],
            rows,
        )
    })?;
    Ok(OK)
}
