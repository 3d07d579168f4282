//! The cryptography behind every outgoing connection: rustls with ring, in pure Rust and C that the build compiles.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// Where systems keep the certificates they trust, in one file of PEM: Debian and Arch, Fedora, openSUSE, Alpine and
/// macOS, FreeBSD. The list is Go's (`crypto/x509/root_linux.go` and its sisters).
const SYSTEM_CERTIFICATES: [&str; 7] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/usr/local/share/certs/ca-root-nss.crt",
];

/// Why there is nobody to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The file cannot be read as certificates.
    #[error("{}: cannot read the trusted certificates: {message}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        message: String,
    },
    /// The system keeps its certificates where nobody looked.
    #[error("the system's trusted certificates were not found; name them with SSL_CERT_FILE")]
    NotFound,
    /// The cryptography refuses its own defaults.
    #[error("TLS cannot be set up: {0}")]
    Unusable(#[from] rustls::Error),
}

/// Tells rustls to use ring, for the whole process. Has no effect after the first call; to be called before any HTTP
/// client is made.
pub fn install_provider() {
    // It fails only when a provider is already there, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}

/// How to speak TLS where it is not HTTP: servers are checked against the certificates in the file `certificates`, or
/// against the system's. Blocking.
///
/// # Errors
/// [`TrustError`] when there are none.
pub fn client_config(certificates: Option<&Path>) -> Result<Arc<ClientConfig>, TrustError> {
    let file = match certificates {
        Some(file) => Some(file),
        None => SYSTEM_CERTIFICATES.iter().map(Path::new).find(|file| file.is_file()),
    };
    let file = file.ok_or(TrustError::NotFound)?;
    let wrong = |message: String| TrustError::File { file: file.to_owned(), message };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| wrong(error.to_string()))?;
    // One that this program cannot use is left out; a server that needs it is refused with the reason.
    roots.add_parsable_certificates(certificates.flatten());
    if roots.is_empty() {
        return Err(wrong("there is no certificate in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
