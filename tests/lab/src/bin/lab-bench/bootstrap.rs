//! Orders to bootstrap servers, and bootstrap files: what servers a device is to know.

use super::bench::{Bench, Kind};
use super::order::Order;
use super::servers::{in_json, link};
use serde_json::{Value, json};
use whimbrel_lab::bootstrap::{AccessValues, Configuration, SecurityValues, ServerValues, Session};
use whimbrel_lab::{BootstrapServer, Plan, Step, tlv};

impl Bench {
    pub fn bootstrap_order(&mut self, op: &str, order: &Order<'_>) -> Result<Value, String> {
        match op {
            "bootstrap.new" => {
                let server = BootstrapServer::new(self.seed + 3);
                return self.set_up(order, Kind::Bootstrap(Box::new(server)));
            }
            "bootstrap.file" => {
                let file = configuration(order)?.file();
                return Ok(json!(whimbrel_lab::text::hex(&file)));
            }
            _ => {}
        }
        let party = self.party(order)?;
        let gateway = party.gateway.as_mut();
        let Kind::Bootstrap(server) = &mut party.kind else { return Err("no bootstrap server".into()) };
        match op {
            "bootstrap.plan" => {
                server.plan(plan(order)?);
                Ok(Value::Null)
            }
            "bootstrap.begin" => {
                let peer = match (order.get("number"), gateway) {
                    (Some(_), Some(gateway)) => gateway.peer(order.text("number")?),
                    _ => order.peer("peer")?,
                };
                Ok(json!(server.begin(peer, plan(order)?)))
            }
            "bootstrap.sessions" => Ok(server.sessions().iter().map(session).collect()),
            _ => Err(format!("there is no order {op}")),
        }
    }
}

/// The steps as they are, or what a configuration takes.
fn plan(order: &Order<'_>) -> Result<Plan, String> {
    if order.get("steps").is_none() {
        return Ok(configuration(order)?.plan());
    }
    let step = |step: &Order<'_>| -> Result<Step, String> {
        Ok(match step.text("do")? {
            "discover" => Step::discover(step.text("path")?),
            "read" => Step::read(step.text("path")?),
            "delete" => Step::delete(step.text("path")?),
            "write" => Step::write_as(step.text("path")?, step.number("format")?, step.bytes("payload")?),
            "pause" => Step::Pause(step.number("milliseconds")?),
            "finish" => Step::finish(),
            other => return Err(format!("do: there is no {other}")),
        })
    };
    Ok(Plan::new(order.orders("steps")?.iter().map(step).collect::<Result<Vec<_>, _>>()?))
}

/// Instances of the objects 0, 1 and 2 by their resources' names.
pub fn configuration(order: &Order<'_>) -> Result<Configuration, String> {
    let mut made = Configuration::default();
    for one in order.orders("security")? {
        made = made.security(one.number("instance")?, security(&one)?);
    }
    for one in order.orders("servers")? {
        made = made.server(one.number("instance")?, server(&one)?);
    }
    for one in order.orders("access")? {
        let mut acl = Vec::new();
        for right in one.orders("rights")? {
            acl.push((right.number("server")?, right.number("rights")?));
        }
        let (object, instance, owner) = (one.number("object")?, one.number("of")?, one.number("owner")?);
        made = made.access(one.number("instance")?, AccessValues::new(object, instance, owner, &acl));
    }
    Ok(made)
}

fn security(one: &Order<'_>) -> Result<SecurityValues, String> {
    let usage = one.number_if::<u8>("certificate_usage")?;
    Ok(SecurityValues {
        uri: one.text("uri")?.into(),
        bootstrap_server: one.flag("bootstrap_server")?,
        mode: one.number_or::<u8>("mode", 3)?.into(),
        identity: Some(one.bytes_if("identity")?.unwrap_or_default()),
        server_key: Some(one.bytes_if("server_key")?.unwrap_or_default()),
        secret_key: Some(one.bytes_if("secret_key")?.unwrap_or_default()),
        short_server_id: one.number_if("short_server_id")?,
        hold_off: one.number_if("hold_off_s")?,
        account_timeout: one.number_if("account_timeout_s")?,
        // the resource has 0 to 3 where C says 1 to 4
        certificate_usage: usage.and_then(|usage| usage.checked_sub(1)),
        sni: one.get("sni").map(|_| one.text("sni")).transpose()?.map(str::to_owned),
        more: sms(one)?,
        ..SecurityValues::default()
    })
}

/// Resources 6 to 9.
fn sms(one: &Order<'_>) -> Result<Vec<u8>, String> {
    let Some(mode) = one.number_if::<u8>("sms_mode")? else { return Ok(Vec::new()) };
    let mut more = tlv::resource(6, [mode]);
    if let Some(keys) = one.bytes_if("sms_keys")? {
        more.extend(tlv::resource(7, one.bytes("sms_parameters")?));
        more.extend(tlv::resource(8, keys));
    }
    if one.get("sms_number").is_some() {
        more.extend(tlv::resource(9, one.text("sms_number")?));
    }
    Ok(more)
}

fn server(one: &Order<'_>) -> Result<ServerValues, String> {
    let default = ServerValues::new(one.number("short_server_id")?);
    Ok(ServerValues {
        lifetime: one.number_or("lifetime_s", default.lifetime)?,
        pmin: one.number_if("pmin_s")?,
        pmax: one.number_if("pmax_s")?,
        disable_timeout: one.number_if("disable_timeout_s")?,
        storing: !one.flag("discard_offline")?,
        binding: one.text_or("binding", "U")?.into(),
        priority: one.number_if("priority")?,
        initial_delay: one.number_if("initial_delay_s")?,
        failure_block: one.flag_if("failure_block")?,
        bootstrap_on_failure: one.flag_if("bootstrap_on_failure")?,
        retry_count: one.number_if("retry_count")?,
        retry_timer: one.number_if("retry_timer_s")?,
        sequence_delay: one.number_if("sequence_delay_s")?,
        sequence_count: one.number_if("sequence_count")?,
        ..default
    })
}

fn session(session: &Session) -> Value {
    let done = session.done.iter().map(|done| {
        json!({ "step": done.step.to_string(), "time": done.time, "answer": done.response().map(in_json) })
    });
    let found =
        session.answered().find(|done| done.step.to_string() == "GET /").and_then(|done| done.response());
    let links = found.map(|response| whimbrel_lab::Link::parse_list(&response.payload));
    json!({
        "endpoint": session.endpoint, "began": session.began, "queries": session.queries(),
        "steps": done.collect::<Vec<_>>(),
        "found": links.map(|links| links.iter().map(link).collect::<Vec<_>>()),
        "ending": session.ended.map(|(_, ending)| format!("{ending:?}").to_lowercase()),
        "finished": session.finish().map(|code| code.to_string()),
    })
}
