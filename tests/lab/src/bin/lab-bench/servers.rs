//! Orders to servers: what they ask of clients, what came of it, how they answer, and what they were told.

use super::bench::{Bench, Kind, Party};
use super::order::Order;
use serde_json::{Map, Value, json};
use whimbrel_lab::dtls::{Certified, Gate, Settings, keys};
use whimbrel_lab::format;
use whimbrel_lab::server::{Entry, Event, Failure, Notification, Registration, Response};
use whimbrel_lab::sms::{Carrier, Gateway, Keys};
use whimbrel_lab::text::hex;
use whimbrel_lab::tlv;
use whimbrel_lab::{Answer, Code, Link, Operation, Request, Server};

impl Bench {
    pub fn server_order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        if op == "server.new" {
            let server = Server::new(self.seed + 1 + self.parties.len() as u64);
            return self.set_up(order, Kind::Management(Box::new(server)));
        }
        let party = self.party(order)?;
        match op {
            "server.ask" => {
                let request = request(order)?;
                let id = match order.get("number") {
                    Some(_) => {
                        let gateway = party.gateway.as_mut().ok_or("number: the server has none itself")?;
                        let peer = gateway.peer(order.text("number")?);
                        party.server().send_to(peer, request)
                    }
                    None => {
                        target(party, order)?;
                        party.server().send(request)
                    }
                };
                party.requests.push(id);
                Ok(json!({ "request": party.requests.len() - 1 }))
            }
            "server.observe" => {
                target(party, order)?;
                let id = party.server().observe_with(order.text("path")?, request(order)?.observe(0));
                let first = party.server().observation(id).request;
                party.requests.push(first);
                party.observations.push(id);
                Ok(json!({
                    "observation": party.observations.len() - 1, "request": party.requests.len() - 1,
                }))
            }
            "server.outcome" => outcome(party, order),
            "server.cancel" | "server.notifications" => observation(party, op, order),
            "server.answer" => answer(party, order),
            "server.settings" => settings(party, order),
            "server.log" => {
                let since = order.number_or("since", 0)?;
                Ok(party.server().log().iter().skip(since).map(entry).collect())
            }
            "server.registrations" => Ok(party.server().registrations().iter().map(registration).collect()),
            "server.complaints" => Ok(json!(party.server().complaints())),
            "server.lose" => {
                party.server().lose(order.text("endpoint")?);
                Ok(Value::Null)
            }
            "server.gate" => gate(party, order),
            "server.gateway" => {
                let gateway = party.gateway.as_ref().ok_or("the server has no number")?;
                let dropped =
                    gateway.dropped.iter().map(|(at, from, why)| json!([at, from, format!("{why:?}")]));
                Ok(json!({ "dropped": dropped.collect::<Vec<_>>(), "datagrams": gateway.records().len() }))
            }
            _ => Err(format!("there is no order {op}")),
        }
    }

    /// A new server, with what stands before it: `psk` or `certificate`, `number` with or without `keys`.
    pub fn set_up(&mut self, order: &Order<'_>, kind: Kind) -> Result<Value, String> {
        let (seed, centre) = (self.seed + 11, self.centre.clone());
        let gate = secured(order)?.map(|settings| Gate::new(&settings, seed));
        let gateway = order.get("number").map(|_| -> Result<Gateway, String> {
            let mut gateway = match gate {
                Some(_) => Gateway::for_dtls(&centre, order.text("number")?),
                None => Gateway::new(&centre, order.text("number")?),
            };
            if let Some(secret) = order.bytes_if("keys")? {
                gateway.protect(Keys::from_resources(&order.bytes("parameters")?, &secret)?);
            }
            // to the device itself, unless its packets end on its card
            gateway.secured = if order.flag("to_card")? { Carrier::SMARTCARD } else { Carrier::DEVICE };
            Ok(gateway)
        });
        let gateway = gateway.transpose()?;
        let party = self.add_party(order.text("name")?, kind)?;
        (party.gate, party.gateway) = (gate, gateway);
        Ok(json!({ "peer": party.peer.to_string() }))
    }
}

/// The settings of a DTLS server, where one is asked for.
fn secured(order: &Order<'_>) -> Result<Option<Settings>, String> {
    let mut settings = Settings::default();
    for psk in order.orders("psk")? {
        settings.psks.push((psk.bytes("identity")?, psk.bytes("key")?));
    }
    settings.certified = match order.text_or("certificate", "")? {
        "" => None,
        "server" => Some((keys::SERVER, keys::SERVER_KEY)),
        "elsewhere" => Some((keys::ELSEWHERE, keys::ELSEWHERE_KEY)),
        other => return Err(format!("certificate: there is no {other}")),
    }
    .map(|(certificate, key)| Certified { certificate, key, trust: keys::AUTHORITY });
    if order.get("number").is_some() {
        // one record is one short message
        settings.mtu = 140;
    }
    settings.connection_ids = order.flag_if("connection_ids")?.unwrap_or(true);
    let wanted = !settings.psks.is_empty() || settings.certified.is_some();
    Ok(wanted.then_some(settings))
}

fn target(party: &mut Party, order: &Order<'_>) -> Result<(), String> {
    if order.get("endpoint").is_some() {
        party.server().select(order.text("endpoint")?);
    }
    Ok(())
}

fn request(order: &Order<'_>) -> Result<Request, String> {
    let method = match order.text_or("method", "GET")? {
        "GET" => Code::GET,
        "POST" => Code::POST,
        "PUT" => Code::PUT,
        "DELETE" => Code::DELETE,
        other => return Err(format!("method: there is no {other}")),
    };
    let mut request = Request::new(method, order.text("path")?);
    if let Some(accept) = order.number_if("accept")? {
        request = request.accept(accept);
    }
    if let Some(payload) = order.bytes_if("payload")? {
        request = match order.number_if("format")? {
            Some(format) => request.content(format, payload),
            None => request.payload(payload),
        };
    }
    if let Some(szx) = order.number_if("blocks")? {
        request = if method == Code::GET { request.block2_szx(szx) } else { request.upload_szx(szx) };
    }
    Ok(if order.flag("non")? { request.non() } else { request })
}

fn outcome(party: &mut Party, order: &Order<'_>) -> Result<Value, String> {
    let id = *party.requests.get(order.number::<usize>("request")?).ok_or("request: there is none")?;
    let Some(outcome) = party.server().outcome(id) else { return Ok(Value::Null) };
    let mut told = match &outcome.result {
        Ok(response) => in_json(response),
        Err(failure) => json!({ "failure": match failure {
            Failure::NoClient => "nobody is registered to ask",
            Failure::TimedOut => "no answer in time",
            Failure::Reset => "answered by a Reset",
            Failure::GivenUp => "given up",
            Failure::Blocks(why) => why,
        }}),
    };
    told["sent"] = json!(outcome.sent);
    told["finished"] = json!(outcome.finished);
    told["retransmissions"] = json!(outcome.retransmissions);
    told["messages"] = json!(outcome.messages);
    Ok(told)
}

pub fn in_json(response: &Response) -> Value {
    let mut told = body(response.code, response.content_format(), &response.payload);
    told["time"] = json!(response.time);
    told["location"] = json!(response.location());
    told["separate"] = json!(response.is_separate());
    told["options"] = response.options.iter().map(|(number, value)| json!([number, hex(value)])).collect();
    told
}

fn body(code: Code, content_format: Option<u16>, payload: &[u8]) -> Value {
    let links = (content_format == Some(format::LINK)).then(|| Link::parse_list(payload));
    let tree = (content_format == Some(format::TLV)).then(|| tlv::decode(payload).ok()).flatten();
    json!({
        "code": code.to_string(), "format": content_format, "payload": hex(payload),
        "float": format::float(content_format, payload), "integer": format::integer(content_format, payload),
        "string": format::string(content_format, payload),
        "links": links.map(|links| links.iter().map(link).collect::<Vec<_>>()),
        "tlv": tree.map(|tree| branches(&tree)),
    })
}

pub fn link(link: &Link) -> Value {
    let attributes: Map<String, Value> =
        link.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    json!({ "path": link.path, "attributes": attributes })
}

/// By identifier: octets, or what is below.
fn branches(entries: &[tlv::Entry]) -> Value {
    let branch = |entry: &tlv::Entry| match entry.kind {
        tlv::Kind::ObjectInstance | tlv::Kind::MultipleResource => branches(&entry.children),
        tlv::Kind::Resource | tlv::Kind::ResourceInstance => json!(hex(&entry.value)),
    };
    Value::Object(entries.iter().map(|entry| (entry.id.to_string(), branch(entry))).collect())
}

fn observation(party: &mut Party, op: &str, order: &Order<'_>) -> Result<Value, String> {
    let place = order.number::<usize>("observation")?;
    let id = *party.observations.get(place).ok_or("observation: there is none")?;
    if op == "server.notifications" {
        let since = order.number_or("since", 0)?;
        let found = party.server().observation(id);
        let notifications: Vec<Value> = found.notifications.iter().skip(since).map(notification).collect();
        let standing = format!("{:?}", found.standing).to_lowercase();
        return Ok(json!({ "standing": standing, "notifications": notifications }));
    }
    if order.flag("reset")? {
        party.server().cancel_by_reset(id);
        return Ok(Value::Null);
    }
    let request = party.server().cancel_observe(id);
    party.requests.push(request);
    Ok(json!({ "request": party.requests.len() - 1 }))
}

fn notification(notification: &Notification) -> Value {
    let mut told = body(notification.code, notification.content_format, &notification.payload);
    told["time"] = json!(notification.time);
    told["confirmable"] = json!(notification.kind == whimbrel_lab::Type::Con);
    told["sequence"] = json!(notification.sequence);
    told["fresh"] = json!(notification.fresh);
    told["whole"] = json!(notification.whole);
    told
}

fn operation(order: &Order<'_>) -> Result<Operation, String> {
    match order.text("operation")? {
        "register" => Ok(Operation::Register),
        "update" => Ok(Operation::Update),
        "deregister" => Ok(Operation::Deregister),
        "bootstrap" => Ok(Operation::Bootstrap),
        other => Err(format!("operation: there is no {other}")),
    }
}

/// How the next request of a kind is answered, or all from now on.
fn answer(party: &mut Party, order: &Order<'_>) -> Result<Value, String> {
    let operation = operation(order)?;
    let mut answer = match (order.flag("silent")?, order.get("code")) {
        (true, _) => Some(Answer::silence()),
        (false, Some(_)) => Some(Answer::code(code(order.text("code")?)?)),
        (false, None) => None,
    };
    if let Some(delay) = order.number_if("delay")? {
        answer = Some(answer.unwrap_or_else(Answer::right).after(delay));
    }
    if order.flag("separate")? {
        answer = Some(answer.unwrap_or_else(Answer::right).separately());
    }
    let server = party.server();
    if order.flag("always")? {
        server.always(operation, answer);
    } else {
        for _ in 0..order.number_or("times", 1_u32)? {
            server.on_next(operation, answer.unwrap_or_else(Answer::right));
        }
    }
    Ok(Value::Null)
}

/// `4.04`
fn code(text: &str) -> Result<Code, String> {
    let (class, detail) = text.split_once('.').ok_or("code: as 4.04")?;
    let (class, detail) = (class.parse::<u8>(), detail.parse::<u8>());
    match (class, detail) {
        (Ok(class @ 0..=7), Ok(detail @ 0..=31)) => Ok(Code(class << 5 | detail)),
        _ => Err("code: as 4.04".into()),
    }
}

fn settings(party: &mut Party, order: &Order<'_>) -> Result<Value, String> {
    let settings = &mut party.server().settings;
    settings.ack_timeout = order.number_or("ack_timeout", settings.ack_timeout)?;
    settings.max_retransmit = order.number_or("max_retransmit", settings.max_retransmit)?;
    settings.response_wait = order.number_or("response_wait", settings.response_wait)?;
    settings.awake_window = order.number_or("awake_window", settings.awake_window)?;
    settings.respect_queue_mode = order.flag_if("respect_queue_mode")?.unwrap_or(settings.respect_queue_mode);
    settings.address_bound = order.flag_if("address_bound")?.unwrap_or(settings.address_bound);
    if order.get("version").is_some() {
        let (major, minor) = order.text("version")?.split_once('.').ok_or("version: as 1.1")?;
        settings.max_version = match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => (major, minor),
            _ => return Err("version: as 1.1".into()),
        };
    }
    Ok(Value::Null)
}

fn entry(entry: &Entry) -> Value {
    let event = match entry.event {
        Event::Expired => "expired".to_owned(),
        Event::Asked(operation) => format!("{operation:?}").to_lowercase(),
    };
    json!({
        "time": entry.time, "event": event, "endpoint": entry.endpoint, "path": entry.path,
        "queries": entry.said.queries, "payload": hex(&entry.payload),
        "answer": entry.answer.map(|code| code.to_string()),
    })
}

fn registration(found: &Registration) -> Value {
    json!({
        "endpoint": found.endpoint, "location": found.location, "peer": found.peer.to_string(),
        "lifetime": found.lifetime, "version": found.version, "binding": found.binding, "queue": found.queue,
        "sms": found.sms, "registered": found.registered, "refreshed": found.refreshed,
        "awake_until": found.awake_until, "expires": found.expires(),
        "links": found.links.iter().map(link).collect::<Vec<_>>(),
    })
}

/// What happened at the DTLS server, and what happens to its sessions.
fn gate(party: &mut Party, order: &Order<'_>) -> Result<Value, String> {
    let gate = party.gate.as_mut().ok_or("the server has no DTLS")?;
    match order.text_or("do", "tell")? {
        "tell" => {}
        "know" => gate.know(&order.bytes("identity")?, &order.bytes("key")?),
        "forget identities" => gate.forget_identities(),
        "forget sessions" => gate.forget_sessions(),
        "forget all" => gate.forget_all(),
        "close" => gate.close_if_heard(),
        other => return Err(format!("do: there is no {other}")),
    }
    let (full, resumed) = gate.handshakes();
    Ok(json!({ "full": full, "resumed": resumed, "sessions": gate.sessions() }))
}
