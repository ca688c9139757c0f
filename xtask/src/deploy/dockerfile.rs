//! The Dockerfile, instruction by instruction.

/// One instruction with its continuation lines joined.
struct Instruction {
    line: usize,
    word: String,
    rest: String,
}

/// What is broken in a Dockerfile, as `path:line: message`. `exists` tells whether a path of the repository is there.
pub fn check(text: &str, exists: &dyn Fn(&str) -> bool) -> Vec<String> {
    let instructions = instructions(text);
    let last = instructions
        .iter()
        .rposition(|instruction| instruction.word == "FROM")
        .unwrap_or(0);
    let mut broken = sources(&instructions, exists);
    broken.extend(last_stage(&instructions[last..]));
    let is_static =
        |instruction: &Instruction| instruction.rest.contains("+crt-static") || instruction.rest.contains("-musl");
    if !instructions.iter().any(is_static) {
        broken.push((
            0,
            "nothing makes the binary static, and scratch has no libraries".to_owned(),
        ));
    }
    broken
        .into_iter()
        .map(|(line, message)| format!("deploy/Dockerfile:{line}: {message}"))
        .collect()
}

/// Where the stages come from, and what is copied into them.
fn sources(instructions: &[Instruction], exists: &dyn Fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut broken = Vec::new();
    let mut stages: Vec<String> = Vec::new();
    for instruction in instructions {
        let line = instruction.line;
        match instruction.word.as_str() {
            "FROM" => {
                let words: Vec<&str> = instruction.rest.split_whitespace().collect();
                let image = words.first().copied().unwrap_or_default();
                let is_stage = stages.iter().any(|stage| stage == image);
                if image != "scratch" && !is_stage && (!image.contains(':') || image.ends_with(":latest")) {
                    broken.push((line, format!("{image} names no version")));
                }
                stages.push(
                    words
                        .get(2)
                        .map_or_else(|| stages.len().to_string(), |name| (*name).to_owned()),
                );
            }
            "ADD" => broken.push((line, "ADD fetches and unpacks; COPY says what it does".to_owned())),
            "COPY" => {
                let from = instruction
                    .rest
                    .split_whitespace()
                    .find_map(|word| word.strip_prefix("--from="));
                if let Some(from) = from {
                    if !stages.iter().any(|stage| stage == from) {
                        broken.push((line, format!("copies from {from}, which is no earlier stage")));
                    }
                    continue;
                }
                let words = instruction
                    .rest
                    .split_whitespace()
                    .filter(|word| !word.starts_with("--"));
                let mut paths: Vec<&str> = words.collect();
                paths.pop();
                for path in paths.iter().filter(|path| !exists(path.trim_end_matches('/'))) {
                    broken.push((line, format!("copies {path}, which is not in the repository")));
                }
            }
            _ => {}
        }
    }
    broken
}

/// What the image itself is.
fn last_stage(stage: &[Instruction]) -> Vec<(usize, String)> {
    let mut broken = Vec::new();
    let find = |word: &str| stage.iter().rfind(|instruction| instruction.word == word);
    if find("FROM").is_none_or(|from| !from.rest.starts_with("scratch")) {
        broken.push((
            0,
            "the last stage is not FROM scratch, so it may hold a shell".to_owned(),
        ));
    }
    if let Some(run) = find("RUN") {
        broken.push((
            run.line,
            "the last stage runs something, which needs a shell".to_owned(),
        ));
    }
    let is_user = |id: &str| id.trim().parse::<u32>().is_ok_and(|id| id > 0);
    match find("USER") {
        None => broken.push((0, "the last stage has no USER, so it runs as root".to_owned())),
        Some(user) if user.rest.split(':').all(is_user) => {}
        Some(user) => broken.push((
            user.line,
            "USER is not a number above 0, so Kubernetes cannot tell that it is not root".to_owned(),
        )),
    }
    match find("HEALTHCHECK") {
        None => broken.push((0, "the last stage has no HEALTHCHECK".to_owned())),
        Some(check)
            if check
                .rest
                .split_once("CMD")
                .is_some_and(|(_, command)| is_exec_form(command.trim())) => {}
        Some(check) => broken.push((
            check.line,
            "HEALTHCHECK is not in the exec form, and there is no shell".to_owned(),
        )),
    }
    match find("ENTRYPOINT") {
        None => broken.push((0, "the last stage has no ENTRYPOINT".to_owned())),
        Some(entry) if is_exec_form(&entry.rest) => {}
        Some(entry) => broken.push((
            entry.line,
            "ENTRYPOINT is not in the exec form, so signals do not arrive".to_owned(),
        )),
    }
    broken
}

fn is_exec_form(text: &str) -> bool {
    serde_json::from_str::<Vec<String>>(text).is_ok_and(|words| !words.is_empty())
}

fn instructions(text: &str) -> Vec<Instruction> {
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut continues = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (body, goes_on) = line
            .strip_suffix('\\')
            .map_or((line, false), |body| (body.trim_end(), true));
        match instructions.last_mut() {
            Some(open) if continues => {
                open.rest.push(' ');
                open.rest.push_str(body);
            }
            _ => {
                let (word, rest) = body.split_once(char::is_whitespace).unwrap_or((body, ""));
                instructions.push(Instruction {
                    line: index + 1,
                    word: word.to_uppercase(),
                    rest: rest.trim().to_owned(),
                });
            }
        }
        continues = goes_on;
    }
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "FROM rust:1.95-bookworm AS build\nCOPY app app\nRUN cargo build \\\n  --config '+crt-static'\nFROM scratch\nCOPY --from=build /mainstay /mainstay\nUSER 10001:10001\nHEALTHCHECK --interval=10s CMD [\"/mainstay\", \"ready\"]\nENTRYPOINT [\"/mainstay\"]\n";

    fn broken(text: &str) -> String {
        check(text, &|path| path == "app").join("\n")
    }

    #[test]
    fn a_good_file_passes() {
        assert_eq!(broken(GOOD), "");
    }

    #[test]
    fn each_promise_is_missed_when_it_is_broken() {
        for (from, to, message) in [
            ("USER 10001:10001", "USER mainstay", "USER is not a number"),
            ("USER 10001:10001", "USER 0", "USER is not a number"),
            ("USER 10001:10001", "", "no USER"),
            (
                "CMD [\"/mainstay\", \"ready\"]",
                "CMD /mainstay ready",
                "not in the exec form",
            ),
            ("ENTRYPOINT [\"/mainstay\"]", "ENTRYPOINT /mainstay", "signals"),
            ("FROM scratch", "FROM debian:12", "may hold a shell"),
            ("rust:1.95-bookworm", "rust", "names no version"),
            ("USER 10001", "RUN true\nUSER 10001", "needs a shell"),
            ("COPY app app", "COPY application app", "not in the repository"),
            ("--from=build", "--from=builder", "no earlier stage"),
            ("+crt-static", "nothing", "static"),
        ] {
            let text = GOOD.replace(from, to);
            assert!(broken(&text).contains(message), "{message} for {text}");
        }
    }
}
