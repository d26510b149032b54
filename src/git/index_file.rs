//! Reads the paths in a git index without starting git.
//!
//! The format is <https://git-scm.com/docs/index-format>, in the versions 2 to 4. The file does not
//! name its hash: both lengths are tried, and only one of them lets all parts end where they must.

/// The lengths of SHA-1 and SHA-256.
const HASH_LENGTHS: [usize; 2] = [20, 32];

/// The times, numbers and size at the start of each entry.
const STAT_LENGTH: usize = 40;
/// The place of the mode among them.
const MODE: std::ops::Range<usize> = 24..28;

/// The flag for two more bytes of flags.
const EXTENDED: u16 = 0x4000;
/// The flag among those of an entry that `git add --intent-to-add` made.
const INTENT_TO_ADD: u16 = 0x2000;

/// The mode of a submodule.
const SUBMODULE: u32 = 0o160_000;

/// A path that git tracks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexEntry {
    /// The path within the checkout; with a slash at its end for a whole folder of a sparse checkout.
    pub(super) path: Vec<u8>,
    /// Whether it is a submodule.
    pub(super) is_submodule: bool,
    /// Whether only the intent to add the file is recorded, so that no commit has it.
    pub(super) is_intent: bool,
}

/// The reason that an index cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum IndexError {
    #[error("it is split into two files, see `git help update-index`")]
    Split,
    #[error("its version or one of its extensions is unknown")]
    Unknown,
    #[error("its content is damaged")]
    Damaged,
}

/// The entries of an index with this content.
pub(super) fn parse(index: &[u8]) -> Result<Vec<IndexEntry>, IndexError> {
    let [sha1, sha256] = HASH_LENGTHS.map(|length| parse_with(index, length));
    sha1.or_else(|error| sha256.map_err(|_| error))
}

fn parse_with(index: &[u8], hash_length: usize) -> Result<Vec<IndexEntry>, IndexError> {
    let length = index.len().checked_sub(hash_length).ok_or(IndexError::Damaged)?;
    let mut rest = Rest { bytes: &index[..length], read: 0 };
    if rest.take(4)? != b"DIRC" {
        return Err(IndexError::Damaged);
    }
    let version = rest.number()?;
    if !(2..=4).contains(&version) {
        return Err(IndexError::Unknown);
    }
    let count = rest.number()?;
    let mut entries: Vec<IndexEntry> = Vec::new();
    for _ in 0..count {
        let start = rest.read;
        let stat = rest.take(STAT_LENGTH)?;
        let mode = big_endian(&stat[MODE]);
        rest.take(hash_length)?;
        let flags = rest.flags()?;
        let extended = if flags & EXTENDED == 0 { 0 } else { rest.flags()? };
        let path = if version == 4 {
            let before = entries.last().map(|entry| entry.path.as_slice()).unwrap_or_default();
            let kept = before.len().checked_sub(rest.offset()?).ok_or(IndexError::Damaged)?;
            [&before[..kept], rest.text()?].concat()
        } else {
            let path = rest.text()?.to_owned();
            // One to eight zero bytes end an entry; one of them ended the path.
            rest.take((8 - (rest.read - start) % 8) % 8)?;
            path
        };
        if path.is_empty() {
            // It stands for an entry of the other file.
            return Err(IndexError::Split);
        }
        entries.push(IndexEntry {
            path,
            is_submodule: mode == SUBMODULE,
            is_intent: extended & INTENT_TO_ADD != 0,
        });
    }
    while !rest.bytes.is_empty() {
        let name = rest.take(4)?;
        let length = usize::try_from(rest.number()?).map_err(|_| IndexError::Damaged)?;
        rest.take(length)?;
        match name {
            b"link" => return Err(IndexError::Split),
            // Folders of a sparse checkout are entries of their own.
            b"sdir" => {}
            _ if name[0].is_ascii_uppercase() => {}
            _ => return Err(IndexError::Unknown),
        }
    }
    Ok(entries)
}

/// The part that is still to be read.
struct Rest<'a> {
    bytes: &'a [u8],
    read: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], IndexError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(IndexError::Damaged)?;
        self.bytes = rest;
        self.read += length;
        Ok(taken)
    }

    fn flags(&mut self) -> Result<u16, IndexError> {
        let flags = self.take(2)?;
        Ok(u16::from_be_bytes([flags[0], flags[1]]))
    }

    fn number(&mut self) -> Result<u32, IndexError> {
        self.take(4).map(big_endian)
    }

    /// The text before the next zero byte.
    fn text(&mut self) -> Result<&'a [u8], IndexError> {
        let end = self.bytes.iter().position(|byte| *byte == 0).ok_or(IndexError::Damaged)?;
        let text = self.take(end)?;
        self.take(1)?;
        Ok(text)
    }

    /// A number in the variable length of git's packs.
    fn offset(&mut self) -> Result<usize, IndexError> {
        let mut number: usize = 0;
        loop {
            let byte = self.take(1)?[0];
            number = number
                .checked_mul(128)
                .and_then(|it| it.checked_add(usize::from(byte & 127)))
                .ok_or(IndexError::Damaged)?;
            if byte & 128 == 0 {
                return Ok(number);
            }
            number = number.checked_add(1).ok_or(IndexError::Damaged)?;
        }
    }
}

fn big_endian(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An index of version 2 with these paths, and an extension.
    fn index(hash_length: usize, paths: &[&str], extension: &[u8; 4]) -> Vec<u8> {
        let mut index = b"DIRC\0\0\0\x02".to_vec();
        index.extend(u32::try_from(paths.len()).unwrap().to_be_bytes());
        for path in paths {
            let start = index.len();
            index.extend(vec![0; STAT_LENGTH + hash_length]);
            index.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
            index.extend(path.as_bytes());
            index.extend(vec![0; 8 - (index.len() - start) % 8]);
        }
        index.extend([extension.as_slice(), &[0, 0, 0, 2, 7, 7], &vec![9; hash_length]].concat());
        index
    }

    fn paths(index: &[u8]) -> Result<Vec<String>, IndexError> {
        let text = |entry: IndexEntry| String::from_utf8(entry.path).unwrap();
        parse(index).map(|entries| entries.into_iter().map(text).collect())
    }

    #[test]
    fn an_index_with_either_hash_is_read() {
        let wanted = ["a", "abc/defg", "é", "a-path-of-sixteen"];
        for length in HASH_LENGTHS {
            assert_eq!(paths(&index(length, &wanted, b"TREE")).unwrap(), wanted);
            assert_eq!(paths(&index(length, &[], b"TREE")).unwrap(), [""; 0]);
        }
    }

    #[test]
    fn an_index_that_is_split_or_unknown_or_cut_is_an_error() {
        assert_eq!(paths(&index(20, &["a"], b"link")), Err(IndexError::Split));
        assert_eq!(paths(&index(20, &["a"], b"what")), Err(IndexError::Unknown));
        let whole = index(20, &["a", "b/c"], b"TREE");
        for length in 0..whole.len() {
            // Where exactly the extension is cut off, all entries are still there.
            let read = paths(&whole[..length]);
            assert!(read.is_err() || read == paths(&whole), "{length}: {read:?}");
        }
        let mut newer = whole;
        newer[7] = 5;
        assert_eq!(paths(&newer), Err(IndexError::Unknown));
    }
}
