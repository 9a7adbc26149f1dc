//! The AT dialogue with a modem (V.250, TS 27.005, TS 27.007).
