//! The demo's script, played with a fake client in virtual time.

mod common;

use common::polite::Polite;
use common::{CLIENT, SERVER};
use whimbrel_lab::demo::{STEPS, Wire, play};
use whimbrel_lab::{Network, Server, seconds};

/// A virtual network as the demo's wire.
struct Virtual {
    network: Network,
    client: Polite,
    printed: Vec<String>,
}

impl Wire for Virtual {
    fn now(&self) -> u64 {
        self.network.now()
    }

    fn step(&mut self, server: &mut Server, until: u64) {
        let until = until.min(self.network.now() + 10);
        self.network.run_until(until, &mut [(SERVER, server), (CLIENT, &mut self.client)]);
    }

    fn print(&mut self, line: &str) {
        self.printed.push(line.into());
    }
}

fn perform(rude: &'static str) -> (bool, Vec<String>) {
    let mut server = Server::new(1);
    let mut wire = Virtual { network: Network::new(1), client: Polite::new(rude), printed: Vec::new() };
    (play(STEPS, &mut wire, &mut server, seconds(40)), wire.printed)
}

#[test]
fn a_client_with_manners_passes_every_step() {
    let (passed, printed) = perform("");
    assert!(passed, "{printed:#?}");
    assert_eq!(printed.iter().filter(|line| line.trim() == "ok").count(), STEPS.len());
}

#[test]
fn the_step_that_did_not_happen_is_named() {
    for (rude, step) in
        [("/1/0/1", "Step 5 of 15"), ("/3303/0/5700", "Step 7 of 15"), ("/3/0/4", "Step 15 of 15")]
    {
        let (passed, printed) = perform(rude);
        assert!(!passed);
        assert!(printed.last().unwrap().starts_with(step), "{printed:#?}");
    }
}
