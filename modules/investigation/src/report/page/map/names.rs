//! Names cut to the room there is, so that what tells them apart stays.

use crate::report::{Component, words};

/// The last word of a name that most share, such as "-service": it tells nothing apart.
pub fn common_ending(components: &[Component]) -> Option<String> {
    let ending = |component: &Component| {
        component
            .name
            .rfind(['-', '.', '_'])
            .map(|start| component.name[start..].to_owned())
    };
    let mut endings: Vec<String> = components.iter().filter_map(ending).collect();
    endings.sort_unstable();
    let most = endings
        .chunk_by(|one, other| one == other)
        .max_by_key(|same| same.len())?;
    (most.len() * 2 > components.len()).then(|| most[0].clone())
}

/// A text cut to so many letters of usual width: in the middle, or before an ending that tells nothing apart.
pub fn fitted(text: &str, room: f64, ending: Option<&str>) -> String {
    let wide = |text: &str| -> f64 {
        text.chars()
            .map(|letter| match letter {
                'i' | 'l' | 'j' | 't' | 'f' | 'r' | '-' | '.' | ',' | '1' | ' ' => 0.65,
                'm' | 'w' | 'M' | 'W' => 1.4,
                _ if letter.is_ascii() => 1.0,
                // Signs of other scripts may be twice as wide.
                _ => 1.8,
            })
            .sum()
    };
    if wide(text) <= room {
        return text.to_owned();
    }
    let stem = ending.and_then(|ending| text.strip_suffix(ending)).unwrap_or(text);
    if stem.len() < text.len() && wide(stem) + 1.0 <= room {
        return format!("{stem}…");
    }
    if stem.len() < text.len() {
        let mut head = String::new();
        for letter in stem.chars() {
            head.push(letter);
            if wide(&head) + 1.0 > room {
                head.pop();
                break;
            }
        }
        return head + "…";
    }
    let most = (1..=text.chars().count())
        .take_while(|most| wide(&words::cut(text, *most)) <= room)
        .last();
    words::cut(text, most.unwrap_or(1)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_part_that_tells_them_apart() {
        assert_eq!(
            fitted("ts-travel2-service", 17.0, Some("-service")),
            "ts-travel2-service"
        );
        assert_eq!(fitted("ts-travel2-service", 12.0, Some("-service")), "ts-travel2…");
        assert_eq!(
            fitted("ts-station-food-mapping-service", 12.0, Some("-service")),
            "ts-station-fo…"
        );
        assert_eq!(fitted("recommendationservice", 15.0, None), "recommend…vice");
    }
}
