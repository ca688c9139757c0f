//! `mainstay user`: who has an account.

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::link::told;
use crate::cli::{OK, Output, client::ServerUrl};

const PATH: &str = "/api/v1/auth/users";

/// What can be done with accounts.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// List accounts
    List(ListArgs),
    /// Make an account, and a one-time link for its owner to set a password
    Add(AddArgs),
    /// Give an account another role
    Role(RoleArgs),
    /// Switch an account off; its sessions end at once
    Disable(NamedArgs),
    /// Switch an account on again
    Enable(NamedArgs),
    /// Make a one-time link for an account to set a new password
    Link(NamedArgs),
    /// End every session of an account and revoke every token it holds
    Revoke(NamedArgs),
    /// Delete an account; what it did stays in the change log
    Delete(NamedArgs),
}

/// What somebody is trusted with.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum RoleName {
    /// Sees the fleet
    Viewer,
    /// Also acknowledges and silences alerts
    Responder,
    /// Also changes services, checks, objectives and webhooks
    Editor,
    /// Also manages people, and Mainstay itself
    Admin,
}

impl RoleName {
    fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

/// Flags of `user list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Flags of `user add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// What they sign in with
    #[arg(value_name = "NAME")]
    name: String,
    /// What they are trusted with
    #[arg(long, value_enum, default_value = "viewer")]
    role: RoleName,
    /// Where they can be reached
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// What they are called
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Flags of `user role`.
#[derive(Debug, Args)]
pub struct RoleArgs {
    /// What they sign in with
    #[arg(value_name = "NAME")]
    name: String,
    /// What they are trusted with
    #[arg(value_enum)]
    role: RoleName,
    #[command(flatten)]
    server: ServerUrl,
}

/// Flags of what is done to one account.
#[derive(Debug, Args)]
pub struct NamedArgs {
    /// What they sign in with
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    server: ServerUrl,
}

/// Works with accounts.
pub async fn run(verb: UserVerb) -> anyhow::Result<u8> {
    match verb {
        UserVerb::List(args) => {
            let users = args.server.list(PATH).await?;
            let header = ["NAME", "ROLE", "CALLED", "ADDRESS", "LAST SIGN-IN"];
            args.output.print_list(&users, header, row, "There are no accounts.")
        }
        UserVerb::Add(args) => add(args).await,
        UserVerb::Role(args) => {
            let word = args.role.word();
            patch(&args.server, &args.name, &json!({ "role": word })).await?;
            anstream::println!("`{}` is {word} now", args.name);
            Ok(OK)
        }
        UserVerb::Disable(args) => {
            patch(&args.server, &args.name, &json!({ "is_active": false })).await?;
            anstream::println!("`{}` is switched off and every session of theirs has ended", args.name);
            Ok(OK)
        }
        UserVerb::Enable(args) => {
            patch(&args.server, &args.name, &json!({ "is_active": true })).await?;
            anstream::println!("`{}` can sign in again", args.name);
            Ok(OK)
        }
        UserVerb::Link(args) => {
            let path = format!("{PATH}/{}/link", id(&args.server, &args.name).await?);
            let link = args.server.post(&path, &Value::Null).await?;
            anstream::println!("{}", said(&args.server, &link));
            Ok(OK)
        }
        UserVerb::Revoke(args) => {
            let path = format!("{PATH}/{}/revoke-tokens", id(&args.server, &args.name).await?);
            let answer = args.server.post(&path, &Value::Null).await?;
            anstream::println!("{}", text(&answer, "message"));
            Ok(OK)
        }
        UserVerb::Delete(args) => {
            let answer = args.server.delete(&named(&args.name)).await?;
            anstream::println!("{}", text(&answer, "message"));
            Ok(OK)
        }
    }
}

async fn add(args: AddArgs) -> anyhow::Result<u8> {
    let draft = json!({
        "username": args.name, "role": args.role.word(), "email": args.email, "display_name": args.display_name,
    });
    let made = args.server.post(PATH, &draft).await?;
    args.output.print(&made, |made| {
        let name = text(&made["user"], "username");
        format!("made the account `{name}`\n{}", said(&args.server, &made["link"]))
    })?;
    Ok(OK)
}

/// Where an account's owner sets a password.
fn said(server: &ServerUrl, link: &Value) -> String {
    let url = format!("{}/welcome#{}", server.origin(), text(link, "secret"));
    let until = format!("until {}", text(link, "expires_at"));
    format!(
        "{}\nHand this over by a way that you trust.",
        told(&url, &text(link, "username"), &until)
    )
}

async fn id(server: &ServerUrl, name: &str) -> anyhow::Result<String> {
    let user = server.get(&named(name)).await?;
    let id = user["user_id"]
        .as_str()
        .context("the answer names no account; is this a Mainstay?")?;
    Ok(id.to_owned())
}

async fn patch(server: &ServerUrl, name: &str, change: &Value) -> anyhow::Result<Value> {
    server.patch(&named(name), change).await
}

/// The path of an account; a name may hold characters that mean something in one.
fn named(name: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
    format!("{PATH}/{}", encoded.replace('+', "%20"))
}

fn row(user: &Value) -> [String; 5] {
    let off = if user["is_active"] == false {
        " (switched off)"
    } else {
        ""
    };
    [
        format!("{}{off}", text(user, "username")),
        text(user, "role"),
        text(user, "display_name"),
        text(user, "email"),
        user["last_login_at"].as_str().unwrap_or("never").to_owned(),
    ]
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_default().to_owned()
}
