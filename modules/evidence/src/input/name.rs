//! Names of members, which an archive may choose as it likes.

/// Bytes of a name that are kept.
const LONGEST: usize = 512;

/// A name without a root, without ways up and without what cannot be shown, and whether it was as it is.
pub(super) fn sanitised(raw: &[u8], number: u64) -> (String, bool) {
    let text = String::from_utf8_lossy(raw);
    let mut name = String::new();
    for part in text.split(['/', '\\']) {
        let is_drive = part.len() == 2 && part.ends_with(':');
        if part.is_empty() || part == "." || part == ".." || is_drive {
            continue;
        }
        if !name.is_empty() {
            name.push('/');
        }
        name.extend(part.chars().map(|character| {
            if character.is_control() {
                char::REPLACEMENT_CHARACTER
            } else {
                character
            }
        }));
    }
    if name.len() > LONGEST {
        // The end of a name says more than its beginning.
        let from = name.ceil_char_boundary(name.len() - LONGEST);
        name.drain(..from);
    }
    if name.is_empty() {
        name = format!("member {number}");
    }
    // What tar writes of a folder that was packed as `.` is no attempt at anything.
    let kept = name.as_bytes() == raw.strip_prefix(b"./").unwrap_or(raw);
    (name, kept)
}

/// Whether a file or one of its folders is hidden. `.env` files are configuration, and hidden by custom only.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/')
        .any(|part| part.starts_with('.') && !is_environment(part) || part == "__MACOSX")
}

fn is_environment(part: &str) -> bool {
    part == ".env" || part.starts_with(".env.")
}

/// The last part of a path.
pub(super) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_members_name_stays_inside_its_archive() {
        for (raw, name, kept) in [
            ("logs/app.log", "logs/app.log", true),
            ("./logs/app.log", "logs/app.log", true),
            ("/etc/passwd", "etc/passwd", false),
            ("../../x", "x", false),
            ("a/../b", "a/b", false),
            ("C:\\logs\\a.log", "logs/a.log", false),
            ("a\nb", "a\u{fffd}b", false),
            ("..", "member 7", false),
        ] {
            assert_eq!(sanitised(raw.as_bytes(), 7), (name.to_owned(), kept), "{raw}");
        }
        assert!(sanitised("ä".repeat(600).as_bytes(), 1).0.len() <= LONGEST);
    }

    #[test]
    fn settings_are_not_hidden() {
        assert!(is_hidden(".git/config") && is_hidden("a/.cache") && is_hidden("__MACOSX/a"));
        assert!(!is_hidden(".env") && !is_hidden("shop/.env.production") && !is_hidden("a/b.log"));
    }
}
