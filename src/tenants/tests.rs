//! The registry against tenants that come, go and break.

use std::{fs, path::Path};

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::{
    clock::{Ids, ManualClock},
    config::{Config, ConfigSource, env::Env},
    domain::{contact::Identity, conversation::ChannelKind, message::Inbound},
    knowledge::embed::Embedder,
};

struct World {
    folder: tempfile::TempDir,
    tenants: Tenants,
    clock: Clock,
    hands: ManualClock,
}

fn write(folder: &Path, name: &str, text: &str) {
    let of_tenant = folder.join("tenants").join(name);
    fs::create_dir_all(&of_tenant).unwrap();
    fs::write(of_tenant.join("tenant.toml"), text).unwrap();
}

fn world(names: &[&str], settings: &str) -> World {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("tenants")).unwrap();
    for name in names {
        write(folder.path(), name, "name = \"Test\"\n");
    }
    let file = folder.path().join("chatbot.toml");
    fs::write(&file, settings).unwrap();
    let source = ConfigSource::new(Some(file), Env::fixed([]));
    let config = Arc::new(Config::load(&source).unwrap());
    let (clock, hands) = Clock::manual(Timestamp::from_second(1_800_000_000).unwrap());
    let embedder = Arc::new(Embedder::builtin().unwrap());
    let tenants = Tenants::list(Arc::new(LiveConfig::new(source, config)), embedder, clock.clone()).unwrap();
    World { folder, tenants, clock, hands }
}

fn id(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn open_ids(tenants: &Tenants) -> String {
    tenants.open_ids().iter().map(TenantId::as_str).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_tenant_is_opened_when_it_is_used_and_closed_when_it_is_idle() {
    let w = world(&["a", "b"], "");
    assert_eq!(open_ids(&w.tenants), "");
    let a = w.tenants.get(&id("a")).await.unwrap();
    drop(w.tenants.get(&id("b")).await.unwrap());
    assert_eq!(open_ids(&w.tenants), "a b");
    w.hands.advance(SignedDuration::from_secs(60));
    assert_eq!(w.tenants.close_idle(Duration::from_secs(61)).await, 0);
    assert_eq!(w.tenants.close_idle(Duration::from_secs(60)).await, 1, "a is in use");
    assert_eq!(open_ids(&w.tenants), "a");
    drop(a);
    assert_eq!(w.tenants.close_idle(Duration::ZERO).await, 1);
}

#[tokio::test]
async fn a_look_does_not_keep_an_idle_tenant_open() {
    let w = world(&["a"], "");
    drop(w.tenants.get(&id("a")).await.unwrap());
    w.hands.advance(SignedDuration::from_secs(60));
    drop(w.tenants.look(&id("a")).await.unwrap());
    assert_eq!(w.tenants.close_idle(Duration::from_secs(60)).await, 1);
}

#[tokio::test]
async fn the_tenant_not_used_for_longest_makes_place_and_one_at_work_never_does() {
    let w = world(&["a", "b", "c"], "[worker]\nmax_open_tenants = 2\n");
    for name in ["b", "a"] {
        drop(w.tenants.get(&id(name)).await.unwrap());
        w.hands.advance(SignedDuration::from_secs(1));
    }
    let c = w.tenants.get(&id("c")).await.unwrap();
    assert_eq!(open_ids(&w.tenants), "a c", "b was used before a");
    let a = w.tenants.get(&id("a")).await.unwrap();
    let b = id("b");
    let mut third = Box::pin(w.tenants.get(&b));
    assert!(third.as_mut().now_or_never().is_none(), "both places are at work");
    drop(c);
    third.await.unwrap();
    assert_eq!(open_ids(&w.tenants), "a b");
    drop(a);
}

#[tokio::test]
async fn a_broken_tenant_is_unavailable_with_the_reason_until_it_is_repaired_and_the_others_are_served() {
    let w = world(&["good"], "");
    write(w.folder.path(), "wrong", "name = \"Test\"\nlanguage = \"fr\"\n");
    let database = w.tenants.database(&id("good")).with_file_name("damaged.db");
    write(w.folder.path(), "damaged", "name = \"Test\"\n");
    fs::create_dir_all(database.parent().unwrap()).unwrap();
    fs::write(&database, "this is not a database").unwrap();

    let refused = w.tenants.get(&id("wrong")).await.unwrap_err();
    assert!(refused.to_string().contains("tenant.toml:2"), "{refused}");
    let refused = w.tenants.get(&id("damaged")).await.unwrap_err();
    assert!(refused.to_string().contains("damaged.db: the database is damaged"), "{refused}");
    w.tenants.get(&id("good")).await.unwrap();
    let status = w.tenants.status(&id("wrong")).unwrap();
    assert_eq!((status.status, status.config_errors[0].line), (TenantState::Unavailable, Some(2)));
    assert!(matches!(w.tenants.get(&id("none")).await, Err(TenantError::Unknown(_))));

    write(w.folder.path(), "wrong", "name = \"Test\"\n");
    fs::remove_file(&database).unwrap();
    for name in ["wrong", "damaged"] {
        w.tenants.get(&id(name)).await.unwrap();
        let status = w.tenants.status(&id(name)).unwrap();
        assert_eq!((status.status, status.reason), (TenantState::Open, None));
    }
}

#[tokio::test]
async fn a_reload_takes_up_what_changed_and_keeps_what_broke() {
    let w = world(&["changed", "gone", "off", "same", "broken"], "");
    for name in ["changed", "gone", "off", "same", "broken"] {
        drop(w.tenants.get(&id(name)).await.unwrap());
    }
    let before = w.tenants.get(&id("changed")).await.unwrap();
    write(w.folder.path(), "changed", "name = \"New\"\n");
    write(w.folder.path(), "off", "name = \"Test\"\nenabled = false\n");
    write(w.folder.path(), "broken", "name = \"Test\"\nnmae = 1\n");
    write(w.folder.path(), "new", "name = \"Test\"\n");
    fs::remove_dir_all(w.folder.path().join("tenants/gone")).unwrap();
    let outcome = w.tenants.reload().await.unwrap();
    assert_eq!(outcome.added, [id("new")]);
    assert_eq!(outcome.removed, [id("gone")]);
    assert_eq!(outcome.changed, [id("changed"), id("off")]);
    assert_eq!(outcome.errors.iter().map(|e| e.line).collect::<Vec<_>>(), [Some(2)]);

    assert_eq!(before.config.name, "Test", "a turn under way goes on as it began");
    assert_eq!(w.tenants.get(&id("changed")).await.unwrap().config.name, "New");
    assert!(matches!(w.tenants.get(&id("off")).await, Err(TenantError::Disabled(_))));
    assert!(matches!(w.tenants.get(&id("gone")).await, Err(TenantError::Unknown(_))));
    w.tenants.get(&id("broken")).await.unwrap();
    assert_eq!(w.tenants.status(&id("broken")).unwrap().config_errors.len(), 1);

    write(w.folder.path(), "broken", "name = \"Test\"\n");
    assert_eq!(w.tenants.reload().await.unwrap(), TenantsReload::default());
    assert_eq!(w.tenants.status(&id("broken")).unwrap().config_errors, []);
}

#[tokio::test]
async fn what_a_killed_daemon_held_is_free_before_anybody_uses_the_tenant_and_once() {
    let w = world(&["a"], "");
    let rules = crate::store::inbox::ClaimRules {
        owner: format!("{}dead", crate::worker::DAEMON_OWNER),
        channels: vec![ChannelKind::Api],
        lease_ms: 3_600_000,
        max_burst_ms: 0,
        limit: 10,
    };
    let message = Inbound {
        channel: ChannelKind::Api,
        message_id: "m1".to_owned(),
        contact: "ana".to_owned(),
        contact_name: None,
        text: "hola".to_owned(),
        attachments: Vec::new(),
        route: None,
        source: None,
        identity: Identity::default(),
        quiet_ms: 0,
    };
    let claims = async |db: &crate::store::TenantDb| {
        db.claim_due(&rules, w.clock.now_ms()).await.unwrap().claims.len()
    };
    {
        let db = crate::store::TenantDb::open(&w.tenants.database(&id("a"))).unwrap();
        db.accept(vec![message], &w.clock, &Ids::counter()).await.unwrap();
        assert_eq!(claims(&db).await, 1);
        assert_eq!(claims(&db).await, 0);
    }
    let a = w.tenants.get(&id("a")).await.unwrap();
    assert_eq!(claims(a.db()).await, 1, "the lease of the dead daemon does not count");
    drop(a);
    w.tenants.close_unused(&id("a")).await;
    let a = w.tenants.get(&id("a")).await.unwrap();
    assert_eq!(claims(a.db()).await, 0, "the lease of this one does");
}

#[tokio::test]
async fn tenants_without_prompts_of_their_own_share_one_copy_until_a_reload() {
    let w = world(&["a", "b", "own"], "");
    fs::create_dir_all(w.folder.path().join("tenants/own/prompts")).unwrap();
    let prompts = async |name: &str| w.tenants.get(&id(name)).await.unwrap().context.prompts.clone();
    let (a, b, own) = (prompts("a").await, prompts("b").await, prompts("own").await);
    assert!(Arc::ptr_eq(&a, &b));
    assert!(!Arc::ptr_eq(&a, &own));
    w.tenants.reload().await.unwrap();
    let again = prompts("a").await;
    assert!(!Arc::ptr_eq(&a, &again), "an edited prompt takes effect");
    assert!(Arc::ptr_eq(&again, &prompts("b").await));
}
