//! `mainstay config check`: what is in force, and where it came from.

use clap::Args;
use serde_json::json;

use super::{NO, OK, Output, ServerArgs, output::table};
use crate::config::explain;

/// Flags of `config check`.
#[derive(Debug, Args)]
pub struct ConfigCheckArgs {
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    output: Output,
    /// Exit with 1 when a key is unknown
    #[arg(long)]
    strict: bool,
}

/// Prints the effective configuration.
pub fn run(args: &ConfigCheckArgs) -> anyhow::Result<u8> {
    let loaded = args.server.load()?;
    let settings = explain(&loaded);
    args.output.print(
        &json!({ "file": loaded.file, "settings": settings, "warnings": loaded.warnings }),
        |_| {
            let rows = settings
                .iter()
                .map(|setting| [setting.key.clone(), setting.value.clone(), setting.from.clone()]);
            table(["KEY", "VALUE", "FROM"], rows)
        },
    )?;
    Ok(if args.strict && !loaded.warnings.is_empty() {
        NO
    } else {
        OK
    })
}
