//! Grouping accuracy on labelled logs that are not in the repository.
//!
//! Built with `LOGHUB` set to a folder of labelled logs with corrected ground truth (one folder for each system) the test runs
//! on it; without, it says that it was skipped. `bench/templates/run.py` measures more, beside a peer.

use std::{collections::HashMap, fs, path::Path};

use mainstay_evidence::logs::template::{Miner, MinerLimits};

/// The rows of a file of comma-separated values (RFC 4180).
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut field)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            letter => field.push(letter),
        }
    }
    if !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// Share of lines whose group has exactly the lines of a true group, and the F1 of groups.
fn accuracy(truth: &[&str], found: &[usize]) -> (f64, f64) {
    let (mut true_lines, mut found_lines) = (HashMap::<&str, Vec<usize>>::new(), HashMap::<usize, Vec<usize>>::new());
    for (line, (text, group)) in truth.iter().zip(found).enumerate() {
        true_lines.entry(text).or_default().push(line);
        found_lines.entry(*group).or_default().push(line);
    }
    let right: Vec<usize> = found_lines
        .values()
        .filter(|lines| true_lines[truth[lines[0]]] == **lines)
        .map(Vec::len)
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand lines")]
    let share = |part: usize, whole: usize| part as f64 / whole as f64;
    (
        share(right.iter().sum(), truth.len()),
        share(2 * right.len(), true_lines.len() + found_lines.len()),
    )
}

#[test]
fn labelled_logs_are_grouped_as_labelled() {
    let Some(folder) = option_env!("LOGHUB").map(Path::new).filter(|folder| folder.is_dir()) else {
        println!("skipped: build with LOGHUB=FOLDER to run this on labelled logs");
        return;
    };
    let mut results = Vec::new();
    for system in fs::read_dir(folder).expect("a folder") {
        let system = system.expect("a folder").path();
        let name = system.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(system.join(format!("{name}_2k.log_structured_corrected.csv"))).expect("labels");
        let rows = rows(&text);
        let column = |wanted: &str| rows[0].iter().position(|name| name == wanted).expect("a column");
        let (content, template) = (column("Content"), column("EventTemplate"));
        let mut miner = Miner::<()>::new(MinerLimits::default());
        let ids: Vec<_> = rows[1..]
            .iter()
            .map(|row| miner.add(row[content].as_bytes()).0)
            .collect();
        let templates = miner.finish();
        let found: Vec<usize> = ids.into_iter().map(|id| templates.place(id)).collect();
        let truth: Vec<&str> = rows[1..].iter().map(|row| row[template].as_str()).collect();
        let (grouping, groups) = accuracy(&truth, &found);
        println!("{name}: GA {grouping:.3}, FGA {groups:.3}");
        results.push((grouping, groups));
    }
    #[expect(clippy::cast_precision_loss, reason = "a few systems")]
    let number = results.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| results.iter().map(pick).sum::<f64>() / number;
    assert!(
        mean(|result| result.0) >= 0.92 && mean(|result| result.1) >= 0.91,
        "{results:?}"
    );
}
