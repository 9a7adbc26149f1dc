//! A small table of primitives, which a library or the SDK fills.
