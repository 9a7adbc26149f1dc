use super::*;

const A: Peer = peer(1);
const B: Peer = peer(2);

/// What arrives at B, and when, of 200 numbered datagrams sent by A ten milliseconds apart.
fn arrivals(seed: u64, weather: Weather) -> Vec<(u64, Vec<u8>)> {
    let mut network = Network::new(seed);
    network.weather = weather;
    let mut arrivals = Vec::new();
    for n in 0..200_u8 {
        network.advance_to(u64::from(n) * 10);
        network.send(A, B, &[n]);
    }
    while let Some(time) = network.next_deadline() {
        network.advance_to(time);
        arrivals.extend(network.receive().map(|datagram| (network.now(), datagram.bytes)));
    }
    arrivals
}

#[test]
fn perfect_wire_delivers_at_once_and_in_order() {
    let mut network = Network::new(0);
    network.send(A, B, b"one");
    network.send(A, B, b"two");
    assert_eq!(network.receive(), Some(Datagram { from: A, to: B, bytes: b"one".to_vec() }));
    assert_eq!(network.receive().unwrap().bytes, b"two");
    assert_eq!(network.receive(), None);
}

#[test]
fn the_same_seed_repeats_a_run_and_another_does_not() {
    let storm = Weather { loss: 20, duplication: 10, delay: 40, jitter: 60 };
    assert_eq!(arrivals(7, storm), arrivals(7, storm));
    assert_ne!(arrivals(7, storm), arrivals(8, storm));
}

#[test]
fn loss_and_duplication_come_in_the_ordered_share() {
    let lossy = arrivals(1, Weather { loss: 25, ..Weather::default() }).len();
    assert!((130..170).contains(&lossy), "{lossy} of 200 with 25 % loss");
    let doubled = arrivals(1, Weather { duplication: 25, ..Weather::default() }).len();
    assert!((230..270).contains(&doubled), "{doubled} of 200 with 25 % duplication");
    assert_eq!(arrivals(1, Weather { loss: 100, ..Weather::default() }), []);
}

#[test]
fn jitter_above_the_sending_gap_reorders() {
    let in_order = |list: &[(u64, Vec<u8>)]| list.windows(2).all(|pair| pair[0].1 < pair[1].1);
    let calm: Vec<_> =
        arrivals(3, Weather { delay: 50, ..Weather::default() }).into_iter().take(200).collect();
    assert!(in_order(&calm));
    assert!(!in_order(&arrivals(3, Weather { jitter: 50, ..Weather::default() })));
}

#[test]
fn ordered_faults_hit_exactly_what_was_named() {
    let mut network = Network::new(0);
    network.drop_after(A, 1, 1);
    network.duplicate_next(B, 1);
    for byte in 0..3 {
        network.send(A, B, &[byte]);
    }
    network.send(B, A, &[9]);
    let arrived: Vec<_> =
        std::iter::from_fn(|| network.receive()).map(|datagram| datagram.bytes[0]).collect();
    assert_eq!(arrived, [0, 2, 9, 9]);
    assert_eq!(network.records()[1].arrivals, [0; 0]);
    assert_eq!((network.sent_by(A), network.sent_by(B)), (3, 1));
}

#[test]
fn partition_loses_what_is_sent_and_what_is_under_way() {
    let mut network = Network::new(0);
    network.weather.delay = 100;
    network.send(A, B, b"under way");
    network.partition_until(B, 1000);
    network.send(B, A, b"out");
    network.advance_to(999);
    network.send(A, B, b"in");
    assert_eq!(network.receive(), None);
    network.advance_to(1000);
    network.send(A, B, b"again");
    network.advance_to(1100);
    assert_eq!(network.receive().unwrap().bytes, b"again");
    assert_eq!(network.receive(), None);
    assert!(network.records()[..3].iter().all(|record| record.arrivals.is_empty()));
}

#[test]
fn rebinding_changes_the_source_and_forgets_the_old_address() {
    let mut network = Network::new(0);
    let new = network.rebind(A);
    assert_ne!(new, A);
    network.send(A, B, b"hello");
    assert_eq!(network.receive().unwrap().from, new);
    network.send(B, A, b"to the old address");
    network.send(B, new, b"to the new address");
    let datagram = network.receive().unwrap();
    assert_eq!((datagram.to, datagram.bytes.as_slice()), (A, &b"to the new address"[..]));
    assert_eq!(network.receive(), None);
}
