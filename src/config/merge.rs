//! Folds layers, the lowest first, defaults last.
