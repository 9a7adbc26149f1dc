//! What a story shows: histograms, and the few numbers behind them.

use crate::fleet::Fleet;
use crate::server::{Kind, Server};
use std::ops::Range;

/// How long the longest bar is.
const WIDTH: u32 = 48;

/// Datagrams of these kinds that arrived in a second.
pub fn arrived(server: &Server, second: u64, kinds: &[Kind]) -> u32 {
    kinds.iter().filter_map(|kind| server.arrivals.get(&(second, *kind))).sum()
}

/// The second in which most of them arrived, and how many.
pub fn peak(server: &Server, span: Range<u64>, kinds: &[Kind]) -> (u64, u32) {
    let counts = span.map(|second| (second, arrived(server, second, kinds)));
    counts.max_by_key(|count| count.1).expect("a span")
}

/// How many arrived.
pub fn total(server: &Server, span: Range<u64>, kinds: &[Kind]) -> u32 {
    span.map(|second| arrived(server, second, kinds)).sum()
}

/// Prints a row for each `step` seconds, counted from `origin`; each `#` stands for the same number of datagrams.
pub fn histogram(title: &str, server: &Server, span: Range<u64>, origin: u64, step: u64) {
    let kinds: &[Kind] = &[Kind::Register, Kind::Update, Kind::Bootstrap];
    let rows: Vec<_> = span.step_by(step as usize).map(|from| from..from + step).collect();
    let longest = rows.iter().map(|row| total(server, row.clone(), kinds)).max().unwrap_or(0).max(1);
    println!(
        "\n{title}\n{:>8} {:>9} {:>9} {:>9} {:>7}",
        "second", "Register", "Update", "Bootstrap", "most/s"
    );
    for row in rows {
        let count = |kind| total(server, row.clone(), &[kind]);
        let all = total(server, row.clone(), kinds);
        let from = row.start as i64 - origin as i64;
        println!(
            "{from:>+8} {:>9} {:>9} {:>9} {:>7} {}",
            count(Kind::Register),
            count(Kind::Update),
            count(Kind::Bootstrap),
            peak(server, row.clone(), kinds).1,
            "#".repeat((all * WIDTH).div_ceil(longest) as usize)
        );
    }
}

/// When devices came back, in order.
pub struct Back(Vec<u64>);

impl Back {
    /// The first success of each device from `since` on, counted from there.
    pub fn new(fleet: &Fleet, since: u64) -> Self {
        let mut times: Vec<_> = fleet.devices.iter().filter_map(|device| device.succeeded(since)).collect();
        times.iter_mut().for_each(|time| *time -= since);
        times.sort_unstable();
        Self(times)
    }

    /// How many have come back.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// How many were back by then.
    pub fn by(&self, time: u64) -> usize {
        self.0.partition_point(|back| *back <= time)
    }

    /// When so many thousandths of them were back.
    pub fn after(&self, permille: usize) -> u64 {
        self.0[(self.0.len() * permille).div_ceil(1000) - 1]
    }

    /// Prints it.
    pub fn print(&self) {
        let time = |permille| self.after(permille) as f64 / 1000.0;
        println!(
            "back: {} devices; half after {:.1} s, 90 % after {:.1} s, 99 % after {:.1} s, all after {:.1} s",
            self.count(),
            time(500),
            time(900),
            time(990),
            time(1000)
        );
    }
}

/// Prints the peak of a span beside its mean, as datagrams a second.
pub fn compare(what: &str, server: &Server, span: Range<u64>, kinds: &[Kind]) {
    let mean = f64::from(total(server, span.clone(), kinds)) / (span.end - span.start) as f64;
    let (_, most) = peak(server, span, kinds);
    println!(
        "{what}: {most}/s at most, {mean:.2}/s on average, {:.1} times the average",
        f64::from(most) / mean
    );
}

/// Prints how many datagrams devices sent in a span of milliseconds; the most.
pub fn per_device(what: &str, fleet: &Fleet, span: Range<u64>) -> u32 {
    let mut counts: Vec<_> = (0..fleet.devices.len()).map(|n| fleet.sent_within(n, span.clone())).collect();
    counts.sort_unstable();
    let mean = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    let most = *counts.last().expect("a device");
    println!("{what}: {mean:.1} datagrams a device, {} to {most}", counts[0]);
    most
}
