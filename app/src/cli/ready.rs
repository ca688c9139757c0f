//! `mainstay ready`: one question to a running Mainstay; a health check for containers without a shell.

use std::{fmt::Write as _, time::Duration};

use clap::Args;
use serde_json::Value;

use super::{
    NO, OK, Output,
    client::{ServerUrl, client},
};

/// Flags of `ready`.
#[derive(Debug, Args)]
pub struct ReadyArgs {
    #[command(flatten)]
    server: ServerUrl,
    #[command(flatten)]
    output: Output,
}

/// Asks `/ready`.
pub async fn run(args: ReadyArgs) -> anyhow::Result<u8> {
    let client = client(Duration::from_secs(3))?;
    let answer = client.get(args.server.join("/ready")?).send().await;
    let (ready, body) = match answer {
        Ok(answer) => (
            answer.status().is_success(),
            answer.json::<Value>().await.unwrap_or_default(),
        ),
        Err(error) => {
            anstream::eprintln!("no Mainstay answers at {}: {error}", args.server);
            return Ok(NO);
        }
    };
    args.output.print(&body, |body| {
        let mut text = body["status"].as_str().unwrap_or("unknown").to_owned();
        for check in body["checks"].as_array().into_iter().flatten() {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "\n  {} {}: {}",
                if check["ok"] == true { "ok" } else { "FAILED" },
                check["name"].as_str().unwrap_or_default(),
                check["detail"].as_str().unwrap_or_default()
            );
        }
        text
    })?;
    Ok(if ready { OK } else { NO })
}
