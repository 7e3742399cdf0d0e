//! The filters of `ansible.utils` on addresses.

use super::{Net, query, shown};
use crate::error::{Fault, Res};
use crate::filters::{given, int_of, soft};
use crate::run::{Args, Interp};
use crate::value::{Object, V};

/// Several values at once.
fn many(interp: &mut Interp<'_>, on: &V) -> Res<Option<Vec<V>>> {
    let several = match on {
        V::List(_) | V::Tuple(_) => true,
        V::Obj(object) => matches!(**object, Object::Iter(_)),
        _ => false,
    };
    Ok(if several { Some(interp.items(on)?.to_vec()) } else { None })
}

fn question(value: Option<V>) -> Res<String> {
    Ok(given(value).map(|q| soft(&q)).transpose()?.map_or(String::new(), |q| q.to_string()))
}

fn ask(interp: &mut Interp<'_>, on: V, args: Args, version: Option<u8>, alias: &str) -> Res<V> {
    let [query, wanted] = args.take(alias, ["query", "version"], 0)?;
    let query = question(query)?;
    let wanted = match wanted {
        None | Some(V::Bool(false)) => None,
        Some(v) => u8::try_from(int_of(&v, alias)?).ok(),
    };
    let version = version.or(wanted);
    if matches!(on, V::None | V::Float(_) | V::Dict(_) | V::Tuple(_)) {
        return Err(Fault::failed(format!(
            "`{alias}` takes a text, a number or a list, not a {}",
            on.type_name()
        )));
    }
    let Some(values) = many(interp, &on)? else { return query::one(&on, &query, version, alias) };
    let mut out = Vec::new();
    for value in values {
        interp.charge(1)?;
        let answer = query::one(&value, &query, version, alias)?;
        if answer.truth()? {
            out.push(answer);
        }
    }
    Ok(V::list(out))
}

pub(crate) fn ipaddr(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    ask(interp, on, args, None, "ipaddr")
}

pub(crate) fn ipv4(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    ask(interp, on, args, Some(4), "ipv4")
}

pub(crate) fn ipv6(interp: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    ask(interp, on, args, Some(6), "ipv6")
}

pub(crate) fn ipwrap(interp: &mut Interp<'_>, on: V, mut args: Args) -> Res<V> {
    // A question by position is not looked at there.
    args.positional.clear();
    let [query] = args.take("ipwrap", ["query"], 0)?;
    let query = question(query)?;
    let wrap = |value: &V| query::one(value, "wrap", None, "ipwrap");
    let Some(values) = many(interp, &on)? else {
        let answer = match query::one(&on, &query, None, "ipwrap") {
            Ok(answer) => answer,
            Err(_) if !on.is_undefined() => return Ok(on),
            failed => failed?,
        };
        return if answer.truth()? { wrap(&answer) } else { Ok(on) };
    };
    let mut out = Vec::new();
    for value in values {
        let yes = query::one(&value, &query, None, "ipwrap")?.truth()?;
        out.push(if yes { wrap(&value)? } else { value });
    }
    Ok(V::list(out))
}

pub(crate) fn ipmath(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [amount] = args.take("ipmath", ["amount"], 1)?;
    let text = soft(&on)?;
    let wrong = || Fault::failed(format!("You must pass a valid IP address; {text} is invalid"));
    let (version, address) = query::ip_of(&text).ok_or_else(wrong)?;
    let amount = int_of(&amount.unwrap_or(V::None), "ipmath")?;
    let most = if version == 4 { u128::from(u32::MAX) } else { u128::MAX };
    match address.checked_add_signed(amount).filter(|a| *a <= most) {
        Some(there) => Ok(V::from(shown(version, there))),
        None => Err(Fault::failed("ipmath: the result is no address")),
    }
}

/// The network of a value, as `ipaddr('subnet')` or `ipaddr('cidr')` has it.
fn net_of(value: &V) -> Res<Option<Net>> {
    let kind = query::one(value, "type", None, "ipaddr")?;
    let asked = match kind.as_str().map(|k| &**k) {
        Some("address") => "cidr",
        Some(_) => "subnet",
        None => return Ok(None),
    };
    Ok(query::one(value, asked, None, "ipaddr")?.as_str().and_then(|t| Net::parse(t)))
}

pub(crate) fn nthhost(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [index] = args.take("nthhost", ["query"], 0)?;
    let index = question(index)?;
    let Some(net) = net_of(&on)? else { return Ok(V::Bool(false)) };
    let Ok(n) = crate::text::number::parse_int(&index, 10) else { return Ok(V::Bool(false)) };
    if n > 0 && n.unsigned_abs() > net.size_less_one() {
        return Ok(V::Bool(false));
    }
    match query::at(&net, n) {
        Some(address) => Ok(V::from(net.show(address))),
        None => Err(Fault::failed("nthhost: index out range for address range size!")),
    }
}

pub(crate) fn ipsubnet(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [size, index] = args.take("ipsubnet", ["query", "index"], 0)?;
    let asked = question(size)?;
    let index = given(index).map(|i| match i.as_str() {
        Some(text) => crate::text::number::parse_int(text, 10)
            .map_err(|_| Fault::failed("ipsubnet: the index is no number")),
        None => int_of(&i, "ipsubnet"),
    });
    let index = index.transpose()?;
    let Some(net) = net_of(&on)? else { return Ok(V::Bool(false)) };
    let net = Net { address: net.first(), ..net };
    let is_address = net.size_less_one() == 0;
    if asked.is_empty() {
        return Ok(V::from(net.cidr()));
    }
    let width = i128::from(net.width());
    if !asked.bytes().all(|b| b.is_ascii_digit()) {
        return rank(&net, &asked);
    }
    let prefix: i128 = asked.parse().unwrap_or(i128::MAX);
    if prefix > width {
        return Ok(V::Bool(false));
    }
    let own = i128::from(net.prefix);
    let outside = || Fault::failed("ipsubnet: list index out of range");
    let Some(index) = index else {
        if is_address {
            return supernet(&net, prefix, 0).map(V::from).ok_or_else(outside);
        }
        if prefix < own {
            return Err(Fault::failed(format!("Requested subnet size of {prefix} is invalid")));
        }
        let bits = u32::try_from(prefix - own).unwrap_or(128);
        return Ok(V::from(1u128.checked_shl(bits).map_or_else(
            // 2 ** 128
            || "340282366920938463463374607431768211456".to_owned(),
            |n| n.to_string(),
        )));
    };
    if is_address {
        if index > width + 1 - index || index < prefix - width {
            return Ok(V::Bool(false));
        }
        return supernet(&net, prefix, index).map(V::from).ok_or_else(outside);
    }
    if prefix < own {
        // Python counts a fraction of a subnet, and that is its first.
        let wider = || V::from(format!("{}/{prefix}", net.show(net.first())));
        return Ok(if index == 0 { wider() } else { V::Bool(false) });
    }
    let bits = u32::try_from(prefix - own).unwrap_or(u32::MAX);
    let subnets = i128::checked_pow(2, bits);
    let index = match (index < 0, subnets) {
        (true, Some(all)) => index + all,
        (true, None) => return Err(crate::ops::too_big()),
        (false, _) => index,
    };
    if index < 0 || subnets.is_some_and(|all| index >= all) {
        return Ok(V::Bool(false));
    }
    let shift = u32::try_from(width - prefix).unwrap_or(0);
    let offset = u128::try_from(index).unwrap_or(0).checked_shl(shift).unwrap_or(0);
    Ok(V::from(format!("{}/{prefix}", net.show(net.first() + offset))))
}

/// The network of a prefix round an address, or the one `index` steps smaller.
fn supernet(net: &Net, prefix: i128, index: i128) -> Option<String> {
    let width = i128::from(net.width());
    // All networks from that prefix on down to the address's own, which is not one of them.
    let count = width - prefix;
    let index = if index < 0 { index + count } else { index };
    if !(0..count).contains(&index) {
        return None;
    }
    let wider = Net { prefix: u8::try_from(prefix + index).ok()?, ..*net };
    Some(wider.cidr())
}

/// Which of the subnets of its size a network is in another, from 1.
fn rank(net: &Net, other: &str) -> Res<V> {
    let Some(around) = net_of(&V::from(other))? else {
        return Err(Fault::failed(format!("You must pass a valid subnet or IP address; {other} is invalid")));
    };
    let outside = || Fault::failed(format!("{} is not in the subnet {}", net.cidr(), around.cidr()));
    if around.version != net.version || around.prefix > net.prefix {
        return Err(outside());
    }
    let around = Net { address: around.first(), ..around };
    if !around.holds(net) {
        return Err(outside());
    }
    let shift = u32::from(net.width() - net.prefix);
    let steps = (net.first() - around.first()).checked_shr(shift).unwrap_or(0);
    Ok(V::from(steps.saturating_add(1).to_string()))
}

pub(crate) fn network_in_usable(_: &mut Interp<'_>, on: V, args: Args) -> Res<V> {
    let [test] = args.take("network_in_usable", ["test"], 1)?;
    let (outer, inner) = match (net_of(&on)?, net_of(&test.unwrap_or(V::None))?) {
        (Some(outer), Some(inner)) => (outer, inner),
        // There two texts that are no addresses are in each other.
        (None, None) => return Err(Fault::failed("network_in_usable takes networks or addresses")),
        _ => return Ok(V::Bool(false)),
    };
    let (first, last) = match outer.size_less_one() {
        0 => (outer.address, outer.address),
        1 => (outer.first(), outer.last()),
        _ => (outer.first() + 1, outer.last() - 1),
    };
    let (low, high) = (inner.first(), inner.last());
    Ok(V::Bool(
        outer.version == inner.version && (first..=last).contains(&low) && (first..=last).contains(&high),
    ))
}
