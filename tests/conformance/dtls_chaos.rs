//! DTLS when everything happens at once: random sequences of what applications, networks, servers and batteries do. In the
//! end the device is registered, and no record number was used twice on the way.

use super::dtls::{IDENTITY, KEY, every_operation, psk, x509};
use whimbrel::capi::*;
use whimbrel_lab::device::{Options, Security};
use whimbrel_lab::dtls::{Settings, records};
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::{DEVICE, FIRST_ID, SERVER};
use whimbrel_lab::{Lab, Random, Setup, minutes, seconds};

const WEATHERS: [Weather; 4] = [
    Weather { loss: 0, duplication: 0, delay: 0, jitter: 0 },
    Weather { loss: 0, duplication: 30, delay: 100, jitter: 1500 },
    Weather { loss: 30, duplication: 20, delay: 50, jitter: 400 },
    Weather { loss: 60, duplication: 0, delay: 2000, jitter: 3000 },
];

fn established(lab: &mut Lab) -> bool {
    lab.gate().sessions() > 0
}

/// One thing that happens.
fn strike(lab: &mut Lab, random: &mut Random) {
    match random.up_to(19) {
        0 => lab.weather(WEATHERS[random.up_to(3) as usize]),
        1 => _ = lab.network.rebind(DEVICE),
        2 => lab.device.network(false, false),
        3 => lab.device.network(true, random.happens(50)),
        4 => lab.gate().forget_sessions(),
        5 => lab.gate().forget_all(),
        6 if established(lab) => lab.gate().close_if_heard(),
        7 if established(lab) => lab.gate().alert_if_heard(2, 20),
        8 => lab.power_cycle(),
        9 => lab
            .storage
            .cut_at(lab.storage.log().len() + random.up_to(3) as usize, whimbrel_lab::device::Moment::Torn),
        10 => _ = lab.device.update(FIRST_ID),
        11 => lab.device.links_die(WHIMBREL_ERR_LINK),
        12 => lab.network.partition_until(SERVER, lab.now() + random.up_to(minutes(5))),
        13 => {
            let key = if random.happens(50) { KEY } else { b"another sixteen." };
            if lab.setup.security.mode == WHIMBREL_PSK {
                let security = Security::psk(IDENTITY, key);
                lab.gate().know(IDENTITY.as_bytes(), key);
                assert_eq!(lab.device.secure(FIRST_ID, &security), WHIMBREL_OK);
                lab.setup.security = security;
            }
        }
        14 => lab.gate().restart(|settings| settings.connection_ids = !settings.connection_ids),
        15 => _ = lab.server.read("/3/0"),
        16 => _ = lab.server.observe("/3303/0/5700"),
        17 => lab.device.links_pending(random.up_to(5) as u32),
        18 => lab.device.modem_latency([0, 0, 300, 3000][random.up_to(3) as usize]),
        _ => lab.device.set("/3303/0/5700", random.up_to(99) as f64),
    }
}

fn chaos(setup: &Setup, seeds: u64) {
    let mut looked_at = 0;
    for seed in 0..seeds {
        let mut random = Random::new(seed);
        let mut lab = Setup { seed, ..setup.clone() }.switched_on();
        for _ in 0..40 {
            strike(&mut lab, &mut random);
            let pause = if random.happens(70) { seconds(5) } else { minutes(10) };
            lab.run(random.up_to(pause));
            if lab.storage.is_off() && random.happens(70) {
                lab.power_cycle();
            }
        }
        lab.weather(Weather::default());
        lab.network.heal(SERVER);
        lab.storage.cut_never();
        if lab.storage.is_off() {
            lab.power_cycle();
        }
        lab.device.modem_latency(0);
        lab.device.network(true, false);
        // the longest pause, and a handshake before and after it that nobody answers
        lab.run(minutes(90));
        lab.run_until(&format!("seed {seed}: registration"), minutes(90), |lab| {
            lab.device.is_registered(FIRST_ID)
        });
        lab.run(minutes(90));
        _ = lab.device.update(FIRST_ID);
        lab.run(seconds(5));
        every_operation(&mut lab, 7);
        let (reused, records) = records::reused(lab.network.records(), &lab.network.addresses_of(DEVICE));
        assert_eq!(reused, [], "seed {seed}");
        looked_at += records;
        assert!(lab.device.open_links() <= 1, "seed {seed}");
    }
    println!("chaos: {seeds} seeds, {looked_at} protected records");
}

#[test]
fn sec_006_c_o_anything_may_happen_to_a_session_with_a_pre_shared_key() {
    chaos(&Setup { persistent: true, lifetime: 1800, ..psk() }, 40);
}

#[test]
fn sec_006_c_o_anything_may_happen_to_a_session_with_certificates() {
    chaos(&Setup { persistent: true, lifetime: 1800, binding: "UQ", ..x509() }, 20);
}

#[test]
fn sec_006_c_o_anything_may_happen_to_a_session_without_connection_id() {
    let backend = Options { no_connection_id: true, psk_tickets: true, ..Options::default() };
    let gate = Settings { mtu: 140, ..Settings::default() };
    chaos(&Setup { persistent: true, lifetime: 1800, mtu: 140, gate, backend, ..psk() }, 40);
}
