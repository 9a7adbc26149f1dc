//! Addresses that change under way, as the NAT of a cellular network changes them.

use super::Peer;

/// What stands between some peers and the rest. A peer without an entry is seen as it is.
#[derive(Debug, Default)]
pub(super) struct Nat {
    /// Inside and outside address, oldest first.
    bindings: Vec<(Peer, Peer)>,
}

impl Nat {
    pub(super) fn outside(&self, inside: Peer) -> Peer {
        self.bindings.iter().rev().find(|(of, _)| *of == inside).map_or(inside, |(_, outside)| *outside)
    }

    /// Who receives what is sent to this address; `None` if its binding is gone.
    pub(super) fn inside(&self, address: Peer) -> Option<Peer> {
        let inside = self
            .bindings
            .iter()
            .find(|(_, outside)| *outside == address)
            .map_or(address, |(inside, _)| *inside);
        (self.outside(inside) == address).then_some(inside)
    }

    pub(super) fn rebind(&mut self, inside: Peer) -> Peer {
        let mut outside = inside;
        outside.set_port(50_000 + (self.bindings.len() % 15_000) as u16);
        self.bindings.push((inside, outside));
        outside
    }

    pub(super) fn all_of(&self, inside: Peer) -> Vec<Peer> {
        let rebound = self.bindings.iter().filter(|(of, _)| *of == inside).map(|(_, outside)| *outside);
        std::iter::once(inside).chain(rebound).collect()
    }
}
