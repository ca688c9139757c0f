//! Names: one list of components from what metrics, spans, messages and files call them. The same name in other letters or with
//! other signs between them is the same component.

use std::collections::HashMap;

/// The components, each with one place.
#[derive(Debug, Default)]
pub struct Names {
    names: Vec<String>,
    places: HashMap<String, u32>,
}

impl Names {
    /// The place of a name; it is added when it is new. None for a name that says nothing.
    pub fn add(&mut self, name: &str) -> Option<u32> {
        let plain = plain(name)?;
        if let Some(&known) = self.places.get(&plain) {
            return Some(known);
        }
        let place = u32::try_from(self.names.len()).ok()?;
        self.names.push(name.trim().to_owned());
        self.places.insert(plain, place);
        Some(place)
    }

    /// The place of a name that is known.
    pub fn find(&self, name: &str) -> Option<u32> {
        self.places.get(&plain(name)?).copied()
    }

    /// All names, by their places.
    pub fn all(&self) -> &[String] {
        &self.names
    }

    /// The name of a place.
    pub fn name(&self, place: u32) -> &str {
        self.names.get(place as usize).map_or("", String::as_str)
    }
}

fn plain(name: &str) -> Option<String> {
    let letters = name
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, '/' | ':' | '.'));
    let plain: String = letters.flat_map(char::to_lowercase).collect();
    (!plain.is_empty()).then_some(plain)
}
