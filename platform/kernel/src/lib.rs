//! Typed ids, clock, entropy, environment, pages and problems: the words every crate shares. No I/O, no async runtime.
