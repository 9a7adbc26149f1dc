//! Orders to the service centre, and to modems that speak AT.

use super::bench::{Bench, in_percent};
use super::order::Order;
use serde_json::{Value, json};
use whimbrel_lab::sms::modem::Options;
use whimbrel_lab::sms::{Fate, Fault, Modem, Phone, Record, Weather};
use whimbrel_lab::text::hex;

impl Bench {
    pub fn phone_order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        match op {
            "sms.phone" => {
                let number = order.text("number")?;
                self.phones.insert(number.into(), self.centre.phone(number));
                Ok(Value::Null)
            }
            "sms.submit" => {
                let phone = self.phones.get(order.text("number")?).ok_or("number: there is no such phone")?;
                let refused = phone.submit(order.number("now")?, &order.bytes("tpdu")?).err();
                Ok(json!({ "refused": refused }))
            }
            "sms.reachable" => {
                self.centre.reachable(order.number("now")?, order.text("number")?, order.flag("reachable")?);
                Ok(Value::Null)
            }
            "sms.weather" => self.sms_weather(order),
            "sms.lose" | "sms.double" | "sms.hold" | "sms.refuse" => self.sms_fault(op, order),
            "sms.records" => {
                let since = order.number_or("since", 0)?;
                Ok(self.centre.records().iter().skip(since).map(record).collect())
            }
            "modem.new" => {
                let number = order.text("number")?;
                let mut modem = Modem::new(self.centre.phone(number), options(order)?);
                if order.get("card").is_some() {
                    modem.fit(Box::new(self.card(order)?.chip()));
                }
                self.modems.insert(number.into(), modem);
                Ok(Value::Null)
            }
            _ => self.modem_order(op, order),
        }
    }

    fn modem_order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        let chip = if op == "modem.insert" { Some(self.card(order)?.chip()) } else { None };
        let modem = self.modems.get_mut(order.text("number")?).ok_or("number: there is no such modem")?;
        let now = order.number("now")?;
        match (op, chip) {
            ("modem.reset", _) => modem.reset(now),
            ("modem.silent", _) => modem.silent_until(order.number("until")?),
            ("modem.register", _) => modem.register(now, order.number("status")?),
            ("modem.plug", _) => modem.plug(now, order.flag("plugged")?),
            ("modem.fill", _) => modem.fill(),
            ("modem.fault", _) => {
                modem.fault_on(order.text("prefix")?, Fault::Result(order.text("result")?.to_owned()));
            }
            ("modem.pull", _) => _ = modem.remove_card(now),
            ("modem.insert", Some(chip)) => modem.insert_card(now, Box::new(chip)),
            ("modem.commands", _) => return Ok(json!(modem.commands())),
            _ => return Err(format!("there is no order {op}")),
        }
        Ok(Value::Null)
    }

    fn sms_weather(&self, order: &Order<'_>) -> Result<Value, String> {
        let percent = |name| order.number_or(name, 0).and_then(|n: u8| in_percent(name, n));
        self.centre.weather(Weather {
            loss: percent("loss")?,
            duplication: percent("duplication")?,
            delay: order.number_or("delay", 0)?,
            jitter: order.number_or("jitter", 0)?,
            ..Weather::default()
        });
        Ok(Value::Null)
    }

    fn sms_fault(&self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        let (from, count) = (order.text_or("from", "")?, order.number("count")?);
        match op {
            "sms.lose" => self.centre.drop_after(from, order.number_or("skip", 0)?, count),
            "sms.double" => self.centre.duplicate_next(from, count),
            "sms.hold" => self.centre.hold_next(from, count, order.number("milliseconds")?),
            _ => self.centre.refuse_next(from, count, order.number("cause")?),
        }
        Ok(Value::Null)
    }

    /// Short messages that have arrived for the numbers of the other process.
    pub fn arrived(&mut self, now: u64) -> Vec<Value> {
        let all = self.phones.iter().flat_map(|(number, phone): (&String, &Phone)| {
            std::iter::from_fn(move || phone.receive(now)).map(move |tpdu| json!([number, hex(&tpdu)]))
        });
        all.collect()
    }

    /// What the modems say by now.
    pub fn typed(&mut self, now: u64) -> Vec<Value> {
        let all = self.modems.iter_mut().map(|(number, modem)| (number, modem.output(now)));
        all.filter(|(_, said)| !said.is_empty()).map(|(number, said)| json!([number, hex(&said)])).collect()
    }
}

fn options(order: &Order<'_>) -> Result<Options, String> {
    let mut options =
        Options { type_ahead: true, card_takes: !order.flag("shows_card_messages")?, ..Options::default() };
    options.pin = order.get("pin").map(|_| order.text("pin").map(str::to_owned)).transpose()?;
    options.places = order.number_or("places", options.places)?;
    options.send_delay = order.number_or("send_delay", options.send_delay)?;
    options.boot = order.number_or("boot", options.boot)?;
    options.direct = order.flag_if("direct")?.unwrap_or(true);
    Ok(options)
}

fn record(record: &Record) -> Value {
    let copies = record.copies.iter().map(|fate| match fate {
        Fate::Arriving(at) => json!(["arriving", at]),
        Fate::Delivered(at) => json!(["delivered", at]),
        Fate::Expired(at) => json!(["expired", at]),
        Fate::Unknown(at) => json!(["unknown", at]),
    });
    json!({
        "time": record.time, "from": record.from, "to": record.to, "tpdu": hex(&record.tpdu),
        "text": record.submit.as_ref().map(|submit| hex(&submit.data.payload)),
        "copies": copies.collect::<Vec<_>>(),
    })
}
