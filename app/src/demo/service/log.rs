//! JSON lines on standard output, one per event, as a log shipper would want them.
//!
//! Only the code that met a failure writes about it; nothing here or elsewhere announces that one was arranged.

use std::{
    io::{self, Write},
    sync::Mutex,
};

use mainstay_kernel::World;
use serde_json::{Map, Value};

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Ordinary work.
    Info,
    /// Something is wrong that the service lives with.
    Warn,
    /// A request or a duty failed.
    Error,
    /// The process cannot go on.
    Fatal,
}

impl Level {
    fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Fatal => "fatal",
        }
    }
}

/// Writes the lines of one service.
#[derive(Debug)]
pub struct Log {
    service: String,
    world: World,
    // One line is one write, so that lines of two threads never mix.
    out: Mutex<io::Stdout>,
}

impl Log {
    /// The log of `service`.
    pub fn new(service: &str, world: World) -> Self {
        Self {
            service: service.to_owned(),
            world,
            out: Mutex::new(io::stdout()),
        }
    }

    /// Writes a line; `fields` must be a JSON object and follow the fixed fields.
    pub fn line(&self, level: Level, message: &str, fields: Value) {
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), format!("{:.6}", self.world.now()).into());
        line.insert("level".to_owned(), level.as_str().into());
        line.insert("service".to_owned(), self.service.clone().into());
        line.insert("message".to_owned(), message.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let text = format!("{}\n", Value::Object(line));
        let mut out = self.out.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A log that cannot be written must not stop the service it describes.
        let _lost_when_full = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// A line about ordinary work.
    pub fn info(&self, message: &str, fields: Value) {
        self.line(Level::Info, message, fields);
    }

    /// A line about something the service lives with.
    pub fn warn(&self, message: &str, fields: Value) {
        self.line(Level::Warn, message, fields);
    }

    /// A line about work that failed.
    pub fn error(&self, message: &str, fields: Value) {
        self.line(Level::Error, message, fields);
    }
}
