//! A statement: one SQL text for both databases, and the values bound to it.

use std::borrow::Cow;

use jiff::Timestamp;
use mainstay_kernel::{Environment, TypedId, to_micros};
use uuid::Uuid;

/// A value bound to a statement. `None` inside is SQL `NULL` of that type.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `BOOLEAN`
    Bool(Option<bool>),
    /// `BIGINT`
    Int(Option<i64>),
    /// `DOUBLE PRECISION`
    Float(Option<f64>),
    /// `TEXT`
    Text(Option<String>),
    /// `BYTEA`
    Bytes(Option<Vec<u8>>),
    /// `UUID`
    Uuid(Option<Uuid>),
}

/// What can be bound to a statement.
pub trait Bind {
    /// The value as stored.
    fn into_value(self) -> Value;
}

macro_rules! bind {
    ($($type:ty => |$value:ident| $variant:ident($stored:expr);)+) => {$(
        impl Bind for $type {
            fn into_value(self) -> Value {
                let $value = self;
                Value::$variant(Some($stored))
            }
        }
        impl Bind for Option<$type> {
            fn into_value(self) -> Value {
                Value::$variant(self.map(|$value| $stored))
            }
        }
    )+};
}

bind! {
    bool => |value| Bool(value);
    i64 => |value| Int(value);
    i32 => |value| Int(i64::from(value));
    u32 => |value| Int(i64::from(value));
    u16 => |value| Int(i64::from(value));
    f64 => |value| Float(value);
    String => |value| Text(value);
    &str => |value| Text(value.to_owned());
    &String => |value| Text(value.clone());
    Vec<u8> => |value| Bytes(value);
    &[u8] => |value| Bytes(value.to_owned());
    Uuid => |value| Uuid(value);
    Timestamp => |value| Int(to_micros(value));
    &Environment => |value| Text(value.as_str().to_owned());
}

impl Bind for Value {
    fn into_value(self) -> Value {
        self
    }
}

impl Value {
    /// Whether it is SQL `NULL`.
    pub fn is_null(&self) -> bool {
        matches!(
            self,
            Self::Bool(None)
                | Self::Int(None)
                | Self::Float(None)
                | Self::Text(None)
                | Self::Bytes(None)
                | Self::Uuid(None)
        )
    }

    /// The value of a typed identifier.
    pub fn id<T: TypedId>(id: T) -> Self {
        Self::Uuid(Some(id.as_uuid()))
    }
}

/// One SQL statement with its bound values.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub(crate) text: Cow<'static, str>,
    pub(crate) values: Vec<Value>,
    /// Whether connections keep it prepared although its text was put together at run time. Such texts are few but
    /// many-shaped, and keeping each would grow the cache; those known at compile time are always kept.
    pub(crate) kept: bool,
    /// Whether it need not be repeated within one transaction.
    pub(crate) once: bool,
}

/// A statement whose text is known at compile time, the ordinary case.
pub fn sql(text: &'static str) -> Statement {
    Statement {
        text: Cow::Borrowed(text),
        values: Vec::new(),
        kept: false,
        once: false,
    }
}

/// A statement whose text was put together from parts, all of them written in the code: never from input.
pub fn sql_owned(text: String) -> Statement {
    Statement {
        text: Cow::Owned(text),
        values: Vec::new(),
        kept: false,
        once: false,
    }
}

impl Statement {
    /// Keeps the statement prepared although its text was put together: for one that is run again and again as it is.
    #[must_use]
    pub fn kept(mut self) -> Self {
        self.kept = true;
        self
    }

    /// Says that it does the same when it runs once instead of several times in a transaction, as a notification does.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.once = true;
        self
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl Bind) -> Self {
        self.values.push(value.into_value());
        self
    }

    /// Binds a typed identifier as the next parameter.
    #[must_use]
    pub fn id<T: TypedId>(mut self, id: T) -> Self {
        self.values.push(Value::id(id));
        self
    }

    /// Binds an optional typed identifier as the next parameter.
    #[must_use]
    pub fn optional_id<T: TypedId>(mut self, id: Option<T>) -> Self {
        self.values.push(Value::Uuid(id.map(TypedId::as_uuid)));
        self
    }

    /// The SQL text, for logs and tests.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is bound, in order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The same values under another text, for a simulation that says in its own way what the database does not know.
    #[must_use]
    pub fn with_text(mut self, text: String) -> Self {
        self.text = Cow::Owned(text);
        self
    }
}

/// Turns a [`Statement`] into a driver's query; a macro because the two drivers' query types share no trait.
macro_rules! query {
    ($statement:expr) => {{
        let $crate::Statement { text, values, kept, .. } = $statement;
        let mut query = match text {
            std::borrow::Cow::Borrowed(text) => sqlx::query(text),
            std::borrow::Cow::Owned(text) => sqlx::query(sqlx::AssertSqlSafe(text)).persistent(kept),
        };
        for value in values {
            query = match value {
                $crate::Value::Bool(value) => query.bind(value),
                $crate::Value::Int(value) => query.bind(value),
                $crate::Value::Float(value) => query.bind(value),
                $crate::Value::Text(value) => query.bind(value),
                $crate::Value::Bytes(value) => query.bind(value),
                $crate::Value::Uuid(value) => query.bind(value),
            };
        }
        query
    }};
}
pub(crate) use query;
