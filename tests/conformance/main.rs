//! Conformance in virtual time: one module a theme, each test named by its SCR item (TS 1.0 Appendix B.1) or by its
//! case of the interoperability suite. `docs/conformance.md` maps items to tests.

mod management;
mod registration;
mod update;
mod writing;
