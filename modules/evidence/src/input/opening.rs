//! Opening a stream: layers of compression and archives are taken off until content is left.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
    sync::atomic::Ordering,
};

use super::{
    compression::{Compression, Counted},
    content::Content,
    name::{is_hidden, last, sanitised},
    note::Trouble,
    recognise::recognise,
    tarball,
    visit::{Input, Inputs},
    walk::FoundFile,
    zipped,
};
use crate::source::Origin;

/// Layers of compression around one content. Nobody packs twice on purpose.
const MOST_LAYERS: u32 = 2;
/// Between the name of an archive and that of a member, where one is in the other, as in the addresses of Java archives.
const INSIDE: &str = "!/";

/// Where a stream stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    file: String,
    /// Names of members, outermost first, joined.
    member: Option<String>,
    relative: String,
    /// Whether the file was named itself.
    named: bool,
    archives: u32,
    layers: u32,
    /// The name without compression, when that was taken off: the content is a member if it is no archive.
    stem: Option<String>,
}

impl Place {
    pub fn of(file: &FoundFile) -> Self {
        Self {
            file: file.name.clone(),
            member: None,
            relative: file.relative.clone(),
            named: file.named,
            archives: 0,
            layers: 0,
            stem: None,
        }
    }

    pub fn origin(&self) -> Origin {
        Origin {
            file: self.file.clone(),
            member: self.member.clone(),
        }
    }

    fn decompressed(&self) -> Self {
        let name = self
            .stem
            .as_deref()
            .unwrap_or(last(self.member.as_deref().unwrap_or(&self.file)));
        Self {
            stem: Some(Compression::stem(name)),
            layers: self.layers + 1,
            ..self.clone()
        }
    }

    fn member(&self, name: &str) -> Self {
        // An archive that was named itself is like a folder that was named: what counts is the path inside.
        let named = self.archives == 0 && self.named;
        Self {
            file: self.file.clone(),
            member: Some(joined(self.member.as_deref(), name)),
            relative: if named {
                name.to_owned()
            } else {
                joined(Some(&self.relative), name)
            },
            named: self.named,
            archives: self.archives + 1,
            layers: 0,
            stem: None,
        }
    }

    /// The content was compressed and is no archive: it is the only member of its file.
    fn settled(mut self) -> Self {
        if let Some(stem) = self.stem.take() {
            let folder = self.relative.len() - last(&self.relative).len();
            self.relative.truncate(folder);
            self.relative.push_str(&stem);
            self.member = Some(joined(self.member.as_deref(), &stem));
        }
        self
    }
}

fn joined(outer: Option<&str>, name: &str) -> String {
    outer.map_or_else(|| name.to_owned(), |outer| format!("{outer}{INSIDE}{name}"))
}

/// A visit of one file.
pub(super) struct Opening<'o> {
    pub inputs: &'o Inputs,
    pub each: &'o mut dyn FnMut(Input<'_>),
}

impl Opening<'_> {
    /// Gives the content of a stream to the visitor, or what is in it. Calls itself for what is packed inside, which the bounds
    /// of layers and archives end.
    pub fn open(&mut self, stream: Box<dyn Read + '_>, place: Place, known: Option<u64>) {
        let mut content = Content::new(stream);
        if let Some(error) = content.failed_at_once() {
            return self.inputs.failed(&place.settled().origin(), &error, 0);
        }
        if let Some(compression) = Compression::of(content.prefix()) {
            if place.layers >= MOST_LAYERS {
                return self.inputs.note(&place.origin(), Trouble::TooDeep);
            }
            let place = place.decompressed();
            let count = Rc::new(Cell::new(0));
            let counted = Counted {
                inner: content,
                count: Rc::clone(&count),
            };
            let inputs = self.inputs;
            let guarded = Guarded::new(compression.decode(Box::new(counted)), inputs, count);
            return self.open(Box::new(guarded), place, None);
        }
        let is_tar = tarball::begins(content.prefix());
        if is_tar || zipped::begins(content.prefix()) {
            if place.archives >= self.inputs.limits.depth {
                return self.inputs.note(&place.origin(), Trouble::TooDeep);
            }
            return if is_tar {
                tarball::members(self, content, &place);
            } else {
                zipped::laid_down(self, content, &place);
            };
        }
        let place = place.settled();
        let recognised = recognise(last(&place.relative), content.prefix());
        (self.each)(Input {
            origin: place.origin(),
            relative: place.relative,
            known,
            recognised,
            content,
            inputs: self.inputs,
            read: 0,
            ended: false,
        });
    }

    /// Begins a member of an archive. None if it is not to be read; an error ends the archive.
    pub fn member(&self, place: &Place, raw: &[u8]) -> Result<Option<Place>, Trouble> {
        let number = self.inputs.members.fetch_add(1, Ordering::Relaxed) + 1;
        if number > self.inputs.limits.members {
            return Err(Trouble::TooManyMembers(self.inputs.limits.members));
        }
        let (name, kept) = sanitised(raw, number);
        let member = place.member(&name);
        if !kept {
            let raw = String::from_utf8_lossy(&raw[..raw.len().min(256)]).into_owned();
            self.inputs.note(&member.origin(), Trouble::Renamed(raw));
        }
        if is_hidden(&name) {
            self.inputs.note(&member.origin(), Trouble::Hidden);
            return Ok(None);
        }
        Ok(Some(member))
    }
}

/// A decompressed stream within bounds.
pub(super) struct Guarded<'g, R> {
    inner: R,
    inputs: &'g Inputs,
    taken: Rc<Cell<u64>>,
    given: u64,
}

impl<'g, R> Guarded<'g, R> {
    /// `taken` counts what goes into the decompression.
    pub fn new(inner: R, inputs: &'g Inputs, taken: Rc<Cell<u64>>) -> Self {
        Self {
            inner,
            inputs,
            taken,
            given: 0,
        }
    }
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let limits = &self.inputs.limits;
        let most = limits.ratio_from.max(limits.ratio.saturating_mul(self.taken.get()));
        if self.given > most {
            let from = self.taken.get();
            return Err(io::Error::other(Trouble::Expands { from, most }));
        }
        let count = self.inner.read(into)?;
        self.given += count as u64;
        let all = self.inputs.decompressed.fetch_add(count as u64, Ordering::Relaxed) + count as u64;
        if all > limits.decompressed {
            return Err(io::Error::other(Trouble::TooMuch(limits.decompressed)));
        }
        Ok(count)
    }
}
