//! Empty: cargo wants a library or a program in every package, and this one is tests and benches.
