//! Letters to a mail server that speaks the real protocol.

use std::path::Path;

use super::*;
use crate::{
    notify::fake_mail::{FakeMail, Odd, Stage},
    tls,
};

const LOGIN: (&str, &str) = ("bot@acme.example", "pa ss\u{f1}");
const LIMIT: Duration = Duration::from_secs(20);

fn transfer(fake: &FakeMail, security: Security) -> Transfer {
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls/ca.pem");
    Transfer {
        server: Server {
            name: "mail.test".to_owned(),
            addresses: vec![fake.address()],
            login: Some((LOGIN.0.to_owned(), Secret::from(LOGIN.1.to_owned()))),
        },
        letter: Letter {
            from: "bot@acme.example".to_owned(),
            to: vec!["ana@acme.example".to_owned(), "luis@acme.example".to_owned()],
            data: ".Subject: hi\r\n\r\n.one\r\n..two\r\n".to_owned(),
        },
        trust: tls::client_config(Some(&authority)).unwrap(),
        security,
    }
}

fn assert_arrived(fake: &FakeMail, encrypted: bool) {
    let mails = fake.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!((mails[0].from.as_str(), mails[0].encrypted), ("bot@acme.example", encrypted));
    assert_eq!(mails[0].to, ["ana@acme.example", "luis@acme.example"]);
    assert_eq!(mails[0].data, ".Subject: hi\r\n\r\n.one\r\n..two\r\n");
    assert_eq!(mails[0].login, Some((LOGIN.0.to_owned(), LOGIN.1.to_owned())));
}

fn outcome(fake: &FakeMail, stage: Stage, odd: Odd) -> Result<(), NotifyError> {
    fake.then([(stage, odd)]);
    transfer(fake, Security::Loopback).run(LIMIT)
}

fn is_temporary(sent: &Result<(), NotifyError>) -> bool {
    matches!(sent, Err(NotifyError::Temporary { .. }))
}

#[test]
fn a_letter_arrives_as_it_was_written_by_every_way() {
    for offers in ["PLAIN LOGIN", "LOGIN"] {
        let fake = FakeMail::with_login(LOGIN, offers);
        transfer(&fake, Security::Loopback).run(LIMIT).unwrap();
        assert_arrived(&fake, false);
    }
    let fake = FakeMail::with_starttls(LOGIN);
    transfer(&fake, Security::StartTls).run(LIMIT).unwrap();
    assert_arrived(&fake, true);
    let fake = FakeMail::with_tls(LOGIN);
    transfer(&fake, Security::Tls).run(LIMIT).unwrap();
    assert_arrived(&fake, true);
}

#[test]
fn nothing_is_said_to_a_server_that_cannot_prove_its_name_or_does_not_encrypt() {
    let fake = FakeMail::with_starttls(LOGIN);
    let mut impostor = transfer(&fake, Security::StartTls);
    impostor.server.name = "other.test".to_owned();
    assert!(is_temporary(&impostor.run(LIMIT)));
    let open = FakeMail::with_login(LOGIN, "PLAIN");
    let refused = transfer(&open, Security::StartTls).run(LIMIT);
    assert!(
        matches!(&refused, Err(NotifyError::Permanent { message }) if message.contains("STARTTLS")),
        "{refused:?}"
    );
    assert!(fake.mails().is_empty() && open.mails().is_empty());
}

#[test]
fn only_this_machine_is_spoken_with_in_clear() {
    for (name, port, expected) in [
        ("localhost", 25, Security::Loopback),
        ("127.0.0.1", 587, Security::Loopback),
        ("::1", 25, Security::Loopback),
        ("localhost", 465, Security::Tls),
        ("smtp.example.com", 465, Security::Tls),
        ("smtp.example.com", 25, Security::StartTls),
        ("localhost.example.com", 587, Security::StartTls),
        ("10.0.0.1", 587, Security::StartTls),
    ] {
        assert_eq!(Server::security(name, port), expected, "{name}:{port}");
    }
}

#[test]
fn an_answer_tells_whether_another_try_makes_sense() {
    let fake = FakeMail::with_login(LOGIN, "PLAIN");
    for (stage, odd) in [
        (Stage::Greeting, Odd::Say("421 too busy")),
        (Stage::Greeting, Odd::Say("HTTP/1.1 400 Bad Request")),
        (Stage::Greeting, Odd::HangUp),
        (Stage::Login, Odd::Say("454 4.7.0 try later")),
        (Stage::Recipient, Odd::Say("450 4.2.0 greylisted")),
        (Stage::End, Odd::Say("451 4.3.0 disk full")),
        (Stage::End, Odd::HangUp),
    ] {
        let sent = outcome(&fake, stage, odd);
        assert!(is_temporary(&sent), "{stage:?} {odd:?}: {sent:?}");
    }
    for (stage, odd) in [
        (Stage::Login, Odd::Say("535 5.7.8 bad credentials")),
        (Stage::End, Odd::Say("554 5.7.1 we do not want it")),
    ] {
        let sent = outcome(&fake, stage, odd);
        assert!(matches!(sent, Err(NotifyError::Permanent { .. })), "{stage:?} {odd:?}: {sent:?}");
    }
    assert!(fake.mails().is_empty());
}

#[test]
fn one_wrong_address_does_not_keep_the_letter_from_the_others() {
    let fake = FakeMail::with_login(LOGIN, "PLAIN");
    fake.then([(Stage::Recipient, Odd::Say("550 5.1.1 no such user"))]);
    transfer(&fake, Security::Loopback).run(LIMIT).unwrap();
    assert_eq!(fake.mails()[0].to, ["luis@acme.example"]);
    fake.then([(Stage::Recipient, Odd::Say("550 no")), (Stage::Recipient, Odd::Say("550 no such user"))]);
    let refused = transfer(&fake, Security::Loopback).run(LIMIT);
    assert!(
        matches!(&refused, Err(NotifyError::Permanent { message }) if message.contains("550: no such user"))
    );
}

#[test]
fn a_server_that_says_nothing_is_left_when_the_time_is_over() {
    let fake = FakeMail::with_login(LOGIN, "PLAIN");
    fake.then([(Stage::Recipient, Odd::Hang)]);
    let sent = transfer(&fake, Security::Loopback).run(Duration::from_millis(150));
    assert_eq!(sent, Err(NotifyError::temporary("the mail server took too long")));
}

#[test]
fn an_address_cannot_say_more_than_itself() {
    let fake = FakeMail::open();
    let mut transfer = transfer(&fake, Security::Loopback);
    transfer.server.login = None;
    transfer.letter.to = vec!["a@b>\r\nRCPT TO:<everybody@example.com".to_owned()];
    assert!(matches!(transfer.run(LIMIT), Err(NotifyError::Permanent { .. })));
    assert!(fake.mails().is_empty());
}
