//! The main flows in bad weather, twenty seeds each: everything still arrives, and nothing happens twice.

use whimbrel_lab::format::{OPAQUE, TEXT, TLV};
use whimbrel_lab::net::Weather;
use whimbrel_lab::scene::FIRST_ID;
use whimbrel_lab::server::Failure;
use whimbrel_lab::{Code, Lab, Operation, Request, Setup, minutes, seconds, tlv};

const STORM: Weather = Weather { loss: 30, duplication: 20, delay: 50, jitter: 400 };

/// A registered device, and then the storm begins. The server tries often enough to succeed nearly always, and within
/// EXCHANGE_LIFETIME, after which its Message IDs mean something new.
fn storms() -> impl Iterator<Item = (u64, Lab)> {
    (0..20).map(|seed| {
        let mut lab = Setup { seed, lifetime: 3600, ..Setup::default() }.registered();
        lab.server.settings.ack_timeout = 200;
        lab.server.settings.max_retransmit = 9;
        lab.weather(STORM);
        (seed, lab)
    })
}

#[test]
fn cr_001_c_m_registration_arrives_in_a_storm() {
    for seed in 0..20 {
        let mut lab = Setup { seed, lifetime: 3600, servers: 2, ..Setup::default() }.switched_on();
        lab.weather(STORM);
        lab.run_until("both registrations", minutes(60), |lab| {
            lab.device.is_registered(FIRST_ID) && lab.device.is_registered(102)
        });
        lab.run(minutes(600));
        lab.weather(Weather::default());
        lab.run(minutes(90));
        assert!(lab.server.registered("whimbrel").is_some(), "seed {seed}");
        assert!(lab.device.is_registered(FIRST_ID), "seed {seed}");
    }
}

/// Registered through hours of storm: Updates arrive before the lifetime ends, nearly always.
#[test]
fn cr_008_c_m_updates_keep_the_registration_alive_in_a_storm() {
    let mut expiries = 0;
    for (_, mut lab) in storms() {
        lab.run(minutes(60 * 24));
        expiries += lab.server.expiries();
    }
    assert!(expiries <= 20, "{expiries} of about 500 lifetimes ended");
}

/// What a server asks for is done once, however often it must be said.
#[test]
fn dmse_011_c_m_execute_counts_are_exact_in_a_storm() {
    let mut answered = 0;
    for (seed, mut lab) in storms() {
        for _ in 0..20 {
            let before = lab.device.executed("/26241/0/20");
            let execute = lab.server.execute("/26241/0/20", "");
            let done = lab.done(execute);
            let times = lab.device.executed("/26241/0/20") - before;
            match done {
                Ok(response) => assert_eq!((response.code, times), (Code::CHANGED, 1), "seed {seed}"),
                Err(_) => assert!(times <= 1, "seed {seed}"),
            }
            answered += usize::from(lab.server.code(execute).is_some());
        }
    }
    assert!(answered >= 395, "{answered} of 400 were answered");
}

/// Create, Write, Read, Delete, one after the other.
#[test]
fn dmse_012_c_m_management_arrives_in_a_storm() {
    for (seed, mut lab) in storms() {
        let create = Request::post("/26241").content(TLV, tlv::instance(3, &[tlv::resource(0, "a")]));
        assert_eq!(lab.send(create).code, Code::CREATED, "seed {seed}");
        assert_eq!(
            lab.send(Request::put("/26241/3/1").content(TEXT, "42")).code,
            Code::CHANGED,
            "seed {seed}"
        );
        assert_eq!(lab.text("/26241/3/1"), "42", "seed {seed}");
        assert_eq!(lab.send(Request::delete("/26241/3")).code, Code::DELETED, "seed {seed}");
        assert_eq!(lab.device.instances(), [0], "seed {seed}");
        lab.weather(Weather::default());
        lab.run(minutes(10));
        assert!(!lab.server.client().instances().contains(&(26241, 3)), "seed {seed}");
    }
}

/// Large values both ways.
#[test]
fn df_002_c_o_large_values_arrive_in_a_storm() {
    for (seed, mut lab) in storms() {
        let read = lab.send(Request::get("/26242/0/0").accept(OPAQUE).block2_szx(6));
        assert!(read.payload == lab.device.blob().content, "seed {seed}");
        let body: Vec<u8> = (0..4000).map(|i| (i % 253) as u8).collect();
        let write = lab.send(Request::put("/26242/0/1").content(OPAQUE, body.clone()).upload_szx(5));
        assert_eq!(write.code, Code::CHANGED, "seed {seed}");
        assert!(lab.device.blob().complete == [body], "seed {seed}");
    }
}

/// Confirmable notifications: the last value arrives.
#[test]
fn ir_002_c_m_the_last_value_arrives_in_a_storm() {
    for seed in 0..20 {
        let mut lab = Setup { seed, confirm: true, ..Setup::default() }.registered();
        let observation = lab.observe("/3303/0/5700");
        lab.weather(Weather { loss: 20, ..STORM });
        for celsius in 0..10 {
            lab.device.set("/3303/0/5700", f64::from(celsius));
            lab.run(seconds(7));
        }
        lab.run(minutes(10));
        if lab.server.count(Operation::Register) == 1 {
            assert_eq!(lab.server.notified(observation).last(), Some(&9.0), "seed {seed}");
        }
    }
}

/// A deferred answer arrives, once.
#[test]
fn dmse_011_c_m_deferred_answers_arrive_in_a_storm() {
    for (seed, mut lab) in storms() {
        lab.weather(Weather { loss: 20, ..STORM });
        let execute = lab.server.execute("/26243/0/5", "");
        lab.run_until("the handler", minutes(60), |lab| lab.device.executed("/26243/0/5") == 1);
        lab.run(seconds(5));
        assert_eq!(lab.device.complete("/26243/0/5", 0), 0);
        let done = lab.done(execute);
        assert!(
            matches!(&done, Ok(response) if response.code == Code::CHANGED) || done == Err(Failure::TimedOut),
            "seed {seed}: {done:?}"
        );
        assert_eq!(lab.device.executed("/26243/0/5"), 1, "seed {seed}");
    }
}

/// De-register arrives, or the client stops at least.
#[test]
fn cr_009_c_o_goodbye_in_a_storm() {
    for (seed, mut lab) in storms() {
        lab.device.stop();
        lab.run(minutes(3));
        assert_eq!(lab.device.events_of(whimbrel::capi::WHIMBREL_EVENT_STOPPED).len(), 1, "seed {seed}");
        assert!(lab.server.count(Operation::Deregister) <= 1, "seed {seed}");
    }
}

/// Twenty devices and one server.
#[test]
fn cr_001_c_m_many_devices_share_a_server_in_a_storm() {
    let mut lab = Setup { others: 19, lifetime: 3600, ..Setup::default() }.switched_on();
    lab.weather(STORM);
    lab.run(minutes(120));
    assert!(lab.server.registrations().len() >= 19, "{}", lab.server.registrations().len());
}
