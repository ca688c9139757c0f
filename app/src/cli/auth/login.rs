//! `mainstay login` and `mainstay logout`.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};

use super::Kept;
use crate::cli::{OK, Output, client::ServerUrl};

/// Flags of `login`.
#[derive(Debug, Args)]
#[command(
    after_help = "The session is kept in ~/.config/mainstay/sessions.json, which only you can read. Programs use an API token\n\
                        in MAINSTAY_TOKEN instead; make one with `mainstay token create`."
)]
pub struct LoginArgs {
    /// Whom to sign in; asked for when left out
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from the first line of standard input
    #[arg(long)]
    password_stdin: bool,
    /// The present code of the authenticator app, or a recovery code; asked for when it is wanted
    #[arg(long, value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Flags of `logout`.
#[derive(Debug, Args)]
pub struct LogoutArgs {
    #[command(flatten)]
    server: ServerUrl,
}

/// Signs in and keeps the session.
pub async fn login(args: LoginArgs) -> anyhow::Result<u8> {
    let username = match args.user {
        Some(name) => name,
        None => ask("Username: ")?,
    };
    let password = if args.password_stdin {
        line()?
    } else {
        rpassword::prompt_password("Password: ").context("no password could be read; use --password-stdin")?
    };
    let mut form = json!({ "username": username, "password": password, "code": args.code });
    let answer = match args.server.post_unsigned("/api/v1/auth/login", &form).await {
        // Asked for only where somebody can answer.
        Err(error) if args.code.is_none() && !args.password_stdin && wants_code(&error) => {
            form["code"] = json!(ask("Code of the authenticator app: ")?);
            args.server.post_unsigned("/api/v1/auth/login", &form).await?
        }
        answer => answer?,
    };
    Kept::keep(&args.server, &answer)?;
    args.output.print(&answer["user"], |user| {
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        format!("signed in as {} at {}", text("username"), args.server)
    })?;
    Ok(OK)
}

/// Signs out and forgets the session.
pub async fn logout(args: LogoutArgs) -> anyhow::Result<u8> {
    let ended = args.server.post("/api/v1/auth/logout", &Value::Null).await;
    if !Kept::forget(&args.server)? {
        bail!("nobody is signed in at {}", args.server);
    }
    match ended {
        Ok(_) => anstream::println!("signed out at {}", args.server),
        Err(error) => anstream::println!("the session is forgotten here; the server could not be told: {error:#}"),
    }
    Ok(OK)
}

fn wants_code(error: &anyhow::Error) -> bool {
    error.to_string().contains("second factor")
}

fn ask(prompt: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("this asks a person, and there is none at standard input; use --user, --code and --password-stdin");
    }
    anstream::eprint!("{prompt}");
    std::io::stderr().flush()?;
    line()
}

fn line() -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin().lock().read_line(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
