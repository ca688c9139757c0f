//! Stack traces and other messages of several lines: which line goes on with the record before it.

use serde::Serialize;

/// Whose stack trace it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// The Java virtual machine, and what writes like it: .NET and JavaScript say `at`, too.
    Java,
    /// JavaScript in Node.
    Node,
    /// Python.
    Python,
    /// Go.
    Go,
    /// Rust.
    Rust,
}

/// What a line is to the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It begins a record.
    Head,
    /// It goes on.
    Continuation,
    /// It is empty and between records.
    Nothing,
}

/// What is known of the record that is open.
#[derive(Debug, Default, Clone, Copy)]
pub struct Open {
    /// Whether its first line had a timestamp of its own.
    pub stamped: bool,
    /// Whether it is an error.
    pub severe: bool,
    /// Lines so far.
    pub lines: u32,
}

/// Lines of one record.
const MOST_LINES: u32 = 2_000;

/// Follows the lines of one source.
#[derive(Debug, Default)]
pub struct Joiner {
    runtime: Option<Runtime>,
    /// In a trace of Python: the last line was indented, so that the next one that is not is the exception itself.
    indented: bool,
    /// The next line is the cause.
    cause_next: bool,
    /// In a trace of Go: goroutines have begun, so that what is no call does not go on.
    frames: bool,
}

impl Joiner {
    /// The stack trace that the open record has, as far as it was seen.
    pub fn runtime(&self) -> Option<Runtime> {
        self.runtime
    }

    /// Judges a line. `own_head` is a timestamp or fields of its own.
    pub fn role(&mut self, text: &[u8], own_head: bool, open: Option<Open>) -> Role {
        let Some(open) = open else { return self.begin(text) };
        let body = text.trim_ascii_start();
        if body.is_empty() {
            let within = matches!(self.runtime, Some(Runtime::Go | Runtime::Python)) && !own_head;
            return if within { Role::Continuation } else { Role::Nothing };
        }
        if open.lines >= MOST_LINES {
            return self.begin(text);
        }
        let is_indented = body.len() < text.len();
        if frame(body, is_indented) || link(body) {
            self.note(body, is_indented);
            return Role::Continuation;
        }
        if own_head {
            return self.begin(text);
        }
        if opens(body).is_some() {
            // A trace of Python follows the message it was logged with, and goroutines follow their panic; a panic is new.
            let belongs = body.starts_with(b"Traceback") && (open.stamped || open.severe)
                || body.starts_with(b"goroutine ") && self.runtime == Some(Runtime::Go);
            if !belongs {
                return self.begin(text);
            }
            self.note(body, is_indented);
            return Role::Continuation;
        }
        let goes_on = is_indented
            || self.cause_next
            || open.stamped
            || self.runtime == Some(Runtime::Go)
                && (!self.frames || body.ends_with(b")") || body.starts_with(b"exit status"))
            || self.runtime == Some(Runtime::Python) && self.indented;
        if !goes_on {
            return self.begin(text);
        }
        self.note(body, is_indented);
        Role::Continuation
    }

    /// Whether this line of the open record names what went wrong: call after `role`.
    pub fn is_cause(&self, text: &[u8], was_indented: bool, was_next: bool) -> bool {
        let body = text.trim_ascii_start();
        was_next
            || body.starts_with(b"Caused by: ")
            || body.starts_with(b"panic: ")
            || self.runtime == Some(Runtime::Python) && was_indented && body.len() == text.len() && !link(body)
            || self.runtime.is_none() && exception(body)
    }

    /// The two marks that `is_cause` needs, from before `role`.
    pub fn marks(&self) -> (bool, bool) {
        (self.indented, self.cause_next)
    }

    fn begin(&mut self, text: &[u8]) -> Role {
        *self = Self {
            runtime: opens(text),
            indented: false,
            frames: text.starts_with(b"goroutine "),
            cause_next: text.starts_with(b"thread '") && opens(text).is_some(),
        };
        if text.trim_ascii().is_empty() {
            Role::Nothing
        } else {
            Role::Head
        }
    }

    fn note(&mut self, body: &[u8], indented: bool) {
        if let Some(runtime) = opens(body) {
            self.runtime = Some(runtime);
        } else if self.runtime.is_none() && body.starts_with(b"at ") {
            let node = memchr::memmem::find(body, b".js:").is_some()
                || memchr::memmem::find(body, b"node:").is_some()
                || memchr::memmem::find(body, b".ts:").is_some();
            self.runtime = Some(if node { Runtime::Node } else { Runtime::Java });
        }
        self.indented = indented;
        self.frames |= body.starts_with(b"goroutine ");
        self.cause_next = body.starts_with(b"thread '") && opens(body).is_some();
    }
}

/// What opens a stack trace.
fn opens(body: &[u8]) -> Option<Runtime> {
    let starts = |head: &[u8]| body.starts_with(head);
    if starts(b"Traceback (most recent call last)") {
        return Some(Runtime::Python);
    }
    if starts(b"panic: ") || starts(b"goroutine ") && body.ends_with(b":") || starts(b"fatal error: ") {
        return Some(Runtime::Go);
    }
    (starts(b"thread '") && memchr::memmem::find(body, b"' panicked at").is_some()
        || starts(b"thread '") && memchr::memmem::find(body, b") panicked at").is_some())
    .then_some(Runtime::Rust)
}

/// A line of a stack, by how it begins.
fn frame(body: &[u8], indented: bool) -> bool {
    let starts = |head: &[u8]| body.starts_with(head);
    let digits = body.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let counted = digits > 0 && body[digits..].starts_with(b": ");
    let more = starts(b"... ") && body.ends_with(b" more");
    starts(b"at ") && indented
        || starts(b"at ") && memchr::memchr(b'(', body).is_some() && body.ends_with(b")")
        || more
        || indented && (counted || starts(b"File \"") || starts(b"^") || starts(b"~") || starts(b"| "))
        || indented && starts(b"/") && memchr::memmem::find(body, b" +0x").is_some()
}

/// A line that joins two parts of a trace.
fn link(body: &[u8]) -> bool {
    let starts = |head: &[u8]| body.starts_with(head);
    starts(b"Caused by: ")
        || starts(b"Suppressed: ")
        || starts(b"stack backtrace:")
        || starts(b"note: run with `RUST_BACKTRACE")
        || starts(b"note: Some details are omitted")
        || starts(b"created by ")
        || starts(b"The above exception was the direct cause")
        || starts(b"During handling of the above exception")
        || starts(b"[signal SIG")
}

/// `some.package.SomeException: words`, or without the words.
fn exception(body: &[u8]) -> bool {
    let end = memchr::memchr(b':', body).unwrap_or(body.len());
    let name = &body[..end];
    (name.ends_with(b"Exception") || name.ends_with(b"Error"))
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'))
}
