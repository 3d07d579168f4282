//! Hands one letter to a mail server (RFC 5321), encrypted by TLS from the start or by STARTTLS (RFC 3207), after a
//! login if there is one (RFC 4954). Blocking, with a deadline for the whole of it.
//!
//! A name and a password go over an encrypted connection or to the machine itself, never elsewhere.

use std::{
    io::{self, BufRead as _, BufReader, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::{ClientConfig, ClientConnection, StreamOwned, pki_types::ServerName};

use super::NotifyError;
use crate::config::secret::Secret;

/// The longest line that a server may say, in bytes; RFC 5321 asks for 512.
const MAX_LINE: u64 = 2048;

/// The most lines in one answer of a server.
const MAX_LINES: usize = 100;

/// How much of a refusal is told, in characters.
const MAX_TOLD_CHARS: usize = 200;

/// A letter, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    /// The sender's address.
    pub(super) from: String,
    /// The addresses it goes to.
    pub(super) to: Vec<String>,
    /// Headers and body, in lines that end with CR LF.
    pub(super) data: String,
}

/// A mail server.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// The name that its certificate must have.
    pub(super) name: String,
    /// Where it listens; the first that takes the connection is used.
    pub(super) addresses: Vec<SocketAddr>,
    /// User name and password.
    pub(super) login: Option<(String, Secret)>,
}

/// How a connection is kept from eavesdroppers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Security {
    /// By TLS before the first word.
    Tls,
    /// By STARTTLS, which the server must offer.
    StartTls,
    /// Not at all: the server is this machine.
    Loopback,
}

/// The port on which servers expect TLS before the first word (RFC 8314).
const TLS_PORT: u16 = 465;

impl Server {
    /// How a server of this name and port is spoken with.
    pub(super) fn security(name: &str, port: u16) -> Security {
        let is_loopback = name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        match port {
            TLS_PORT => Security::Tls,
            _ if is_loopback => Security::Loopback,
            _ => Security::StartTls,
        }
    }
}

/// The sending of a letter.
#[derive(Debug)]
pub(super) struct Transfer {
    /// To which server.
    pub(super) server: Server,
    /// What.
    pub(super) letter: Letter,
    /// Whom to trust.
    pub(super) trust: Arc<ClientConfig>,
    /// How the connection is kept from eavesdroppers.
    pub(super) security: Security,
}

impl Transfer {
    /// Sends the letter within `limit`.
    ///
    /// # Errors
    /// [`NotifyError`]. When only some addresses are refused for good, the letter goes to the others.
    pub(super) fn run(self, limit: Duration) -> Result<(), NotifyError> {
        let deadline = Instant::now() + limit;
        let wire = self.connect(deadline)?;
        let me = wire.name()?;
        let session = match self.security {
            Security::Tls => {
                let mut session = Session::new(Stream::Tls(self.encrypt(wire)?));
                session.expect(220)?;
                session.hello(&me)?;
                session
            }
            Security::StartTls => {
                let mut session = Session::new(Stream::Plain(wire));
                session.expect(220)?;
                session.hello(&me)?;
                let mut session = self.start_tls(session)?;
                session.hello(&me)?;
                session
            }
            Security::Loopback => {
                let mut session = Session::new(Stream::Plain(wire));
                session.expect(220)?;
                session.hello(&me)?;
                session
            }
        };
        self.deliver(session)
    }

    fn connect(&self, deadline: Instant) -> Result<Wire, NotifyError> {
        let mut failed = NotifyError::temporary("the mail server has no address");
        for address in &self.server.addresses {
            match left(deadline).and_then(|left| TcpStream::connect_timeout(address, left)) {
                Ok(socket) => return Ok(Wire { socket, deadline }),
                Err(error) => {
                    failed = NotifyError::temporary(format!("cannot connect to the mail server: {error}"));
                }
            }
        }
        Err(failed)
    }

    fn encrypt(&self, wire: Wire) -> Result<Box<StreamOwned<ClientConnection, Wire>>, NotifyError> {
        let name = ServerName::try_from(self.server.name.clone())
            .map_err(|_| NotifyError::permanent("the name of the mail server is wrong"))?;
        let connection = ClientConnection::new(self.trust.clone(), name)
            .map_err(|error| NotifyError::temporary(format!("TLS with the mail server failed: {error}")))?;
        Ok(Box::new(StreamOwned::new(connection, wire)))
    }

    fn start_tls(&self, mut session: Session) -> Result<Session, NotifyError> {
        if !session.offers("STARTTLS") {
            return Err(NotifyError::permanent(
                "the mail server offers no encryption (STARTTLS), and only this machine's own may do without",
            ));
        }
        session.say("STARTTLS", 220)?;
        let Stream::Plain(wire) = session.into_silent_stream()? else {
            return Err(NotifyError::permanent("the connection is encrypted already"));
        };
        Ok(Session::new(Stream::Tls(self.encrypt(wire)?)))
    }

    fn deliver(&self, mut session: Session) -> Result<(), NotifyError> {
        if let Some((name, password)) = &self.server.login {
            session.log_in(name, password)?;
        }
        session.say(&format!("MAIL FROM:<{}>", self.letter.from), 250)?;
        let mut refused = None;
        let mut taken = 0;
        for address in &self.letter.to {
            match session.say_one_of(&format!("RCPT TO:<{address}>"), &[250, 251]) {
                Ok(()) => taken += 1,
                Err(NotifyError::Permanent { message }) => refused = Some(message),
                Err(temporary) => return Err(temporary),
            }
        }
        if let Some(message) = refused {
            if taken == 0 {
                return Err(NotifyError::permanent(message));
            }
            tracing::warn!(error = message, "a mail server refused some of the addresses of a notice");
        }
        session.say("DATA", 354)?;
        session.write(&dotted(&self.letter.data))?;
        session.say(".", 250)?;
        // The letter is theirs; whether they hear the goodbye no longer matters.
        drop(session.write("QUIT\r\n"));
        Ok(())
    }
}

/// A talk with a server.
struct Session {
    stream: BufReader<Stream>,
    /// What the server said it can do, in upper case.
    abilities: Vec<String>,
}

impl Session {
    fn new(stream: Stream) -> Self {
        Self { stream: BufReader::new(stream), abilities: Vec::new() }
    }

    /// Greets the server and hears what it can do.
    fn hello(&mut self, me: &str) -> Result<(), NotifyError> {
        self.write(&format!("EHLO {me}\r\n"))?;
        let lines = self.answer(&[250])?;
        self.abilities = lines.iter().skip(1).map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    fn offers(&self, ability: &str) -> bool {
        self.abilities.iter().any(|line| line.split_whitespace().next() == Some(ability))
    }

    fn log_in(&mut self, name: &str, password: &Secret) -> Result<(), NotifyError> {
        let ways: Vec<&str> = self
            .abilities
            .iter()
            .filter_map(|line| line.strip_prefix("AUTH").filter(|rest| rest.starts_with([' ', '='])))
            .flat_map(|ways| ways.split([' ', '=']))
            .collect();
        if ways.contains(&"PLAIN") {
            let identity = STANDARD.encode(format!("\0{name}\0{}", password.expose()));
            return self.say(&format!("AUTH PLAIN {identity}"), 235);
        }
        if ways.contains(&"LOGIN") {
            self.say("AUTH LOGIN", 334)?;
            self.say(&STANDARD.encode(name), 334)?;
            return self.say(&STANDARD.encode(password.expose()), 235);
        }
        Err(NotifyError::permanent("the mail server offers no login by PLAIN or LOGIN"))
    }

    /// Says a line and expects a code.
    fn say(&mut self, line: &str, code: u16) -> Result<(), NotifyError> {
        self.say_one_of(line, &[code])
    }

    fn say_one_of(&mut self, line: &str, codes: &[u16]) -> Result<(), NotifyError> {
        if line.contains(['\r', '\n', '\0']) {
            return Err(NotifyError::permanent("an address or a login has a line break in it"));
        }
        self.write(&format!("{line}\r\n"))?;
        self.answer(codes).map(drop)
    }

    fn expect(&mut self, code: u16) -> Result<(), NotifyError> {
        self.answer(&[code]).map(drop)
    }

    fn write(&mut self, text: &str) -> Result<(), NotifyError> {
        let stream = self.stream.get_mut();
        stream.write_all(text.as_bytes()).and_then(|()| stream.flush()).map_err(|error| broken(&error))
    }

    /// The lines of an answer without their codes.
    fn answer(&mut self, codes: &[u16]) -> Result<Vec<String>, NotifyError> {
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).map_err(|error| broken(&error))?;
            if line.is_empty() {
                return Err(NotifyError::temporary("the mail server hung up"));
            }
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let code = text.get(..3).and_then(|code| code.parse::<u16>().ok());
            let (Some(code), true, true) = (code, line.ends_with(b"\n"), lines.len() < MAX_LINES) else {
                return Err(NotifyError::temporary("what the mail server says is no SMTP"));
            };
            lines.push(text.get(4..).unwrap_or_default().to_owned());
            if text.as_bytes().get(3) == Some(&b'-') {
                continue;
            }
            if codes.contains(&code) {
                return Ok(lines);
            }
            let told: String = lines.join(" ").chars().take(MAX_TOLD_CHARS).collect();
            let message = format!("the mail server answered {code}: {told}");
            return Err(match code {
                500..=599 => NotifyError::permanent(message),
                _ => NotifyError::temporary(message),
            });
        }
    }

    /// The stream, unless the server said something that nobody asked for: before encryption that could be anybody.
    fn into_silent_stream(self) -> Result<Stream, NotifyError> {
        if self.stream.buffer().is_empty() {
            Ok(self.stream.into_inner())
        } else {
            Err(NotifyError::temporary("somebody spoke between the mail server and this machine"))
        }
    }
}

enum Stream {
    Plain(Wire),
    Tls(Box<StreamOwned<ClientConnection, Wire>>),
}

impl Read for Stream {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.read(into),
            Self::Tls(stream) => stream.read(into),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(wire) => wire.write(from),
            Self::Tls(stream) => stream.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(wire) => wire.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A connection on which nothing takes longer than until the deadline, however slowly the other side drips.
struct Wire {
    socket: TcpStream,
    deadline: Instant,
}

impl Wire {
    /// What this machine calls itself: the address it is seen with (RFC 5321, 4.1.3).
    fn name(&self) -> Result<String, NotifyError> {
        Ok(match self.socket.local_addr().map_err(|error| broken(&error))?.ip().to_canonical() {
            IpAddr::V4(address) => format!("[{address}]"),
            IpAddr::V6(address) => format!("[IPv6:{address}]"),
        })
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.socket.set_read_timeout(Some(left(self.deadline)?))?;
        self.socket.read(into)
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.socket.set_write_timeout(Some(left(self.deadline)?))?;
        self.socket.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// The time until a deadline.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

fn broken(error: &io::Error) -> NotifyError {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            NotifyError::temporary("the mail server took too long")
        }
        _ => NotifyError::temporary(format!("the connection to the mail server broke: {error}")),
    }
}

/// A letter in which no line is a single point, which would end it (RFC 5321, 4.5.2).
fn dotted(data: &str) -> String {
    let stuffed = data.replace("\r\n.", "\r\n..");
    if stuffed.starts_with('.') { format!(".{stuffed}") } else { stuffed }
}

#[cfg(test)]
#[path = "smtp_tests.rs"]
mod tests;
