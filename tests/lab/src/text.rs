//! Payloads as short text for people (see [`crate::ladder`]).
