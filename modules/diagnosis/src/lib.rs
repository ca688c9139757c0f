//! Diagnosis: ranks the components of a system by how likely each is the cause of what was noticed, or says "none".
//!
//! A pure library: facts as numbers in, a ranking out. It reads no file, knows no format, no network, no database and no clock,
//! and no component, instance or fault by name. What it does and why is told in `docs/adr/0013-ranked-causes.md`; each file
//! here owns one part of it.
//!
//! Facts ([`System`], [`Question`]) become scores with a witness each ([`features`]), scores become evidence in channels of one
//! mechanism each, and one model with one table of weights makes probabilities of them ([`model`]). [`rank`] does all of it.

mod bounds;
pub mod features;
mod graph;
mod incidents;
pub mod model;
mod question;
mod ranking;
mod statistics;
mod system;
mod windows;

pub use graph::Graph;
pub use question::{Hypothesis, Incident, Question, Symptom, SymptomKind, When};
pub use ranking::{
    Cause, Contradiction, Modality, NextQuestion, OnsetEstimate, Prepared, Ranking, Rival, Share, Support, rank,
};
pub use system::{
    Answer, Attempt, Change, Component, Event, LogTemplate, Operation, Role, Samples, Series, Side, Subject, System,
    Visit, VisitEvent, is_address,
};
