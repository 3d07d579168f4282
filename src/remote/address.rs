//! Which addresses a tool may be at. A tool's host is the owner's choice, but a name can be made to point anywhere: so
//! what a name resolves to is checked too, at every connection.
//!
//! Nothing is ever asked at link-local addresses, where clouds keep the keys of a machine. This machine and private
//! networks are asked only where the owner wrote their very address (or `localhost`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::{
    dns::{Name, Resolve, Resolving},
    redirect::{Action, Attempt},
};
use url::{Host, Url};

/// The most redirects within a host that are followed.
const MAX_REDIRECTS: usize = 3;

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Anybody's.
    Public,
    /// This machine or a network of the owner's.
    Private,
    /// Never to be asked.
    Forbidden,
}

/// Whether the host of an address may be asked, as far as it is known without looking its name up.
///
/// # Errors
/// Why not.
pub(super) fn check(url: &Url) -> Result<(), String> {
    let literal = match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address),
        Some(Host::Ipv6(address)) => IpAddr::V6(address),
        Some(Host::Domain(_)) => return Ok(()),
        None => return Err("the address has no host".to_owned()),
    };
    match reach(literal) {
        Reach::Forbidden => Err("the address is link-local or reserved, which is never asked".to_owned()),
        Reach::Private | Reach::Public => Ok(()),
    }
}

/// Whether two addresses are the same place: scheme, host and port.
pub(super) fn is_same_place(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
}

/// Follows redirects within the place that was asked first, a few of them. Any other is the answer itself.
pub(super) fn redirect(attempt: Attempt<'_>) -> Action {
    let is_home = attempt.previous().first().is_some_and(|first| is_same_place(first, attempt.url()));
    if is_home && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

/// Looks names up and leaves out what may not be asked. Addresses written as numbers never come here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver;

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| may_be(&host, address.ip())).collect();
            if allowed.is_empty() {
                return Err("the name points to an address that is not asked".into());
            }
            Ok(Box::new(allowed.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

/// Whether a host of this name may be at this address.
fn may_be(host: &str, address: IpAddr) -> bool {
    let host = host.trim_end_matches('.');
    let is_this_machine = host.eq_ignore_ascii_case("localhost");
    match reach(address) {
        Reach::Public => true,
        Reach::Private => is_this_machine && address.to_canonical().is_loopback(),
        Reach::Forbidden => false,
    }
}

fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(address) => reach_v4(address),
        IpAddr::V6(address) => reach_v6(address),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, ..] = address.octets();
    match (a, b) {
        (169, 254) | (0, _) | (224.., _) => Reach::Forbidden,
        // 100.64.0.0/10 is between a provider and its customers, and one cloud keeps its keys there.
        (100, 64..=127) => Reach::Private,
        // Reserved for protocols and for tests of networks.
        (192, 0) | (198, 18 | 19) => Reach::Private,
        _ if address.is_loopback() || address.is_private() => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    let [first, second, ..] = segments;
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        reach_v4(Ipv4Addr::new(a, b, c, d))
    };
    match first {
        _ if address.is_loopback() => Reach::Private,
        _ if address.is_unspecified() => Reach::Forbidden,
        0xfe80..=0xfebf | 0xff00.. => Reach::Forbidden,
        0xfc00..=0xfdff => Reach::Private,
        // An address of version 4 in other clothes: NAT64 (RFC 6052), 6to4 (RFC 3056), and the old compatible form.
        0x0064 if second == 0xff9b => match segments {
            [.., high, low] => embedded(high, low),
        },
        0x2002 => match segments {
            [_, high, low, ..] => embedded(high, low),
        },
        0x0000 => match segments {
            [0, 0, 0, 0, 0, 0, high, low] => embedded(high, low),
            _ => Reach::Forbidden,
        },
        _ => Reach::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Reach {
        reach(text.parse().unwrap())
    }

    #[test]
    fn addresses_are_sorted_by_who_is_there() {
        for public in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::8.8.8.8", "2002:808:808::1"]
        {
            assert_eq!(of(public), Reach::Public, "{public}");
        }
        for private in [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.100.100.200",
            "fd00:ec2::254",
            "::ffff:10.0.0.1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::1",
            "::127.0.0.1",
            "198.18.0.1",
        ] {
            assert_eq!(of(private), Reach::Private, "{private}");
        }
        for forbidden in [
            "169.254.169.254",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "fe80::1",
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "255.255.255.255",
            "ff02::1",
            "0.1.2.3",
            "2002:a9fe:a9fe::",
        ] {
            assert_eq!(of(forbidden), Reach::Forbidden, "{forbidden}");
        }
    }

    #[test]
    fn a_name_is_never_this_machine_or_a_private_network_unless_it_says_so() {
        let check = |host: &str, address: &str, expected: bool| {
            assert_eq!(may_be(host, address.parse().unwrap()), expected, "{host} at {address}");
        };
        check("erp.example.com", "93.184.216.34", true);
        check("erp.example.com", "127.0.0.1", false);
        check("erp.example.com", "10.0.0.1", false);
        check("erp.example.com", "169.254.169.254", false);
        check("localhost", "127.0.0.1", true);
        check("LOCALHOST.", "::1", true);
        check("localhost", "10.0.0.1", false);
        check("localhost.example.com", "127.0.0.1", false);
    }

    #[test]
    fn an_address_that_the_owner_wrote_may_be_private_but_never_link_local() {
        let check = |url: &str| super::check(&Url::parse(url).unwrap()).is_ok();
        assert!(
            check("http://127.0.0.1:8080/x") && check("http://[::1]/") && check("http://192.168.1.10/erp")
        );
        assert!(!check("http://169.254.169.254/latest") && !check("http://[fe80::1]/"));
        // As browsers read it: decimal, octal and hexadecimal.
        assert!(
            !check("http://2852039166/")
                && !check("http://0xa9fea9fe/")
                && !check("http://0251.0376.0251.0376/")
        );
    }
}
