//! How verbs print: tables for people, JSON for programs; progress never goes to standard output.

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};

/// Where results go and what they look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: the API's own shapes
    Json,
}

/// The flag every verb with a result has.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Output {
    /// Shape of the result: text for people, json (the API's own shapes) for programs
    #[arg(
        long,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    output: Format,
}

impl Output {
    /// Whether a program reads the result.
    pub fn is_json(self) -> bool {
        self.output == Format::Json
    }

    /// Prints `value` as JSON, or else what `text` makes of it.
    ///
    /// # Errors
    /// When the value cannot be written as JSON.
    pub fn print<T: serde::Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) -> anyhow::Result<()> {
        let rendered = if self.is_json() {
            serde_json::to_string_pretty(value)?
        } else {
            text(value)
        };
        anstream::println!("{}", rendered.trim_end());
        Ok(())
    }
}

/// A plain table that fits the terminal.
pub fn table<const N: usize>(header: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}
