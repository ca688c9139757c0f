//! The small traits through which modules reach infrastructure.
