//! The bench of Whimbrel: peers and weather, on virtual or real time.
