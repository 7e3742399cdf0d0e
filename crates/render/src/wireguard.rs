//! WireGuard interfaces for wg-quick.

use crate::cx::Cx;
use crate::out::{HEADER, Out, SECRET};
use artifact::Text;
use derive::fleet::{WgInterface, WgPeer};
use engine::wireguard::{DAEMON, checked, file, seen, unit};

pub(crate) fn render(cx: &Cx<'_>, out: &mut Out<'_>) {
    for interface in &cx.host.wireguard {
        let why = &interface.why;
        let path = file(&interface.name);
        out.packages(DAEMON.packages, why);
        out.dir("/etc/wireguard", (0o700, "root", "root"), false, why);
        out.file(DAEMON.engine, &path, SECRET, text(interface), why);
        out.unit(&unit(&interface.name), DAEMON.stage, DAEMON.unit(&[&path], &[], why));
        out.check(checked(&interface.name));
        out.health(seen(&interface.name, why));
    }
}

fn text(interface: &WgInterface) -> Text {
    let why = &interface.why;
    let mut text = Text::new();
    text.line(HEADER, why);
    text.line("[Interface]", why);
    text.secret_line("PrivateKey = ", &interface.private_key, "", why);
    if let Some(port) = interface.listen_port {
        text.line(format!("ListenPort = {port}"), why);
    }
    text.line(format!("MTU = {}", interface.mtu), why);
    // Addresses and routes are networkd's.
    text.line("Table = off", why);
    for peer in &interface.peers {
        one_peer(peer, &mut text);
    }
    text
}

fn one_peer(peer: &WgPeer, text: &mut Text) {
    let why = &peer.why;
    text.blank(why);
    text.line(format!("# {}", peer.host), why);
    text.line("[Peer]", why);
    text.line(format!("PublicKey = {}", peer.public_key), why);
    if let Some(endpoint) = peer.endpoint {
        text.line(format!("Endpoint = {endpoint}"), why);
    }
    for (net, why) in &peer.allowed_ips {
        text.line(format!("AllowedIPs = {net}"), why);
    }
    if let Some(seconds) = peer.keepalive_s {
        text.line(format!("PersistentKeepalive = {seconds}"), why);
    }
}
