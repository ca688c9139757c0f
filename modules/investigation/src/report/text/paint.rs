//! Lines of a terminal: broken at words, indented, and coloured when that is wanted.

use crate::report::words;

/// How the text is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether there are colours (SGR, ECMA-48 section 8.3.117).
    pub colour: bool,
    /// Columns of the terminal; at least 40 are used.
    pub width: u16,
}

/// The fewest columns in which a line still says something.
const NARROWEST: usize = 40;
/// Columns of the two times before a moment.
const TIME: usize = 9;
const OFFSET: usize = 14;

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const BOLD_RED: &str = "1;31";
const GREEN: &str = "32";
const CYAN: &str = "36";

/// What has been written.
pub struct Sheet {
    style: Style,
    width: usize,
    text: String,
}

impl Sheet {
    /// An empty one.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            width: usize::from(style.width).max(NARROWEST),
            text: String::new(),
        }
    }

    /// Everything that was written.
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line.
    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// The answer.
    pub fn headline(&mut self, text: &str, found: bool) {
        self.wrapped("", 0, text, if found { BOLD_RED } else { BOLD });
    }

    /// The name of a section, after an empty line.
    pub fn heading(&mut self, text: &str) {
        self.blank();
        self.wrapped("", 0, text, BOLD);
    }

    /// Plain text.
    pub fn paragraph(&mut self, indent: usize, text: &str) {
        self.wrapped("", indent, text, "");
    }

    /// Text that matters less.
    pub fn faint(&mut self, indent: usize, text: &str) {
        self.wrapped("", indent, text, DIM);
    }

    /// A word and what it is about.
    pub fn labelled(&mut self, label: &str, text: &str) {
        let label = self.painted(&format!("{label:<9}"), DIM);
        self.wrapped(&label, 9, text, "");
    }

    /// A time, its distance from the onset, and what happened.
    pub fn row(&mut self, time: &str, offset: &str, text: &str) {
        // A long one is parted from what follows all the same.
        let parted = |text: &str, width: usize| format!("{:<width$}", format!("{text} "));
        let time = format!("  {}", parted(time, TIME));
        let offset = if offset.is_empty() {
            String::new()
        } else {
            parted(offset, OFFSET)
        };
        let indent = time.chars().count() + offset.chars().count();
        if indent + NARROWEST > self.width {
            let before = format!("{time} {}", self.painted(offset.trim_end(), DIM));
            self.line(0, before.trim_end());
            self.wrapped("", 4, text, "");
            return;
        }
        let before = time + &self.painted(&offset, DIM);
        self.wrapped(&before, indent, text, "");
    }

    /// A fact, marked by the side it is on.
    pub fn fact(&mut self, supporting: bool, text: &str) {
        let mark = if supporting {
            self.painted("+", RED)
        } else {
            self.painted("−", GREEN)
        };
        self.wrapped(&format!("  {mark} "), 4, text, "");
    }

    /// Where a passage stands. Never broken, so that a terminal can open it.
    pub fn place(&mut self, indent: usize, place: &str) {
        let line = self.painted(place, CYAN);
        self.line(indent, &line);
    }

    /// A line of a passage.
    pub fn quoted(&mut self, indent: usize, text: &str) {
        let bar = self.painted("│ ", DIM);
        let room = self.width.saturating_sub(indent + 2).max(20);
        let characters: Vec<char> = text.chars().collect();
        // A passage is not broken at words: it is verbatim.
        for part in characters.chunks(room).take(6) {
            let part: String = part.iter().collect();
            self.line(indent, &format!("{bar}{part}"));
        }
        if characters.len() > 6 * room {
            self.line(indent, &format!("{bar}…"));
        }
        if characters.is_empty() {
            self.line(indent, bar.trim_end());
        }
    }

    /// A name, its share and a bar of blocks.
    pub fn bar(&mut self, name: &str, share: f64, columns: usize, first: bool, note: &str) {
        let columns = columns.min(self.width / 3);
        let room = self
            .width
            .saturating_sub(columns + 10 + note.chars().count())
            .clamp(12, 40);
        let name = words::cut(name, room);
        let name = format!("{name:<room$}");
        let name = if first { self.painted(&name, BOLD) } else { name };
        let bar = self.painted(&blocks(share, columns), if first { RED } else { DIM });
        let note = self.painted(note, DIM);
        let line = format!("{name} {:>6} {bar} {note}", words::percent(share));
        self.line(0, line.trim_end());
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.text.extend(std::iter::repeat_n(' ', indent));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn painted(&self, text: &str, colour: &str) -> String {
        if self.style.colour && !colour.is_empty() && !text.is_empty() {
            format!("\u{1b}[{colour}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Words on as many lines as they need; `before` stands on the first and is `indent` columns wide, or nothing.
    fn wrapped(&mut self, before: &str, indent: usize, text: &str, colour: &str) {
        let room = self.width.saturating_sub(indent).max(20);
        let mut lines: Vec<String> = vec![String::new()];
        let mut length = 0;
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let wide = word.chars().count();
            if length > 0 && length + 1 + wide > room {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                if length > 0 {
                    line.push(' ');
                    length += 1;
                }
                line.push_str(word);
                length += wide;
            }
        }
        for (place, line) in lines.iter().enumerate() {
            // What was kept together has been.
            let line = self.painted(&line.replace('\u{a0}', " "), colour);
            if place == 0 && !before.is_empty() {
                self.line(0, &format!("{before}{line}"));
            } else {
                self.line(indent, &line);
            }
        }
    }
}

/// A bar of so many columns at most, in eighths of a column (Unicode block elements).
fn blocks(share: f64, columns: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a few columns"
    )]
    let eighths = (share.clamp(0.0, 1.0) * (columns * 8) as f64).round() as usize;
    // What is not impossible is not drawn as nothing.
    let eighths = if share > 0.0 { eighths.max(1) } else { eighths };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}
