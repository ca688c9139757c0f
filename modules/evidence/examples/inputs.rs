//! Prints what each stream of the paths given is taken for, and what was not read: `inputs PATH...`.

use std::{cell::Cell, env::args, io, path::PathBuf, time::Instant};

use mainstay_evidence::input::{InputLimits, Inputs};

fn main() {
    let paths: Vec<PathBuf> = args().skip(1).map(PathBuf::from).collect();
    let inputs = Inputs::gather(&paths, InputLimits::default());
    let (reports, started) = (Cell::new(0), Instant::now());
    inputs.visit_all(&|_| reports.set(reports.get() + 1), &mut |mut input| {
        let bytes = io::copy(&mut input, &mut io::sink()).unwrap_or(0);
        let member = input.origin.member.as_deref().unwrap_or("");
        let recognised = &input.recognised;
        println!(
            "{} {member} [{}] {bytes} bytes: {:?}, {} ({}): {}",
            input.origin.file,
            input.relative,
            recognised.kind,
            recognised.format,
            recognised.certainty,
            recognised.reason
        );
    });
    let (notes, more) = inputs.notes();
    for note in &notes {
        println!(
            "note {} {}: {}",
            note.origin.file,
            note.origin.member.as_deref().unwrap_or(""),
            note.trouble
        );
    }
    println!(
        "{more} more notes, {} reports of progress, {:?}",
        reports.get(),
        started.elapsed()
    );
}
