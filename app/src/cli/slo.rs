//! `mainstay slo`: objectives in files, checked without a server, and objectives with their budgets, from one.

use std::{fmt::Write as _, path::PathBuf};

use clap::{Args, Subcommand};
use mainstay_catalog::{
    Declaration,
    import::{Analysis, ImportOptions, analyse, read_paths},
};
use mainstay_kernel::Environment;
use mainstay_slo::{
    DECLARATION_KIND,
    model::{Definition, Limits},
    validate_declaration,
};
use serde_json::{Value, json};

use super::{NO, OK, Output, list::ListArgs};

/// Objectives: alone, the list of them.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
pub struct SloArgs {
    #[command(subcommand)]
    verb: Option<SloVerb>,
    #[command(flatten)]
    list: ListArgs,
}

/// What can be done with objectives.
#[derive(Debug, Subcommand)]
enum SloVerb {
    /// List objectives with their budgets, worst first; the same as `slo` alone
    List(ListArgs),
    /// Check the objectives in files; needs no server
    Validate(ValidateArgs),
}

/// Flags of `slo validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Mainstay YAML and slos.json files, and folders of them
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the services run
    #[arg(long, value_name = "NAME", default_value = "production")]
    environment: Environment,
    #[command(flatten)]
    output: Output,
}

/// Runs the verb.
pub async fn run(args: SloArgs) -> anyhow::Result<u8> {
    match args.verb {
        Some(SloVerb::Validate(args)) => check_files(&args),
        Some(SloVerb::List(args)) => list(&args).await,
        None => list(&args.list).await,
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
    // A document that is misspelt so that nobody can tell whether it is an objective may be one.
    for finding in analysis
        .findings
        .iter()
        .filter(|finding| UNUSABLE.contains(&finding.code))
    {
        results.push(
            json!({ "name": Value::Null, "file": finding.file, "line": finding.line, "errors": [finding.message] }),
        );
    }
    for declaration in analysis
        .declarations
        .iter()
        .filter(|declaration| declaration.kind == DECLARATION_KIND)
    {
        let place = (&declaration.source.file, declaration.source.line);
        results.push(match validate_declaration(&declaration.body, &declaration.environment, &Limits::default()) {
            Ok(validated) => {
                let mut warnings = validated.warnings;
                warnings.extend(undefined_service(&analysis, declaration));
                json!({
                    "name": declaration.name, "file": place.0, "line": place.1, "errors": [],
                    "warnings": warnings, "sentence": sentence(&validated.definition),
                })
            }
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

/// The findings of an analysis about documents that could not be used at all.
const UNUSABLE: [&str; 2] = ["unreadable", "invalid-document"];

/// That the service of an objective is in none of the files, in case they hold any service: an objective that is checked
/// alone may be about one that is known elsewhere.
fn undefined_service(analysis: &Analysis, declaration: &Declaration) -> Option<String> {
    let finding = analysis.findings.iter().find(|finding| {
        let is_its = match finding.values.get("name") {
            Some(name) => *name == declaration.name,
            None => Some(finding.line) == declaration.source.line,
        };
        finding.code == "undefined-service"
            && finding.values.get("kind").is_some_and(|kind| kind == DECLARATION_KIND)
            && declaration.source.file.as_ref() == Some(&finding.file)
            && is_its
    })?;
    Some(finding.message.clone())
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
    let name = result["name"].as_str().unwrap_or("(no objective)");
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

async fn list(args: &ListArgs) -> anyhow::Result<u8> {
    args.output.print_list(
        &args.fetch("slos").await?,
        [
            "SERVICE",
            "SLO",
            "OBJECTIVE",
            "STATE",
            "BUDGET LEFT",
            "ALLOWED",
            "BAD EVENTS",
        ],
        row,
        "No objectives yet. Import a slos.json, or write a kind Slo in Mainstay YAML.",
    )
}

fn row(slo: &Value) -> [String; 7] {
    let budget = &slo["budget"];
    let left = budget["remaining_ratio"]
        .as_f64()
        .map_or_else(|| "no data".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0));
    let allowed = budget["allowed_minutes"]
        .as_f64()
        .map_or_else(String::new, |minutes| format!("{minutes:.2} min"));
    [
        slo["service"].as_str().unwrap_or_default().to_owned(),
        slo["name"].as_str().unwrap_or_default().to_owned(),
        format!("{} %", slo["objective"]),
        budget["state"].as_str().unwrap_or_default().to_owned(),
        left,
        allowed,
        format!("{} of {}", budget["bad"], budget["total"]),
    ]
}
