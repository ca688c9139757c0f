//! `mainstay token`: API tokens for one's own programs.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::cli::{OK, Output, client::ServerUrl};

const PATH: &str = "/api/v1/auth/me/tokens";

/// What can be done with API tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make an API token; its secret is shown this once
    Create(CreateArgs),
    /// List your API tokens, newest first
    List(ListArgs),
    /// Make an API token work no more
    Revoke(RevokeArgs),
}

/// Flags of `token create`.
#[derive(Debug, Args)]
pub struct CreateArgs {
    /// What to call it, for example deploy
    #[arg(value_name = "NAME")]
    name: String,
    /// What it can do, for example catalog:read; several separated by commas
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    scope: Vec<String>,
    /// Days until it ends, at most 366
    #[arg(long, value_name = "DAYS", default_value_t = 90)]
    days: u32,
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Flags of `token list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Flags of `token revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// Its id, as `mainstay token list` shows it
    #[arg(value_name = "ID")]
    id: uuid::Uuid,
    #[command(flatten)]
    server: ServerUrl,
}

/// Works with API tokens.
pub async fn run(verb: TokenVerb) -> anyhow::Result<u8> {
    match verb {
        TokenVerb::Create(args) => {
            let draft = json!({ "name": args.name, "scopes": args.scope, "expires_in_days": args.days });
            let made = args.server.post(PATH, &draft).await?;
            args.output.print(&made, |made| {
                format!(
                    "{}\nThis is the token `{}`, shown this once. It ends at {}.",
                    text(made, "secret"),
                    text(made, "name"),
                    text(made, "expires_at")
                )
            })?;
            Ok(OK)
        }
        TokenVerb::List(args) => {
            let tokens = args.server.list(PATH).await?;
            let header = ["ID", "NAME", "SCOPES", "ENDS", "LAST USED"];
            let hint = "You have no API tokens. Make one with `mainstay token create NAME --scope catalog:read`.";
            args.output.print_list(&tokens, header, row, hint)
        }
        TokenVerb::Revoke(args) => {
            args.server.delete(&format!("{PATH}/{}", args.id)).await?;
            anstream::println!("the token {} works no more", args.id);
            Ok(OK)
        }
    }
}

fn row(token: &Value) -> [String; 5] {
    let scopes: Vec<&str> = token["scopes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let used = token["last_used_at"].as_str().unwrap_or("never");
    [
        text(token, "id"),
        text(token, "name"),
        scopes.join(" "),
        text(token, "expires_at"),
        used.to_owned(),
    ]
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
