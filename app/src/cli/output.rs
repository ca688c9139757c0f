//! How verbs print: tables for people, JSON for programs; progress never goes to standard output.

use clap::{Args, ValueEnum};
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::Value;

use super::OK;

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

    /// Prints items as the API shapes them, or as a table; the hint when there is none.
    ///
    /// # Errors
    /// As [`Output::print`].
    pub fn print_list<const N: usize>(
        self,
        items: &[Value],
        header: [&str; N],
        row: impl Fn(&Value) -> [String; N],
        hint: &str,
    ) -> anyhow::Result<u8> {
        self.print(&items, |items| {
            if items.is_empty() {
                return hint.to_owned();
            }
            table(header, items.iter().map(&row))
        })?;
        Ok(OK)
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
