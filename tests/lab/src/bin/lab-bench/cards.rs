//! Orders to cards: UICCs with a bootstrap file, in the hand of a device or in a modem.

use super::bench::Bench;
use super::order::Order;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use whimbrel_lab::sms::Keys;
use whimbrel_lab::text::hex;
use whimbrel_lab::uicc::{Chip, Description, Fault, Messages, Pin, Profile, Scp03, Uicc};

/// A card that may be in a modem at the same time.
pub struct Card(Arc<Mutex<Uicc>>);

impl Card {
    fn new(description: Description) -> Self {
        Self(Arc::new(Mutex::new(Uicc::new(description))))
    }

    pub fn chip(&self) -> Arc<Mutex<Uicc>> {
        Arc::clone(&self.0)
    }

    fn lock(&self) -> MutexGuard<'_, Uicc> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bench {
    pub fn card(&self, order: &Order<'_>) -> Result<&Card, String> {
        let name = order.text("card")?;
        self.cards.get(name).ok_or_else(|| format!("there is no card {name}"))
    }

    pub fn card_order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        if op == "card.new" {
            let card = Card::new(description(order)?);
            self.cards.insert(order.text("card")?.into(), card);
            return Ok(Value::Null);
        }
        let mut card = self.card(order)?.lock();
        match op {
            "card.apdu" => return Ok(json!(card.apdu(&order.bytes("command")?).map(|answer| hex(&answer)))),
            "card.toolkit" => {
                let arrived = order.bytes_if("tpdu")?;
                let out = card.toolkit(arrived.as_deref());
                return Ok(out.iter().map(|tpdu| hex(tpdu)).collect());
            }
            "card.reset" => return Ok(json!(hex(&card.reset()))),
            // other files on the same card: keys, counters and channels stay, and nobody is told
            "card.rewrite" => card.description.root = description(order)?.root,
            "card.fault" => {
                let fault = match order.number_if("status")? {
                    Some(status) => Fault::Status(status),
                    None => Fault::Silent,
                };
                card.fault(order.number_or("skip", 0)?, fault);
            }
            "card.trace" => {
                let since = order.number_or("since", 0)?;
                let lines = card.trace.iter().skip(since);
                return Ok(lines.map(|(command, got)| json!([hex(command), hex(got)])).collect());
            }
            "card.messages" => {
                let dropped: Vec<_> = card.dropped.iter().map(|why| format!("{why:?}")).collect();
                return Ok(json!({ "waiting": card.waiting(), "dropped": dropped }));
            }
            _ => return Err(format!("there is no order {op}")),
        }
        Ok(Value::Null)
    }
}

/// `description` as `tools/card/card.py make` writes it, or the plainest card with the file `bootstrap`.
fn description(order: &Order<'_>) -> Result<Description, String> {
    if let Some(value) = order.get("description") {
        return Description::from_json(&value.to_string());
    }
    let mut profile = Profile::new(order.bytes("bootstrap")?);
    if order.get("pin").is_some() {
        profile = profile.private(Pin::new(0x81, order.text("pin")?));
    }
    if order.get("iccid").is_some() {
        profile.iccid = order.text("iccid")?.into();
    }
    let mut made = profile.description();
    if let Some(enc) = order.bytes_if("key_enc")? {
        made.scp03 = Some(Scp03::new(&enc, &order.bytes("key_mac")?));
        if order.flag("secured")? {
            made.application(&whimbrel_lab::uicc::PKCS15).secured = true;
        }
    }
    let mut peers = Vec::new();
    for one in order.orders("messages")? {
        let keys = Keys::from_resources(&one.bytes("parameters")?, &one.bytes("keys")?)?;
        peers.push((one.text("number")?.to_owned(), keys));
    }
    if !peers.is_empty() {
        made.messages = Some(Messages::new(peers));
    }
    Ok(made)
}
