//! `mainstay login` and `mainstay logout`.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use url::Url;

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
    #[arg(long, value_name = "NAME", conflicts_with = "link")]
    user: Option<String>,
    /// Set a password through a one-time link and sign in: the whole link, or what stands behind its `#` to use it at --server
    #[arg(long, value_name = "LINK")]
    link: Option<String>,
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

/// Signs in, with a password or by setting one, and keeps the session.
pub async fn login(args: LoginArgs) -> anyhow::Result<u8> {
    let (server, path, mut form) = if let Some(link) = &args.link {
        let (server, secret) = opened(link, &args.server)?;
        let form = json!({ "secret": secret, "password": new_password(args.password_stdin)? });
        (server, "/api/v1/auth/links/redeem", form)
    } else {
        let username = match &args.user {
            Some(name) => name.clone(),
            None => ask("Username: ")?,
        };
        let form = json!({ "username": username, "password": password(args.password_stdin, "Password: ")? });
        (args.server.clone(), "/api/v1/auth/login", form)
    };
    form["code"] = json!(args.code);
    let answer = match server.post_unsigned(path, &form).await {
        // Asked for only where somebody can answer.
        Err(error) if args.code.is_none() && !args.password_stdin && wants_code(&error) => {
            form["code"] = json!(ask("Code of the authenticator app: ")?);
            server.post_unsigned(path, &form).await?
        }
        answer => answer?,
    };
    Kept::keep(&server, &answer)?;
    args.output.print(&answer["user"], |user| {
        let text = |field: &str| user[field].as_str().unwrap_or_default().to_owned();
        format!("signed in as {} at {server}", text("username"))
    })?;
    Ok(OK)
}

/// Where a link leads, and its secret. Not repeated when it is wrong: it may be a secret all the same.
fn opened(link: &str, named: &ServerUrl) -> anyhow::Result<(ServerUrl, String)> {
    let secret = |text: &str| text.starts_with("msl_").then(|| text.to_owned());
    let link = link.trim();
    if let Some(secret) = secret(link) {
        return Ok((named.clone(), secret));
    }
    let read = Url::parse(link).ok().and_then(|url| {
        let secret = secret(url.fragment()?)?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        web.then(|| (named.at(&url), secret))
    });
    read.context(
        "--link is no one-time link; one is like `http://127.0.0.1:8000/welcome#msl_…`, in quotes because of the `#`",
    )
}

/// A password that is made up now, so a slip of the finger must show.
fn new_password(from_stdin: bool) -> anyhow::Result<String> {
    let first = password(from_stdin, "New password, at least 10 characters: ")?;
    if !from_stdin && password(false, "Once more: ")? != first {
        bail!("the two are not the same; the link still works, try again");
    }
    Ok(first)
}

fn password(from_stdin: bool, prompt: &str) -> anyhow::Result<String> {
    if from_stdin {
        return line();
    }
    rpassword::prompt_password(prompt).context("no password could be read; use --password-stdin")
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        server: ServerUrl,
    }

    #[test]
    fn a_link_leads_to_its_own_server_and_a_bare_secret_to_the_named_one() {
        let named = Line::parse_from(["test", "--server", "http://127.0.0.1:9000"]).server;
        let (server, secret) = opened("https://mainstay.example/base/welcome#msl_abc", &named).unwrap();
        assert_eq!(
            (server.origin().as_str(), secret.as_str()),
            ("https://mainstay.example", "msl_abc")
        );
        let (server, secret) = opened(" msl_abc\n", &named).unwrap();
        assert_eq!(
            (server.origin().as_str(), secret.as_str()),
            ("http://127.0.0.1:9000", "msl_abc")
        );
        for wrong in [
            "",
            "http://127.0.0.1:8000/welcome",
            "http://127.0.0.1:8000/welcome#other",
            "file:///welcome#msl_abc",
        ] {
            let said = opened(wrong, &named).unwrap_err().to_string();
            assert!(said.contains("is no one-time link"), "{said}");
        }
    }
}
