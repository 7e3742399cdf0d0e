//! Names of ports that people may write instead of numbers.

use crate::Proto;

/// Names with their ports, as IANA registered them.
pub const NAMED_PORTS: &[(&str, &[(Proto, u16)])] = &[
    ("ssh", &[(Proto::Tcp, 22)]),
    ("dns", &[(Proto::Udp, 53), (Proto::Tcp, 53)]),
    ("http", &[(Proto::Tcp, 80)]),
    ("https", &[(Proto::Tcp, 443)]),
    ("nfs", &[(Proto::Tcp, 2049)]),
    ("ntp", &[(Proto::Udp, 123)]),
    ("smtp", &[(Proto::Tcp, 25)]),
    ("ldap", &[(Proto::Tcp, 389)]),
    ("ldaps", &[(Proto::Tcp, 636)]),
    ("mqtt", &[(Proto::Tcp, 1883)]),
    ("mqtts", &[(Proto::Tcp, 8883)]),
    ("postgresql", &[(Proto::Tcp, 5432)]),
    ("syslog", &[(Proto::Udp, 514)]),
];
