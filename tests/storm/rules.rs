//! What the documentation promises (docs/registration.md "After a failure", "Update"), and what follows from it. All
//! limits of the stories come from here, none from what the engine was seen to do. Times in milliseconds.

use whimbrel_lab::{Random, seconds};

/// A Confirmable message is sent at most so often (RFC 7252 section 4.8: MAX_RETRANSMIT and the first time).
pub const TRANSMISSIONS: u32 = 5;

/// From the first transmission to giving up, by the shortest and the longest first timeout: 2 to 3 s, times 31.
pub const GIVEN_UP: (u64, u64) = (seconds(2) * 31, seconds(3) * 31);

/// From the last transmission to giving up, at most: the first timeout doubled four times.
pub const LAST_WAIT: u64 = seconds(3) * 16;

/// Update is due so long after the last success, with the lifetime of this fleet: it ends MAX_TRANSMIT_WAIT later.
pub const PERIOD: u64 = seconds(crate::server::LIFETIME_S as u64) - seconds(93);

/// The nominal pause after the `n`-th failure in a row, from 0: 30 s doubled each time, 3600 s at the most.
pub fn pause(n: u32) -> u64 {
    seconds(3600).min(seconds(30) << n.min(16))
}

/// The same of a client with whimbrel_bootstrap: four pauses from 60 s on between five attempts, then the longest
/// (LwM2M 1.1, Server resources 17 and 18).
pub fn pause_of_five(n: u32) -> u64 {
    if n < 4 { seconds(60) << n } else { seconds(3600) }
}

/// A pause lasts from three quarters to five quarters of its nominal length.
pub fn spread(nominal: u64) -> (u64, u64) {
    (nominal * 3 / 4, nominal * 5 / 4)
}

/// When the `n`-th message (from 0) of a device that fails from time 0 on can begin at the earliest.
pub fn earliest(n: u32, pause: impl Fn(u32) -> u64) -> u64 {
    (0..n).map(|k| GIVEN_UP.0 + spread(pause(k)).0).sum()
}

/// When the `n`-th message has been given up at the latest.
pub fn latest_end(n: u32, pause: impl Fn(u32) -> u64) -> u64 {
    (0..n).map(|k| GIVEN_UP.1 + spread(pause(k)).1).sum::<u64>() + GIVEN_UP.1
}

/// How many messages a device can begin within `span`, the first at its beginning.
pub fn most_messages(span: u64, pause: impl Fn(u32) -> u64) -> u32 {
    (1..).find(|n| earliest(*n, &pause) > span).expect("pauses do not shrink")
}

/// The longest pause that a device can have begun `span` after its first failing message.
pub fn longest_pause(span: u64, pause: impl Fn(u32) -> u64) -> u64 {
    spread(pause(most_messages(span, &pause) - 1)).1
}

/// The most that `n` devices can be in a second if each is there with this chance, or less, independently of the others:
/// six standard deviations above the mean.
pub fn most(n: usize, chance: f64) -> f64 {
    let mean = n as f64 * chance;
    mean + 6.0 * mean.sqrt()
}

/// The least, if each is there with this chance or more.
pub fn least(n: usize, chance: f64) -> f64 {
    let mean = n as f64 * chance;
    mean - 6.0 * mean.sqrt()
}

/// When a device comes back after an outage of `outage`, its Update being due evenly over a period: the rules alone,
/// without the engine. Time since the server's return.
pub fn forecast(random: &mut Random, outage: u64) -> u64 {
    let mut at = random.up_to(PERIOD);
    for n in 0.. {
        let timeout = 2000 + random.up_to(1000);
        // a message is sent after 0, 1, 3, 7 and 15 timeouts
        let sent = (0..TRANSMISSIONS).map(|k| at + timeout * ((1 << k) - 1));
        if let Some(arrives) = sent.into_iter().find(|sent| *sent >= outage) {
            return arrives - outage;
        }
        let (least, greatest) = spread(pause(n));
        at += timeout * 31 + least + random.up_to(greatest - least);
    }
    unreachable!("an outage ends");
}

/// The arithmetic of this file, done by hand once.
#[test]
fn the_limits_follow_from_the_documented_pauses() {
    let starts: Vec<_> = (0..9).map(|n| earliest(n, pause)).collect();
    let by_hand = [0, 84_500, 191_500, 343_500, 585_500, 1_007_500, 1_789_500, 3_291_500, 6_053_500];
    assert_eq!(starts, by_hand);
    assert_eq!(most_messages(seconds(3600), pause), 8);
    assert_eq!(longest_pause(seconds(3600), pause), seconds(4500));
    // five attempts: 62 s each and three quarters of 60, 120, 240 and 480 s
    assert_eq!(earliest(4, pause_of_five) + GIVEN_UP.0, seconds(985));
    // 93 s each and five quarters
    assert_eq!(latest_end(4, pause_of_five), seconds(5 * 93 + 1125));
    assert_eq!(PERIOD, seconds(3507));
}
