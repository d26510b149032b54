//! From the formats that tools print to findings.
