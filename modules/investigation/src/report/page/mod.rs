//! The page: one HTML file that needs nothing else, neither a network nor a font nor scripts.
//!
//! Every passage and name in it is escaped by the type it is drawn with (`maud`), and its policy allows no style and no script but
//! its own two, by their digest: what was read cannot act. It is drawn from the report alone, and its size is bounded.
//!
//! **Invariant:** no part of it reads a file, a clock or the environment: the same report gives the same bytes.

mod causes;
mod inputs;
mod map;
mod marks;
mod messages;
mod panels;
mod quotes;
mod scale;
mod timeline;
mod verdict;

#[cfg(test)]
mod tests;

use base64::{Engine, prelude::BASE64_STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use self::quotes::Quotes;
use super::{
    Report,
    words::{self, Clock},
};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

const SECTIONS: [(&str, &str); 8] = [
    ("timeline", "What broke first"),
    ("map", "Where it spread"),
    ("causes", "Causes"),
    ("next", "Next"),
    ("metrics", "Series"),
    ("messages", "Messages"),
    ("changes", "Changes"),
    ("read", "What was read"),
];

/// The whole page. At most 3 MB, even of text that is all markup, and usually a tenth of one; what is left out is told where
/// it is, and stands in the JSON form.
pub fn page(report: &Report) -> String {
    let clock = Clock::of(report);
    let quotes = Quotes::new();
    let body = html! {
        (marks::definitions())
        a.skip href="#timeline" { "Skip to what broke first" }
        main {
            (verdict::head(report, clock))
            nav aria-label="Sections" { ul { @for (id, name) in SECTIONS { li { a href=(format!("#{id}")) { (name) } } } } }
            // The causes take their passages first: those are looked at most.
            @let causes = causes::section(report, clock, &quotes);
            (timeline::section(report, clock, &quotes))
            (map::section(report, clock))
            (causes)
            (verdict::next(report))
            (panels::section(report, clock, &quotes))
            (messages::section(report, clock, &quotes))
            (inputs::changes(report, clock, &quotes))
            (inputs::read(report, clock))
        }
        footer { p { "Mainstay investigation report, form " (report.version) ". All times are UTC." } }
    };
    document(report, &body).into_string()
}

fn document(report: &Report, body: &Markup) -> Markup {
    let policy = format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (words::verdict(report).0) " · Mainstay" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (body)
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// As a policy names a text (Content Security Policy Level 3, section 2.3.1).
fn digest(text: &str) -> String {
    format!("sha256-{}", BASE64_STANDARD.encode(Sha256::digest(text.as_bytes())))
}
