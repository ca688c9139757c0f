//! Reading a backup: frames in order, rows of the tables that the header names, as many as the footer says. Whoever reads to
//! the end knows that every byte is as it was written.

use std::{fs::File, io::Read, path::Path};

use super::{
    BackupError, BackupProgress, BackupSummary, Header, TableShape, Watcher,
    format::{Footer, parse},
    frame::{FOOTER, Frame, FrameReader, HEADER, ROWS},
    rows::Rows,
    take::table_rows,
};
use crate::Value;

/// A backup of which the header was read.
pub(super) struct BackupReader<R> {
    frames: FrameReader<R>,
    header: Header,
    rows: Vec<u64>,
    raw_bytes: u64,
}

/// Rows of one table.
pub(super) struct Part {
    /// Its place in the header.
    pub table: usize,
    raw: Vec<u8>,
}

impl<R: Read> BackupReader<R> {
    /// Reads the header.
    pub fn open(input: R) -> Result<Self, BackupError> {
        let mut frames = FrameReader::open(input)?;
        let frame = frames.next()?;
        if frame.kind != HEADER {
            return Err(out_of_order());
        }
        let header: Header = parse("header", &frame.raw)?;
        if header.tables.iter().any(|table| table.columns.is_empty()) {
            return Err(BackupError::Contradiction("it has a table without columns".to_owned()));
        }
        Ok(Self {
            rows: vec![0; header.tables.len()],
            frames,
            header,
            raw_bytes: 0,
        })
    }

    /// What the backup says of itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Bytes read so far.
    pub fn position(&self) -> u64 {
        self.frames.position()
    }

    /// The next rows, or the summary of everything when there are no more.
    pub fn next(&mut self) -> Result<Next, BackupError> {
        let Frame { kind, table, raw } = self.frames.next()?;
        let table = usize::from(table);
        match kind {
            ROWS if table < self.header.tables.len() => {
                self.raw_bytes += raw.len() as u64;
                Ok(Next::Part(Part { table, raw }))
            }
            FOOTER => Ok(Next::Footer(parse("footer", &raw)?)),
            _ => Err(out_of_order()),
        }
    }

    /// Hands the rows of a part to `each`, with their table and the number of the row in it.
    pub fn rows<E: From<BackupError>>(
        &mut self,
        part: &Part,
        mut each: impl FnMut(&TableShape, u64, &mut Vec<Value>) -> Result<(), E>,
    ) -> Result<(), E> {
        let table = &self.header.tables[part.table];
        let mut rows = Rows::new(&part.raw);
        let mut values = Vec::with_capacity(table.columns.len());
        while !rows.is_empty() {
            values.clear();
            rows.next(&table.columns, &mut values)
                .map_err(|_| BackupError::Contradiction(format!("a row of {} cannot be read", table.name)))?;
            self.rows[part.table] += 1;
            each(table, self.rows[part.table], &mut values)?;
        }
        Ok(())
    }

    /// Makes sure that this is the end, and that there were as many rows as the footer says.
    pub fn finish(self, footer: &Footer) -> Result<BackupSummary, BackupError> {
        let (bytes, digest) = self.frames.finish()?;
        if footer.rows != self.rows {
            return Err(BackupError::Contradiction(
                "it holds other numbers of rows than it says".to_owned(),
            ));
        }
        Ok(BackupSummary {
            tables: table_rows(&self.header.tables, &self.rows),
            header: self.header,
            bytes,
            raw_bytes: self.raw_bytes,
            sha256: hex::encode(digest),
        })
    }
}

/// What comes next in a backup.
pub(super) enum Next {
    Part(Part),
    Footer(Footer),
}

fn out_of_order() -> BackupError {
    BackupError::Contradiction("its pieces are not in order".to_owned())
}

/// Opens a backup file; answers its size too.
pub(super) fn open_file(file: &Path) -> Result<(File, u64), BackupError> {
    let opened = File::open(file).and_then(|opened| {
        let size = opened.metadata()?.len();
        Ok((opened, size))
    });
    opened.map_err(BackupError::io("open the backup"))
}

/// Reads every byte and every row.
pub(super) fn check(file: &File, size: u64, watcher: &Watcher) -> Result<BackupSummary, BackupError> {
    let mut reader = BackupReader::open(file)?;
    loop {
        match reader.next()? {
            Next::Part(part) => reader.rows(&part, |_, _, _| Ok::<_, BackupError>(()))?,
            Next::Footer(footer) => return reader.finish(&footer),
        }
        watcher.show(BackupProgress::Checked {
            bytes: reader.position(),
            of: size,
        });
    }
}
