//! The cryptography behind every outgoing connection: rustls with ring, in pure Rust and C that the build compiles.

/// Tells rustls to use ring, for the whole process. Has no effect after the first call; to be called before any HTTP
/// client is made.
pub fn install_provider() {
    // It fails only when a provider is already there, which serves as well.
    drop(rustls::crypto::ring::default_provider().install_default());
}
