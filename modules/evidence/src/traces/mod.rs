//! Traces: exported spans become visits and facts. Knows nothing of logs but what they attach to a span, and decides no cause.

pub mod facts;
pub mod id;
pub mod read;
pub mod span;
pub mod store;
pub mod visits;

pub use id::{SpanId, TraceId};
pub use span::{Outcome, Place, Span, SpanKind};
pub use store::{SpanLimits, SpanStore, Traces};
pub use visits::{LogEvent, Visits};
