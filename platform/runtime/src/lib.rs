//! Owns every background task: named, supervised, cancellable, with a visible status.
