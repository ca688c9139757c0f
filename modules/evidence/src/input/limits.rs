//! Bounds of what inputs may cost, whatever they hold.

/// Bounds of a set of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputLimits {
    /// Files that are taken from folders. Their names are held in memory, some 200 bytes each.
    pub files: usize,
    /// Members of all archives together.
    pub members: u64,
    /// Bytes that come out of all decompression together.
    pub decompressed: u64,
    /// Bytes that may come out of a stream for one that goes in, once `ratio_from` bytes came out.
    pub ratio: u64,
    /// Bytes that may come out of a stream whatever went in.
    pub ratio_from: u64,
    /// Archives inside one another.
    pub depth: u32,
    /// Bytes of a zip file that is not a file on its own and so has to be laid down before it can be read.
    pub laid_down: u64,
    /// Notes that are kept; the rest is counted.
    pub notes: usize,
}

impl Default for InputLimits {
    /// Chosen so that a month of a fleet's logs passes. Text of logs packs 5 to 40 times; a file of one repeated line 200 times
    /// with xz, and 1,030 times with gzip at best (the limit of its format), but then it has 64 MB of nothing new.
    fn default() -> Self {
        Self {
            files: 100_000,
            members: 100_000,
            decompressed: 16 << 30,
            ratio: 200,
            ratio_from: 64 << 20,
            depth: 2,
            laid_down: 1 << 30,
            notes: 1_000,
        }
    }
}
