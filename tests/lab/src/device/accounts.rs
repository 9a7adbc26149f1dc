//! Whom the device knows from the start: the accounts and rights that the application gives.

use super::{Device, Security, Sms};
use crate::net::Peer;
use crate::scene::BOOTSTRAP;
use std::ffi::CString;
use std::ptr;
use whimbrel::capi::*;

/// A server account as the device's factory set it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Short Server ID.
    pub id: u16,
    /// Where the server is.
    pub peer: Peer,
    /// Lifetime in seconds.
    pub lifetime: u32,
    /// `U`, `UQ`, `S`, `SQ`, `US` or `UQS`.
    pub binding: &'static str,
    /// Default Minimum Period, 0 for none.
    pub pmin: u32,
    /// Default Maximum Period, 0 for none.
    pub pmax: u32,
    /// Disable Timeout in seconds.
    pub disable_timeout: u32,
    /// The inverse of `/1/x/6`.
    pub discard_offline: bool,
    /// What it is secured with.
    pub security: Security,
    /// Another URI than `coap://` or `coaps://` and the peer.
    pub uri: Option<String>,
    /// How it is reached by SMS.
    pub sms: Option<Sms>,
}

/// Who may do what with an object instance; instance 65535 is the right to create.
#[derive(Clone, Debug)]
pub struct Right {
    /// Object ID.
    pub object: u16,
    /// Object Instance ID.
    pub instance: u16,
    /// Short Server ID of the owner; 65535: a bootstrap's.
    pub owner: u16,
    /// Short Server IDs (0: all others) and their rights, as in `/2/x/2`.
    pub entries: Vec<(u16, u16)>,
}

/// The account of the LwM2M Bootstrap-Server as the device's factory set it. The default: NoSec, at once, for ever.
#[derive(Clone, Debug)]
pub struct BootstrapAccount {
    /// Where the server is.
    pub peer: Peer,
    /// Client Hold Off Time, in seconds.
    pub hold_off: u32,
    /// Bootstrap-Server Account Timeout, in seconds; 0: the account stays.
    pub account_timeout: u32,
    /// What it is secured with.
    pub security: Security,
    /// Another URI than `coap://` or `coaps://` and the peer.
    pub uri: Option<String>,
    /// How it is reached by SMS.
    pub sms: Option<Sms>,
}

impl Default for BootstrapAccount {
    fn default() -> Self {
        Self {
            peer: BOOTSTRAP,
            hold_off: 0,
            account_timeout: 0,
            security: Security::default(),
            uri: None,
            sms: None,
        }
    }
}

impl Account {
    /// The URI that it is given.
    pub fn uri(&self) -> String {
        self.uri.clone().unwrap_or_else(|| self.security.uri(self.peer))
    }
}

impl BootstrapAccount {
    /// The URI that it is given.
    pub fn uri(&self) -> String {
        self.uri.clone().unwrap_or_else(|| self.security.uri(self.peer))
    }
}

impl Device {
    /// Adds a server account.
    pub fn add_account(&mut self, account: &Account) -> i32 {
        let binding = CString::new(account.binding).expect("no NUL");
        let given = whimbrel_account_t {
            binding: binding.as_ptr(),
            lifetime_s: account.lifetime,
            pmin_s: account.pmin,
            pmax_s: account.pmax,
            disable_timeout_s: account.disable_timeout,
            short_server_id: account.id,
            discard_offline: account.discard_offline.into(),
            ..NOTHING
        };
        self.add(&account.uri(), &account.security, account.sms.as_ref(), given)
    }

    /// Adds the account of the bootstrap server.
    pub fn add_bootstrap_account(&mut self, account: &BootstrapAccount) -> i32 {
        let given = whimbrel_account_t {
            bootstrap_server: 1,
            hold_off_s: account.hold_off,
            account_timeout_s: account.account_timeout,
            ..NOTHING
        };
        self.add(&account.uri(), &account.security, account.sms.as_ref(), given)
    }

    fn add(&mut self, uri: &str, security: &Security, sms: Option<&Sms>, account: whimbrel_account_t) -> i32 {
        let credentials = security.given();
        let uri = CString::new(uri).expect("no NUL");
        let security = if *security == Security::default() { ptr::null() } else { &credentials };
        let mut add = |sms| {
            let given = whimbrel_account_t { uri: uri.as_ptr(), security, sms, ..account };
            // SAFETY: the account is copied
            self.call(|client| unsafe { whimbrel_account_add(client, &given) })
        };
        match sms {
            Some(sms) => sms.show(add),
            None => add(ptr::null()),
        }
    }

    /// Adds an instance of the Access Control object.
    pub fn add_right(&mut self, right: &Right) -> i32 {
        let entries: Vec<_> = right
            .entries
            .iter()
            .map(|(short_server_id, rights)| whimbrel_right_t {
                short_server_id: *short_server_id,
                rights: *rights,
            })
            .collect();
        let given = whimbrel_access_entry_t {
            size: size_of::<whimbrel_access_entry_t>(),
            object: right.object,
            instance: right.instance,
            owner: right.owner,
            right_count: entries.len() as u16,
            rights: entries.as_ptr(),
        };
        // SAFETY: the entry is copied
        self.call(|client| unsafe { whimbrel_access_add(client, &given) })
    }
}

const NOTHING: whimbrel_account_t = whimbrel_account_t {
    size: size_of::<whimbrel_account_t>(),
    uri: ptr::null(),
    binding: ptr::null(),
    lifetime_s: 0,
    pmin_s: 0,
    pmax_s: 0,
    disable_timeout_s: 0,
    short_server_id: 0,
    discard_offline: 0,
    security: ptr::null(),
    bootstrap_server: 0,
    hold_off_s: 0,
    account_timeout_s: 0,
    sms: std::ptr::null(),
};
