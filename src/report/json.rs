//! The JSON report: a frozen, versioned copy of a finished run.
