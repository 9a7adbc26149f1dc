//! The formats and parts that an application can name.

use super::adapter::{Platform, attach_bootstrap, attach_dtls, attach_persistence};
use super::types::{whimbrel_feature_t, whimbrel_format_t};
use crate::client::features::LIBRARY;
use crate::format::{Entry, JSON, OPAQUE, TEXT, TLV};

/// text/plain: single values as text (TS 1.0 section 6.4.1).
#[unsafe(no_mangle)]
pub static whimbrel_format_text: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&TEXT) };

/// application/octet-stream: single Opaque values (TS 1.0 section 6.4.2).
#[unsafe(no_mangle)]
pub static whimbrel_format_opaque: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&OPAQUE) };

/// application/vnd.oma.lwm2m+tlv (TS 1.0 section 6.4.3). Every 1.0 client needs it.
#[unsafe(no_mangle)]
pub static whimbrel_format_tlv: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&TLV) };

/// application/vnd.oma.lwm2m+json (TS 1.0 section 6.4.4), of LwM2M 1.0 only.
#[unsafe(no_mangle)]
pub static whimbrel_format_json: whimbrel_format_t = whimbrel_format_t { _entry: Entry(&JSON) };

/// Observe, Notify, Cancel and Write-Attributes (TS 1.0 sections 5.4.4 and 5.5). Without it an Observe is answered as a
/// Read (RFC 7641 section 4.1), and Write-Attributes with 4.05.
#[unsafe(no_mangle)]
pub static whimbrel_reporting: whimbrel_feature_t =
    whimbrel_feature_t { select: |features| features.reporting = Some(&LIBRARY), attach: None };

/// Request bodies that come in blocks (RFC 7959 section 2.5). Without it they are answered with 4.13. Answers go out in
/// blocks in any case, but only with it, and within whimbrel_limits_t.body, are all blocks of what is read of one moment: without,
/// a server cannot read in blocks what changes meanwhile (section 2.4).
#[unsafe(no_mangle)]
pub static whimbrel_transfers: whimbrel_feature_t =
    whimbrel_feature_t { select: |features| features.transfers = Some(&LIBRARY), attach: None };

/// Create and Delete by servers (TS 1.0 sections 5.4.6 and 5.4.7). Without it they are answered with 4.05.
#[unsafe(no_mangle)]
pub static whimbrel_creation: whimbrel_feature_t =
    whimbrel_feature_t { select: |features| features.creation = Some(&LIBRARY), attach: None };

/// Handlers that answer later, by whimbrel_complete() (RFC 7252 section 5.2.2). Without it WHIMBREL_DEFERRED is a
/// handler's failure.
#[unsafe(no_mangle)]
pub static whimbrel_deferral: whimbrel_feature_t =
    whimbrel_feature_t { select: |features| features.deferral = Some(&LIBRARY), attach: None };

/// DTLS by the backend that whimbrel_port_t.security names (TS 1.0 section 7.1). Needs whimbrel_limits_t.mtu. Without it every
/// account is NoSec, and `coaps://` is refused.
#[unsafe(no_mangle)]
pub static whimbrel_dtls: whimbrel_feature_t = whimbrel_feature_t {
    select: |features| features.securing = Some((&LIBRARY, &Platform)),
    attach: Some(attach_dtls),
};

/// What outlives a power cut, by whimbrel_port_t.storage_read and .storage_write: DTLS associations with the registrations,
/// observations and attributes that go with them. After a restart such a client sends an Update, without a handshake. Needs whimbrel_dtls.
#[unsafe(no_mangle)]
pub static whimbrel_persistence: whimbrel_feature_t =
    whimbrel_feature_t { select: |_| {}, attach: Some(attach_persistence) };

/// Bootstrap by a bootstrap server or by a provisioning blob (TS 1.0 section 5.2), and what LwM2M 1.1 says about the order of
/// registrations and about what follows when one fails. Needs whimbrel_limits_t.bootstrap. Without it the accounts are those
/// that the application adds.
#[unsafe(no_mangle)]
pub static whimbrel_bootstrap: whimbrel_feature_t =
    whimbrel_feature_t { select: |_| {}, attach: Some(attach_bootstrap) };
