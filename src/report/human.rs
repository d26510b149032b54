//! A report for a person.
