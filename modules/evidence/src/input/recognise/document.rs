//! Documents of text: differences, manifests, settings.

use super::{FORMED, Head, Kind, LIKELY, MARKED, Recognised};

/// Lines that are looked at.
const LINES: usize = 200;

/// Documents with a mark of their own.
pub(super) fn marked(head: &Head<'_>) -> Option<Recognised> {
    let mut lines = head.lines().take(LINES);
    if head.text.starts_with("<?xml") || head.text.starts_with("<!DOCTYPE") || head.text.starts_with("<html") {
        let reason = "it begins as XML or HTML does, of which nothing is read";
        return Some(Recognised::new(Kind::Junk, "markup", MARKED, reason));
    }
    // Most texts have no such words anywhere, which is found faster than where lines begin.
    let has = |words: &str| memchr::memmem::find(head.text.as_bytes(), words.as_bytes()).is_some();
    if has("diff --git ") && lines.clone().any(|line| line.starts_with("diff --git ")) {
        let reason = "it has a line `diff --git`";
        return Some(Recognised::new(Kind::Changes, "unified diff", MARKED, reason));
    }
    let mut before = "";
    if has("@@ ")
        && lines.any(|line| {
            let is_head = before.starts_with("--- ") && line.starts_with("+++ ");
            before = line;
            is_head
        })
        && head.lines().any(|line| line.starts_with("@@ "))
    {
        let reason = "it has lines `---`, `+++` and `@@`, as a unified difference has";
        return Some(Recognised::new(Kind::Changes, "unified diff", MARKED, reason));
    }
    None
}

/// Settings by their form, their name deciding where the form does not.
pub(super) fn formed(head: &Head<'_>) -> Option<Recognised> {
    let found = |kind, format, certainty, reason: String| Some(Recognised::new(kind, format, certainty, reason));
    let named_docker =
        head.name == "dockerfile" || head.name.starts_with("dockerfile.") || head.name.ends_with(".dockerfile");
    let instructions = instructions(head);
    if named_docker && instructions > 0 || instructions >= 2 {
        return found(
            Kind::Configuration,
            "Dockerfile",
            FORMED,
            format!("it has {instructions} instructions of a Dockerfile and begins with FROM or ARG"),
        );
    }
    let top = |key: &str| {
        head.lines()
            .take(LINES)
            .any(|line| line.strip_prefix(key).is_some_and(|rest| rest.starts_with(':')))
    };
    if top("apiVersion") && top("kind") {
        if head.text.contains("apiVersion: mainstay/") || head.text.contains("apiVersion: backstage.io/") {
            let reason = "it declares services and their dependencies, as a catalog does".to_owned();
            return found(Kind::Topology, "catalog", MARKED, reason);
        }
        if head.text.contains("\ninvolvedObject:") || head.text.contains("\n  involvedObject:") {
            let reason = "its documents have `involvedObject`, as events of Kubernetes do".to_owned();
            return found(Kind::Changes, "Kubernetes events", MARKED, reason);
        }
        let reason = "it has `apiVersion` and `kind` at the left, as manifests of Kubernetes have".to_owned();
        return found(Kind::Configuration, "Kubernetes manifest", MARKED, reason);
    }
    let counts = Counts::of(head);
    let of = |count: usize| format!("{count} of its first {} lines are", counts.lines);
    let mostly = |count: usize| count * 10 >= counts.lines * 8;
    let yaml = counts.keys + counts.items;
    if head.ends_with(&[".yaml", ".yml"]) && yaml > 0 {
        return found(
            Kind::Configuration,
            "YAML",
            FORMED,
            format!("{} keys or items of YAML, and its name ends with .yaml", of(yaml)),
        );
    }
    if head.ends_with(&[".toml"]) && counts.pairs + counts.sections > 0 {
        return found(
            Kind::Configuration,
            "TOML",
            FORMED,
            format!(
                "{} pairs or sections, and its name ends with .toml",
                of(counts.pairs + counts.sections)
            ),
        );
    }
    let environment = head.name == ".env" || head.name.starts_with(".env.") || head.ends_with(&[".env"]);
    if (environment || head.ends_with(&[".properties", ".ini", ".cfg", ".conf", ".cnf"])) && counts.pairs > 0 {
        return found(
            Kind::Configuration,
            "properties",
            FORMED,
            format!(
                "{} pairs of a key and a value, and its name is that of settings",
                of(counts.pairs)
            ),
        );
    }
    if head.ends_with(&[".log", ".out", ".txt"]) || counts.stamped * 4 > counts.lines {
        return None;
    }
    if counts.sections > 0 && mostly(counts.pairs + counts.sections) {
        return found(
            Kind::Configuration,
            "INI or TOML",
            LIKELY,
            format!("{} pairs or sections", of(counts.pairs + counts.sections)),
        );
    }
    if counts.pairs >= 3 && mostly(counts.pairs) {
        return found(
            Kind::Configuration,
            "properties",
            LIKELY,
            format!("{} pairs of a key and a value", of(counts.pairs)),
        );
    }
    if (head.text.starts_with("---") || counts.keys >= 3) && mostly(yaml + counts.rest) && yaml * 2 > counts.lines {
        return found(
            Kind::Configuration,
            "YAML",
            LIKELY,
            format!("{} keys or items of YAML", of(yaml)),
        );
    }
    None
}

/// Instructions at the beginning of lines, if the first of them is one that a Dockerfile may begin with.
fn instructions(head: &Head<'_>) -> usize {
    const KNOWN: [&str; 16] = [
        "FROM",
        "ARG",
        "RUN",
        "CMD",
        "COPY",
        "ADD",
        "ENV",
        "EXPOSE",
        "ENTRYPOINT",
        "WORKDIR",
        "USER",
        "VOLUME",
        "LABEL",
        "HEALTHCHECK",
        "SHELL",
        "STOPSIGNAL",
    ];
    let is_instruction = |line: &&str| line.split_whitespace().next().is_some_and(|word| KNOWN.contains(&word));
    let first = head.lines().find(|line| !line.starts_with('#'));
    if !first.is_some_and(|line| line.starts_with("FROM ") || line.starts_with("ARG ")) {
        return 0;
    }
    head.lines().take(LINES).filter(is_instruction).count()
}

/// Lines of each form.
#[derive(Default)]
struct Counts {
    lines: usize,
    keys: usize,
    items: usize,
    pairs: usize,
    sections: usize,
    stamped: usize,
    /// Indented lines, which go on with what stands above.
    rest: usize,
}

impl Counts {
    fn of(head: &Head<'_>) -> Self {
        let mut counts = Self::default();
        let context = crate::logs::time::TimeContext { reference: 0, zone: 0 };
        for line in head.lines().take(LINES) {
            let text = line.trim();
            if text.starts_with('#') || text.starts_with(';') || text == "---" {
                continue;
            }
            counts.lines += 1;
            let key = |end: usize| {
                let key = text[..end].trim_end();
                !key.is_empty()
                    && key.len() <= 80
                    && key
                        .chars()
                        .all(|character| character.is_alphanumeric() || "_.-/\"'$ ".contains(character))
                    && key.split(' ').count() <= 2
            };
            let colon = text
                .find(':')
                .filter(|at| text[at + 1..].is_empty() || text[at + 1..].starts_with(' '));
            if crate::logs::time::find(line.as_bytes(), &context).is_some() {
                counts.stamped += 1;
            } else if text.starts_with('[') && text.ends_with(']') {
                counts.sections += 1;
            } else if text.starts_with("- ") {
                counts.items += 1;
            } else if text
                .find('=')
                .is_some_and(|at| colon.is_none_or(|colon| at < colon) && key(at))
            {
                counts.pairs += 1;
            } else if colon.is_some_and(key) {
                counts.keys += 1;
            } else if line.starts_with(' ') {
                counts.rest += 1;
            }
        }
        counts
    }
}
