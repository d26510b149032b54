//! Limits for globs, which a stranger may have written.
//!
//! The crates that compile globs have none: 100,000 open braces overflow the stack, and one pattern of
//! 32 MB needs a gigabyte of memory.

/// The length of the longest glob, in bytes: no path is longer.
const MAX_LENGTH: usize = 4096;

/// The maximum depth of nested braces.
const MAX_DEPTH: usize = 8;

/// The maximum number of globs in a list or a `.gitignore`.
pub(crate) const MAX_GLOBS: usize = 10_000;

/// The limit that a glob exceeds, as a reason; none if it is within all of them.
pub(crate) fn exceeded_limit(glob: &str) -> Option<String> {
    if glob.len() > MAX_LENGTH {
        return Some(format!("has {} bytes, and the limit is {MAX_LENGTH}", glob.len()));
    }
    let mut depth: usize = 0;
    for byte in glob.bytes() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(format!("nests braces more than {MAX_DEPTH} deep"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_is_limited_in_length_and_depth() {
        let deep = |depth: usize| format!("{}{}", "{a,".repeat(depth), "}".repeat(depth));
        for glob in ["", "*.py", "{a,b}/**/{c,d}", &"a".repeat(MAX_LENGTH), &deep(MAX_DEPTH)] {
            assert_eq!(exceeded_limit(glob), None, "{glob}");
        }
        for (glob, limit) in [
            ("a".repeat(MAX_LENGTH + 1), "has 4097 bytes, and the limit is 4096"),
            (deep(MAX_DEPTH + 1), "nests braces more than 8 deep"),
            ("{a=".repeat(1000), "nests braces more than 8 deep"),
        ] {
            assert_eq!(exceeded_limit(&glob).as_deref(), Some(limit));
        }
    }
}
