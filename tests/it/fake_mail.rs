//! A mail server that speaks SMTP as real ones do: with a login, with STARTTLS where a test wants it, and with answers
//! that fail on demand. It keeps every letter it took.

#![allow(dead_code, unreachable_pub, reason = "two test crates share it, and each uses a part")]

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

/// How long the server waits for a word.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where in a talk the server does something odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// In place of its first word.
    Greeting,
    /// After the login.
    Login,
    /// After an address.
    Recipient,
    /// After the letter.
    End,
}

/// What it does there, once.
#[derive(Debug, Clone, Copy)]
pub enum Odd {
    /// Says this instead.
    Say(&'static str),
    /// Says nothing more.
    Hang,
    /// Hangs up.
    HangUp,
    /// Takes the letter, and hangs up instead of saying so.
    TakeAndHangUp,
}

/// A letter that was taken.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The envelope's sender.
    pub from: String,
    /// The envelope's addresses.
    pub to: Vec<String>,
    /// Headers and body as they came, without the doubled points.
    pub data: String,
    /// Name and password of the login.
    pub login: Option<(String, String)>,
    /// Whether it came encrypted.
    pub encrypted: bool,
}

impl Mail {
    /// A header, unfolded; empty without one.
    pub fn header(&self, name: &str) -> String {
        let head = self.data.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ");
        let line = head
            .split("\r\n")
            .find(|line| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name)));
        line.map(|line| line.split_once(':').unwrap().1.trim().to_owned()).unwrap_or_default()
    }

    /// The subject in clear.
    pub fn subject(&self) -> String {
        let words = self.header("Subject");
        let decoded = words.split(' ').map(|word| {
            let base64 = word.strip_prefix("=?utf-8?B?").and_then(|word| word.strip_suffix("?=")).unwrap();
            String::from_utf8(STANDARD.decode(base64).unwrap()).unwrap()
        });
        decoded.collect()
    }

    /// The file beside the text, in clear; `None` when there is none.
    pub fn file(&self, name: &str) -> Option<String> {
        let head = self.header("Content-Type");
        let boundary = head.split_once("boundary=\"")?.1.trim_end_matches('"').to_owned();
        let parts: Vec<&str> = self.data.split(&format!("--{boundary}")).collect();
        assert!(parts.last().unwrap().starts_with("--"), "the last part is closed");
        let part = parts.iter().find(|part| part.contains(&format!("filename=\"{name}\"")))?;
        let encoded = part.split_once("\r\n\r\n")?.1.replace("\r\n", "");
        Some(String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap())
    }

    /// The body in clear.
    pub fn text(&self) -> String {
        assert_eq!(self.header("Content-Transfer-Encoding"), "quoted-printable");
        let body = self.data.split_once("\r\n\r\n").unwrap().1.replace("=\r\n", "");
        let mut bytes = Vec::new();
        let mut rest = body.as_bytes();
        while let Some((byte, after)) = rest.split_first() {
            if *byte == b'=' {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
                rest = &after[2..];
            } else {
                bytes.push(*byte);
                rest = after;
            }
        }
        String::from_utf8(bytes).unwrap()
    }
}

#[derive(Default)]
struct State {
    script: VecDeque<(Stage, Odd)>,
    mails: Vec<Mail>,
    stopped: bool,
}

#[derive(Clone)]
struct Ways {
    login: Option<(&'static str, &'static str)>,
    /// The ways of login it offers.
    offers: &'static str,
    tls: Option<Arc<ServerConfig>>,
    /// TLS from the first byte.
    tls_first: bool,
}

/// The server; it stops when dropped.
pub struct FakeMail {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeMail {
    /// A server that takes letters after this login, without encryption.
    pub fn with_login(login: (&'static str, &'static str), offers: &'static str) -> Self {
        Self::start(Ways { login: Some(login), offers, tls: None, tls_first: false })
    }

    /// A server that takes letters from anybody, without encryption.
    pub fn open() -> Self {
        Self::start(Ways { login: None, offers: "", tls: None, tls_first: false })
    }

    /// A server that is called `mail.test` and takes letters after this login, which it offers only after STARTTLS.
    pub fn with_starttls(login: (&'static str, &'static str)) -> Self {
        Self::start(Ways { login: Some(login), offers: "PLAIN", tls: Some(tls_config()), tls_first: false })
    }

    /// The same with TLS from the first byte.
    pub fn with_tls(login: (&'static str, &'static str)) -> Self {
        Self::start(Ways { login: Some(login), offers: "PLAIN", tls: Some(tls_config()), tls_first: true })
    }

    fn start(ways: Ways) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        let thread = std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(socket) = connection else { return };
                if lock(&shared).stopped {
                    return;
                }
                let (ways, shared) = (ways.clone(), shared.clone());
                std::thread::spawn(move || {
                    socket.set_read_timeout(Some(PATIENCE)).unwrap();
                    // A client that goes away ends its talk.
                    drop(talk(socket, &ways, &shared));
                });
            }
        });
        Self { address, state, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Does odd things at the next times it comes by these places, in this order.
    pub fn then(&self, script: impl IntoIterator<Item = (Stage, Odd)>) {
        lock(&self.state).script.extend(script);
    }

    /// The letters so far.
    pub fn mails(&self) -> Vec<Mail> {
        lock(&self.state).mails.clone()
    }
}

impl Drop for FakeMail {
    fn drop(&mut self) {
        lock(&self.state).stopped = true;
        drop(TcpStream::connect(self.address));
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tls_config() -> Arc<ServerConfig> {
    let certificate = include_bytes!("../fixtures/tls/server.pem");
    let key = include_bytes!("../fixtures/tls/server.key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate).unwrap()],
            PrivateKeyDer::from_pem_slice(key).unwrap(),
        );
    Arc::new(config.unwrap())
}

trait Both: Read + Write {}
impl<T: Read + Write> Both for T {}

struct Talk<'a> {
    stream: BufReader<Box<dyn Both>>,
    state: &'a Mutex<State>,
    encrypted: bool,
}

fn talk(socket: TcpStream, ways: &Ways, state: &Mutex<State>) -> io::Result<()> {
    let encrypt = |socket: TcpStream| -> Box<dyn Both> {
        let connection = ServerConnection::new(ways.tls.clone().unwrap()).unwrap();
        Box::new(StreamOwned::new(connection, socket))
    };
    let plain = socket.try_clone()?;
    let stream: Box<dyn Both> = if ways.tls_first { encrypt(socket) } else { Box::new(socket) };
    let mut talk = Talk { stream: BufReader::new(stream), state, encrypted: ways.tls_first };
    if !talk.odd(Stage::Greeting)? {
        talk.say("220 mail.test ESMTP")?;
    }
    let (mut mail_from, mut to, mut login) = (None, Vec::new(), None);
    loop {
        let line = talk.line()?;
        let verb = line.split([' ', ':']).next().unwrap().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                assert!(line.len() > 5, "a name is missing: {line}");
                talk.say("250-mail.test at your service")?;
                if ways.tls.is_some() && !talk.encrypted {
                    talk.say("250 STARTTLS")?;
                } else {
                    talk.say("250-8BITMIME")?;
                    talk.say(&format!("250 AUTH {}", ways.offers))?;
                }
            }
            "STARTTLS" => {
                talk.say("220 go ahead")?;
                talk.stream = BufReader::new(encrypt(plain.try_clone()?));
                talk.encrypted = true;
            }
            "AUTH" => login = talk.login(&line, ways)?,
            "MAIL" if ways.login.is_some() && login.is_none() => talk.say("530 5.7.0 log in first")?,
            "MAIL" => {
                mail_from = Some(inside(&line));
                talk.say("250 ok")?;
            }
            "RCPT" if mail_from.is_none() => talk.say("503 who writes?")?,
            "RCPT" => {
                if !talk.odd(Stage::Recipient)? {
                    to.push(inside(&line));
                    talk.say("250 ok")?;
                }
            }
            "DATA" if to.is_empty() => talk.say("503 to whom?")?,
            "DATA" => {
                talk.say("354 go on")?;
                let data = talk.data()?;
                let mail = Mail {
                    from: mail_from.clone().unwrap(),
                    to: std::mem::take(&mut to),
                    data,
                    login: login.clone(),
                    encrypted: talk.encrypted,
                };
                if matches!(lock(state).script.front(), Some((Stage::End, Odd::TakeAndHangUp))) {
                    lock(state).mails.push(mail);
                    talk.odd(Stage::End)?;
                } else if !talk.odd(Stage::End)? {
                    lock(state).mails.push(mail);
                    talk.say("250 2.0.0 taken as 1234")?;
                }
            }
            "QUIT" => return talk.say("221 bye"),
            _ => talk.say("500 what?")?,
        }
    }
}

fn inside(line: &str) -> String {
    let (_, rest) = line.split_once(":<").unwrap_or_else(|| panic!("no address in {line}"));
    rest.split_once('>').unwrap().0.to_owned()
}

impl Talk<'_> {
    fn say(&mut self, line: &str) -> io::Result<()> {
        let stream = self.stream.get_mut();
        stream.write_all(format!("{line}\r\n").as_bytes())?;
        stream.flush()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        assert!(line.ends_with("\r\n"), "a line must end with CR LF: {line:?}");
        Ok(line.trim_end().to_owned())
    }

    /// Whether something odd was to be done here, and was.
    fn odd(&mut self, stage: Stage) -> io::Result<bool> {
        let due = {
            let mut state = lock(self.state);
            let is_due = state.script.front().is_some_and(|(at, _)| *at == stage);
            if is_due { state.script.pop_front() } else { None }
        };
        match due {
            None => return Ok(false),
            Some((_, Odd::Say(line))) => self.say(line)?,
            Some((_, Odd::HangUp | Odd::TakeAndHangUp)) => {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            // Until the client gives up.
            Some((_, Odd::Hang)) => drop(self.line()?),
        }
        Ok(true)
    }

    fn login(&mut self, line: &str, ways: &Ways) -> io::Result<Option<(String, String)>> {
        let decode = |text: &str| String::from_utf8(STANDARD.decode(text).unwrap()).unwrap();
        let mut words = line.split(' ').skip(1);
        let given = match (words.next(), words.next()) {
            (Some("PLAIN"), Some(identity)) => {
                let identity = decode(identity);
                let mut parts = identity.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap(), parts.next().unwrap())
            }
            (Some("LOGIN"), None) => {
                self.say("334 VXNlcm5hbWU6")?;
                let name = decode(&self.line()?);
                self.say("334 UGFzc3dvcmQ6")?;
                (name, decode(&self.line()?))
            }
            _ => panic!("{line}"),
        };
        if self.odd(Stage::Login)? {
            return Ok(None);
        }
        if ways.login.is_some_and(|(name, password)| (name, password) == (&given.0, &given.1)) {
            self.say("235 2.7.0 welcome")?;
            return Ok(Some(given));
        }
        self.say("535 5.7.8 bad credentials")?;
        Ok(None)
    }

    fn data(&mut self) -> io::Result<String> {
        let mut data = String::new();
        loop {
            let mut line = String::new();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            assert!(line.ends_with("\r\n") && line.len() <= 1000, "{line:?}");
            if line == ".\r\n" {
                return Ok(data);
            }
            data.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
    }
}
