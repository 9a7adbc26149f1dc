//! Writes `include/whimbrel.h` from `src/capi`, or with `--verify` says how the committed one differs.
//!
//! Each file of `src/capi` becomes a section of the header, titled by the first line of its `//!` comment, in the
//! order of the `mod` lines of `src/capi/mod.rs` (blank lines between them keep rustfmt from sorting them). cbindgen
//! sees one file at a time: it writes all constants, then all types, then all functions, which on the whole API would
//! part every function from the types that it takes. A section may use types of the sections above it.

mod values;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::{env, fs};

/// What C wants to write in one word: functions, because macros with compound literals are not C++.
const HELPERS: &str = r#"
/* -------------------------------------------------------------------------------------------------------- */
/* Paths in one word.                                                                                       */
/* -------------------------------------------------------------------------------------------------------- */

/** `/object` */
static inline whimbrel_path_t WHIMBREL_OBJECT(uint16_t object)
{
    const whimbrel_path_t path = {object, WHIMBREL_NONE, WHIMBREL_NONE, WHIMBREL_NONE};
    return path;
}

/** `/object/instance` */
static inline whimbrel_path_t WHIMBREL_INSTANCE(uint16_t object, uint16_t instance)
{
    const whimbrel_path_t path = {object, instance, WHIMBREL_NONE, WHIMBREL_NONE};
    return path;
}

/** `/object/instance/resource` */
static inline whimbrel_path_t WHIMBREL_RESOURCE(uint16_t object, uint16_t instance, uint16_t resource)
{
    const whimbrel_path_t path = {object, instance, resource, WHIMBREL_NONE};
    return path;
}

/** For whimbrel_resource_t.value with WHIMBREL_MEMBER: where `member` lies in `type`. */
#define WHIMBREL_OFFSET(type, member) ((const void *)offsetof(type, member))
"#;

struct Options {
    verify: bool,
    capi: PathBuf,
    out: PathBuf,
}

fn main() -> ExitCode {
    match options().and_then(|options| run(&options)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("header: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options = Options { verify: false, capi: "src/capi".into(), out: "include/whimbrel.h".into() };
    let mut words = env::args().skip(1);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--verify" => options.verify = true,
            "--capi" => options.capi = words.next().ok_or("--capi needs a directory")?.into(),
            "--out" => options.out = words.next().ok_or("--out needs a file")?.into(),
            _ => return Err("usage: whimbrel-header [--verify] [--capi DIRECTORY] [--out FILE]".into()),
        }
    }
    Ok(options)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let header = header(&options.capi)?;
    if !options.verify {
        if let Some(parent) = options.out.parent() {
            fs::create_dir_all(parent)?;
        }
        return Ok(fs::write(&options.out, header)?);
    }
    if fs::read_to_string(&options.out).is_ok_and(|committed| committed == header) {
        return Ok(());
    }
    let fresh = env::temp_dir().join(format!("whimbrel-header-{}.h", std::process::id()));
    fs::write(&fresh, header)?;
    let shown = Command::new("diff").arg("-u").arg(&options.out).arg(&fresh).status();
    fs::remove_file(&fresh)?;
    shown?;
    Err(format!("{} is not what {} says: run `make header`", options.out.display(), options.capi.display())
        .into())
}

/// The whole header as text.
fn header(capi: &Path) -> Result<String, Box<dyn Error>> {
    let root =
        fs::read_to_string(capi.join("mod.rs")).map_err(|e| format!("{}/mod.rs: {e}", capi.display()))?;
    if root.contains("no_mangle") {
        return Err(
            "mod.rs holds the introduction and the order; exported items go into the files below it".into()
        );
    }
    let mut text = String::from("/*\n");
    for line in inner_doc(&root) {
        writeln!(text, "{}", format!(" * {line}").trim_end())?;
    }
    text += " *\n * Written by `make header` from src/capi. Edit the comments there.\n */\n";
    text += "#ifndef WHIMBREL_H\n#define WHIMBREL_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n";
    text += &version(env!("CARGO_PKG_VERSION"))?;
    text += "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n";
    let crate_text = values::sources(capi.parent().unwrap_or(capi))?;
    for module in modules(&root) {
        text += &section(&source_of(capi, module)?, &crate_text)?;
    }
    if text.contains("WHIMBREL_MEMBER ") {
        text += HELPERS;
    }
    text += "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* WHIMBREL_H */\n";
    Ok(text)
}

/// The version as numbers to compare and as text. It is the workspace's, which this tool shares with the engine.
fn version(version: &str) -> Result<String, Box<dyn Error>> {
    let mut text =
        String::from("/** The version of this header; whimbrel_version() tells the library's. */\n");
    for (name, number) in ["MAJOR", "MINOR", "PATCH"].iter().zip(version.split(['.', '-', '+'])) {
        writeln!(text, "#define WHIMBREL_VERSION_{name} {number}")?;
    }
    writeln!(text, "#define WHIMBREL_VERSION_STRING \"{version}\"")?;
    Ok(text)
}

/// The names in `mod name;` lines, whatever stands before `mod`.
fn modules(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let declaration = line.trim().strip_suffix(';')?;
        let (before, name) = declaration.split_once("mod ")?;
        (before.is_empty() || before.starts_with("pub")).then_some(name)
    })
}

fn source_of(capi: &Path, module: &str) -> Result<PathBuf, Box<dyn Error>> {
    let flat = capi.join(format!("{module}.rs"));
    let nested = capi.join(module).join("mod.rs");
    [flat, nested]
        .into_iter()
        .find(|path| path.exists())
        .ok_or_else(|| format!("no source of mod {module}").into())
}

/// One file's declarations under its title; empty if the file exports nothing.
fn section(path: &Path, crate_text: &str) -> Result<String, Box<dyn Error>> {
    let source = values::resolved(&fs::read_to_string(path)?, crate_text);
    // The version is written above, from the manifest.
    let names: Vec<&str> =
        exported(&source).into_iter().filter(|n| !n.starts_with("WHIMBREL_VERSION_")).collect();
    if names.is_empty() {
        return Ok(String::new());
    }
    let mut config = cbindgen::Config::from_file("cbindgen.toml")?;
    // Types that only a later section uses would be left out as unused.
    config.export.include = names.iter().map(|name| (*name).to_owned()).collect();
    let version = ["MAJOR", "MINOR", "PATCH", "STRING"].map(|part| format!("WHIMBREL_VERSION_{part}"));
    config.export.exclude.extend(version);
    let copy = env::temp_dir().join(format!("whimbrel-header-{}.rs", std::process::id()));
    fs::write(&copy, &source)?;
    let bindings = cbindgen::Builder::new().with_config(config).with_src(&copy).generate();
    fs::remove_file(&copy)?;
    let bindings = bindings.map_err(|e| format!("{}: {e}", path.display()))?;
    let mut bytes = Vec::new();
    bindings.write(&mut bytes);
    let declarations = tidy(String::from_utf8(bytes)?.trim());
    // cbindgen drops what it does not understand without a word; nothing of the API may go that way.
    let words: Vec<&str> = declarations.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    if let Some(name) = names.iter().find(|name| !words.contains(name)) {
        return Err(format!("{}: cbindgen left out {name}", path.display()).into());
    }
    let value = |line: &str| Some(line.strip_prefix("#define ")?.split_once(' ')?.1.to_owned());
    let known =
        |v: &String| ["(-", "\"", "INT", "UINT", "WHIMBREL_"].iter().any(|start| v.starts_with(start));
    let number = |v: &String| v.starts_with(|c: char| c.is_ascii_digit());
    if let Some(value) = declarations.lines().filter_map(value).find(|v| !known(v) && !number(v)) {
        return Err(format!("{}: C does not know the constant's value {value}", path.display()).into());
    }
    let title: Vec<String> = inner_doc(&source).take_while(|line| !line.is_empty()).collect();
    let title = title.join(" ");
    let rule = "-".repeat(104);
    Ok(format!("\n/* {rule} */\n/* {title:<104} */\n/* {rule} */\n\n{declarations}\n"))
}

/// The names beginning with `whimbrel_` or `WHIMBREL_` that a file makes public.
fn exported(source: &str) -> Vec<&str> {
    let public = source.lines().filter_map(|line| line.strip_prefix("pub "));
    let names = public.filter_map(|line| {
        let start = line.find("whimbrel_").or_else(|| line.find("WHIMBREL_"))?;
        let (before, name) = line.split_at(start);
        let keyword = before.trim_end().rsplit(' ').next()?;
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(name.len());
        let declares = ["fn", "struct", "union", "enum", "type", "const", "static", "mut"].contains(&keyword);
        declares.then(|| name.get(..end)).flatten()
    });
    names.collect()
}

/// Comments of one line on one line, no `struct` before our names, negative numbers in brackets, no blank line between two constants.
fn tidy(declarations: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut within = String::new(); // the struct being declared, the only one that needs its tag
    for line in declarations.lines() {
        if line.starts_with('}') {
            within.clear();
        }
        let line = &match line.strip_prefix("typedef struct ") {
            Some(rest) => {
                within = format!("struct {} ", rest.split(' ').next().unwrap_or_default());
                line.to_owned()
            }
            None if line.contains(&within) && !within.is_empty() => line.to_owned(),
            None => line.replace("struct whimbrel_", "whimbrel_"),
        };
        let indent = line.len() - line.trim_start().len();
        let opening =
            lines.len().checked_sub(2).and_then(|at| lines.get(at)).is_some_and(|l| l.trim() == "/**");
        if line.trim() == "*/" && opening {
            let body = lines.pop().unwrap_or_default();
            lines.pop();
            let text = body.trim().trim_start_matches('*').trim();
            lines.push(format!("{:indent$}/** {text} */", "", indent = indent.saturating_sub(1)));
        } else if let Some((name, number)) = line.split_once(" -").filter(|_| line.starts_with("#define")) {
            lines.push(format!("{name} (-{number})"));
        } else {
            lines.push(line.trim_end().to_owned());
        }
    }
    let mut text = String::new();
    for (at, line) in lines.iter().enumerate() {
        let after_define =
            at.checked_sub(1).and_then(|at| lines.get(at)).is_some_and(|l| l.starts_with("#define"));
        let before_define = lines.iter().skip(at + 1).find(|l| !l.starts_with("/**") && !l.starts_with(" *"));
        if line.is_empty() && after_define && before_define.is_some_and(|l| l.starts_with("#define")) {
            continue;
        }
        text += line;
        text.push('\n');
    }
    text.trim_end().to_owned()
}

/// The lines of a file's `//!` comment, without the mark.
fn inner_doc(source: &str) -> impl Iterator<Item = String> {
    let lines = source.lines().skip_while(|line| !line.starts_with("//!"));
    lines.map_while(|line| {
        line.strip_prefix("//!").map(|text| text.strip_prefix(' ').unwrap_or(text).to_owned())
    })
}
