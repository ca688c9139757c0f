//! Watch: probes every check, decides states, keeps history.
