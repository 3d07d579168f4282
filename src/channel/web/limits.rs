//! How many visitors may be connected and how much each may ask, so that one page or machine cannot take it all.

use std::{
    collections::HashMap,
    hash::Hash,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::domain::tenant::TenantId;

/// Sockets that a tenant's visitors may have open.
pub const MAX_SOCKETS_OF_TENANT: usize = 2000;

/// Sockets that may be open from one address: an office shares one.
pub const MAX_SOCKETS_OF_ADDRESS: usize = 64;

/// Messages that may come from one address in a minute.
const MESSAGES_A_MINUTE: u32 = 120;

/// Files that may come from one address in a minute: each costs money.
const FILES_A_MINUTE: u32 = 12;

/// Addresses that are counted at once; beyond it the oldest counts are dropped.
const MAX_COUNTED: usize = 20_000;

/// No more are let in just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many are connected")]
pub struct Full;

/// Where a visitor comes from, as far as it is counted: an IPv4 address, or the network that an IPv6 address is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(Option<IpAddr>);

impl Network {
    /// The network of an address. One of this machine or of a private network is a proxy that nobody declared, behind
    /// which everybody would be one: it is not counted.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) if v4.is_loopback() || v4.is_private() || v4.is_link_local() => None,
            IpAddr::V6(v6) if v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() => None,
            IpAddr::V6(v6) => Some(IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)))),
            v4 @ IpAddr::V4(_) => Some(v4),
        })
    }
}

/// Who is let in.
#[derive(Debug, Default)]
pub struct Admissions {
    /// Guards the counts.
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    tenants: HashMap<TenantId, usize>,
    networks: HashMap<Network, usize>,
    messages: HashMap<Network, Minute>,
    files: HashMap<Network, Minute>,
}

/// What was counted since a minute began.
#[derive(Debug, Clone, Copy)]
struct Minute {
    began: Instant,
    count: u32,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Admissions {
    /// Lets a socket in.
    ///
    /// # Errors
    /// [`Full`].
    pub fn admit(self: &Arc<Self>, tenant: &TenantId, network: Network) -> Result<Admission, Full> {
        let mut counts = self.counts();
        let of_tenant = counts.tenants.get(tenant).copied().unwrap_or_default();
        let of_network = counts.networks.get(&network).copied().unwrap_or_default();
        if of_tenant >= MAX_SOCKETS_OF_TENANT || (network.0.is_some() && of_network >= MAX_SOCKETS_OF_ADDRESS)
        {
            return Err(Full);
        }
        *counts.tenants.entry(tenant.clone()).or_default() += 1;
        *counts.networks.entry(network).or_default() += 1;
        Ok(Admission { admissions: self.clone(), tenant: tenant.clone(), network })
    }

    /// Whether one more message may come from there.
    pub fn may_write(&self, network: Network) -> bool {
        count(&mut self.counts().messages, network, MESSAGES_A_MINUTE)
    }

    /// Whether one more file may come from there.
    pub fn may_upload(&self, network: Network) -> bool {
        count(&mut self.counts().files, network, FILES_A_MINUTE)
    }

    /// Drops counts of minutes that are over.
    pub(super) fn forget_the_past(&self) {
        let mut counts = self.counts();
        let now = Instant::now();
        let is_now = |_: &Network, minute: &mut Minute| now.duration_since(minute.began) < MINUTE;
        counts.messages.retain(is_now);
        counts.files.retain(is_now);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn count(counted: &mut HashMap<Network, Minute>, network: Network, most: u32) -> bool {
    if network.0.is_none() {
        return true;
    }
    if counted.len() >= MAX_COUNTED {
        counted.clear();
    }
    let now = Instant::now();
    let minute = counted.entry(network).or_insert(Minute { began: now, count: 0 });
    if now.duration_since(minute.began) >= MINUTE {
        *minute = Minute { began: now, count: 0 };
    }
    minute.count += 1;
    minute.count <= most
}

/// A socket's place, given back when it is dropped.
#[derive(Debug)]
pub struct Admission {
    admissions: Arc<Admissions>,
    tenant: TenantId,
    network: Network,
}

impl Drop for Admission {
    fn drop(&mut self) {
        let mut counts = self.admissions.counts();
        give_back(&mut counts.tenants, &self.tenant);
        give_back(&mut counts.networks, &self.network);
    }
}

fn give_back<K: Hash + Eq>(counted: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counted.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counted.remove(key);
        }
    }
}

/// How fast one page may send: a burst, and then one a second.
#[derive(Debug)]
pub struct Pace {
    left: f64,
    at: Instant,
}

/// What a page may send at once.
const BURST: f64 = 20.0;

impl Default for Pace {
    fn default() -> Self {
        Self { left: BURST, at: Instant::now() }
    }
}

impl Pace {
    /// Whether one more may be sent.
    pub fn allows(&mut self) -> bool {
        let now = Instant::now();
        self.left = BURST.min(self.left + now.duration_since(self.at).as_secs_f64());
        self.at = now;
        let allowed = self.left >= 1.0;
        if allowed {
            self.left -= 1.0;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Network {
        Network::of(address.parse().unwrap())
    }

    #[test]
    fn addresses_count_by_their_network_and_an_undeclared_proxy_does_not() {
        assert_eq!(network("2001:db8:0:1::7"), network("2001:db8:0:1:ffff::9"));
        assert_ne!(network("2001:db8:0:1::7"), network("2001:db8:0:2::7"));
        assert_eq!(network("::ffff:198.51.100.7"), network("198.51.100.7"));
        for proxy in ["127.0.0.1", "::1", "10.1.2.3", "172.17.0.1", "fd00::1"] {
            assert_eq!(network(proxy), Network(None), "{proxy}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_its_share_and_gets_it_again() {
        let (admissions, tenant) = (Arc::new(Admissions::default()), TenantId::parse("acme").unwrap());
        let (one, other) = (network("198.51.100.7"), network("198.51.100.8"));
        let mut inside: Vec<_> =
            (0..MAX_SOCKETS_OF_ADDRESS).map(|_| admissions.admit(&tenant, one).unwrap()).collect();
        assert!(admissions.admit(&tenant, one).is_err());
        assert!(admissions.admit(&tenant, other).is_ok());
        inside.pop();
        assert!(admissions.admit(&tenant, one).is_ok());
        assert!((0..FILES_A_MINUTE).all(|_| admissions.may_upload(one)));
        assert!(!admissions.may_upload(one) && admissions.may_upload(other) && admissions.may_write(one));
        tokio::time::advance(MINUTE).await;
        assert!(admissions.may_upload(one));
        tokio::time::advance(MINUTE).await;
        admissions.forget_the_past();
        assert!(admissions.counts().files.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_may_write_much_at_once_but_not_for_long() {
        let mut pace = Pace::default();
        assert_eq!((0..100).filter(|_| pace.allows()).count(), 20);
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!((0..100).filter(|_| pace.allows()).count(), 3);
    }
}
