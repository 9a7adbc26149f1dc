//! Compiles what of the bench is C: Mbed TLS, the client's backend on it, and the bench's own DTLS server.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(folder: &Path) -> Vec<PathBuf> {
    println!("cargo::rerun-if-changed={}", folder.display());
    let files = folder.read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ext| ext == "c")).collect();
    files.sort();
    files
}

fn main() {
    let lab = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let root = lab.join("../..").canonicalize().expect("the repository");
    let built = root.join("target/mbedtls/host");
    let script = root.join("scripts/mbedtls.sh");
    let done = Command::new(&script).status().expect("scripts/mbedtls.sh starts");
    assert!(done.success(), "scripts/mbedtls.sh builds Mbed TLS");

    let flags = std::fs::read_to_string(built.join("cflags")).expect("it says how to compile against it");
    let mut c = cc::Build::new();
    c.files(sources(&lab.join("dtls"))).files(sources(&root.join("ports/mbedtls")));
    c.include(root.join("include")).include(root.join("ports/mbedtls"));
    flags.split_whitespace().for_each(|flag| _ = c.flag(flag));
    c.std("c99").warnings(true).extra_warnings(true).flag("-Wpedantic").warnings_into_errors(true);
    c.compile("whimbrel_lab_dtls");

    println!("cargo::rustc-link-search=native={}", built.display());
    println!("cargo::rustc-link-lib=static=mbedtls");
    for input in [script, root.join("include/whimbrel.h"), built.join("libmbedtls.a"), lab.join("build.rs")] {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    println!("cargo::rerun-if-env-changed=MBEDTLS");
}
