//! Know: which services exist, who owns them, what they depend on, and where each fact came from.
