//! The HTTP kit every module serves its API with.
