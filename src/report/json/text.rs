//! Serialization of JSON, pretty or in one line.
//!
//! Control characters, and `##[` for CI runners, are escaped, so that printing a report is safe.

use std::io;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};

use crate::report::harmless;

/// Serializes a value as pretty JSON with a line feed at the end.
///
/// # Panics
///
/// When a map in the value has keys that are not strings.
pub fn pretty<T: Serialize>(value: &T) -> String {
    written(value, PrettyFormatter::new())
}

/// Serializes a value as JSON in one line.
///
/// # Panics
///
/// When a map in the value has keys that are not strings.
pub fn compact<T: Serialize>(value: &T) -> String {
    written(value, CompactFormatter)
}

fn written<T: Serialize, F: Formatter>(value: &T, formatter: F) -> String {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Harmless(formatter)))
        .expect("every key is a text, and a vector takes every byte");
    bytes.push(b'\n');
    String::from_utf8(bytes).expect("the serializer writes UTF-8")
}

/// Escapes control characters, and `##[`, which CI runners search for.
struct Harmless<F>(F);

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        let is_obeyed = |at: usize, c: char| {
            harmless::steers(c) || (c == '[' && fragment[..at].ends_with("##"))
        };
        let mut done = 0;
        while let Some((at, c)) = rest.char_indices().find(|(at, c)| is_obeyed(done + at, *c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(c))?;
            done += at + c.len_utf8();
            rest = &fragment[done..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}
