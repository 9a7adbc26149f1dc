//! `docs/conformance.md` says what is true: its names are tests, every test has its place, no item is missing.

const TABLE: &str = include_str!("../../docs/conformance.md");

const SOURCES: [&str; 38] = [
    include_str!("access.rs"),
    include_str!("blocks.rs"),
    include_str!("bootstrap.rs"),
    include_str!("bootstrap_commands.rs"),
    include_str!("bootstrap_keys.rs"),
    include_str!("bootstrap_power.rs"),
    include_str!("bootstrap_rights.rs"),
    include_str!("bootstrap_session.rs"),
    include_str!("dtls.rs"),
    include_str!("dtls_chaos.rs"),
    include_str!("dtls_loss.rs"),
    include_str!("dtls_power.rs"),
    include_str!("dtls_session.rs"),
    include_str!("dtls_trouble.rs"),
    include_str!("edges.rs"),
    include_str!("exchanges.rs"),
    include_str!("formats.rs"),
    include_str!("hostile.rs"),
    include_str!("management.rs"),
    include_str!("queue.rs"),
    include_str!("registration.rs"),
    include_str!("regressions.rs"),
    include_str!("reporting.rs"),
    include_str!("sms.rs"),
    include_str!("sms_bootstrap.rs"),
    include_str!("sms_bootstrap_server.rs"),
    include_str!("sms_counters.rs"),
    include_str!("sms_modem.rs"),
    include_str!("sms_secured.rs"),
    include_str!("sms_trouble.rs"),
    include_str!("uicc.rs"),
    include_str!("uicc_faults.rs"),
    include_str!("uicc_messages.rs"),
    include_str!("uicc_odd.rs"),
    include_str!("uicc_modem.rs"),
    include_str!("update.rs"),
    include_str!("weather.rs"),
    include_str!("writing.rs"),
];

/// How many client items each section of Appendix B.1 has.
const ITEMS: [(&str, usize); 8] =
    [("BOOT", 16), ("CR", 12), ("DMSE", 13), ("IR", 3), ("DF", 4), ("SEC", 9), ("MEC", 3), ("OBJ", 8)];

fn tests() -> Vec<&'static str> {
    let behind = SOURCES.iter().flat_map(|source| source.split("#[test]\nfn ").skip(1));
    behind.filter_map(|rest| rest.split('(').next()).collect()
}

/// Names in backticks that look like a test's: a lower-case word, a number or `hostile`, underscores.
fn names() -> Vec<&'static str> {
    let quoted = TABLE.split('`').skip(1).step_by(2);
    quoted
        .filter(|name| name.contains('_') && !name.contains(['/', '.', ' ']))
        .filter(|name| *name != "name_*")
        .collect()
}

fn stands_for(name: &str, test: &str) -> bool {
    name.strip_suffix('*').map_or(name == test, |prefix| test.starts_with(prefix))
}

#[test]
fn every_name_in_the_table_is_a_test() {
    let tests = tests();
    for name in names() {
        assert!(tests.iter().any(|test| stands_for(name, test)), "{name}");
    }
}

#[test]
fn every_test_has_its_place_in_the_table() {
    let names = names();
    for test in tests() {
        assert!(names.iter().any(|name| stands_for(name, test)), "{test}");
    }
}

#[test]
fn no_item_of_appendix_b_1_is_missing() {
    for (section, count) in ITEMS {
        let rows = TABLE.lines().filter(|line| line.starts_with(&format!("| {section}-"))).count();
        assert_eq!(rows, count, "{section}");
    }
}
