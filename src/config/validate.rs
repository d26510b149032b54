//! Turns folded layers into a complete configuration, or says what is wrong with them.
