//! How the device's configuration changes, as the application has a hand in it: bootstrap, provisioning, storage.

use super::Device;
use whimbrel::capi::*;

impl Device {
    /// Asks the bootstrap server for a bootstrap.
    pub fn start_bootstrap(&mut self) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_bootstrap_start(client) })
    }

    /// Takes a provisioning blob, which is overwritten afterwards as an application should.
    pub fn provision(&mut self, blob: &[u8]) -> i32 {
        let mut blob = blob.to_vec();
        // SAFETY: the client lives; the blob is only read during the call
        let status = self.call(|client| unsafe { whimbrel_provision(client, blob.as_ptr(), blob.len()) });
        blob.fill(0);
        status
    }

    /// Takes up what is stored.
    pub fn load_configuration(&mut self) -> i32 {
        // SAFETY: the client lives
        let status = self.call(|client| unsafe { whimbrel_configuration_load(client) });
        self.loaded = Some(status);
        status
    }

    /// Removes what is stored.
    pub fn erase_configuration(&mut self) -> i32 {
        // SAFETY: the client lives
        self.call(|client| unsafe { whimbrel_configuration_erase(client) })
    }

    /// What [`Device::load_configuration`] said, if it was called: a number of accounts or a status.
    pub const fn loaded(&self) -> Option<i32> {
        self.loaded
    }
}
