//! The DTLS certificate, whose hash is part of every address that a listener reports.

use std::fmt;

use dimpl::DtlsCertificate;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use webrtc::certhash::Fingerprint;

/// A self-signed ECDSA P-256 certificate with its private key.
///
/// Generate it once and keep [`Certificate::to_pem`] with the node's other secrets: the certificate's
/// hash is in the node's addresses, which stop working when it changes.
#[derive(Clone)]
pub struct Certificate {
    dtls: DtlsCertificate,
    fingerprint: Fingerprint,
}

/// Why a certificate could not be made or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Key generation or self-signing failed.
    #[error("certificate generation failed: {0}")]
    Generate(#[source] rcgen::Error),
    /// The text holds no `CERTIFICATE` block, or a broken one.
    #[error("no certificate in the PEM text: {0}")]
    NoCertificate(#[source] rustls_pki_types::pem::Error),
    /// The text holds no `PRIVATE KEY` block (PKCS #8), or a broken one.
    #[error("no private key in the PEM text: {0}")]
    NoKey(#[source] rustls_pki_types::pem::Error),
    /// The key is not an ECDSA P-256 key in PKCS #8.
    #[error("private key is not usable: {0}")]
    BadKey(#[source] rcgen::Error),
    /// The certificate was not made for this key.
    #[error("certificate and private key do not belong together")]
    KeyMismatch,
}

impl Certificate {
    /// A new certificate from the operating system's randomness.
    ///
    /// # Errors
    /// [`CertificateError::Generate`] when the system has no randomness to give.
    pub fn generate() -> Result<Self, CertificateError> {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(CertificateError::Generate)?;
        let certificate = rcgen::CertificateParams::new(Vec::new())
            .and_then(|params| params.self_signed(&key))
            .map_err(CertificateError::Generate)?;
        Ok(Self::from_der(certificate.der().to_vec(), key.serialize_der()))
    }

    /// Reads what [`Certificate::to_pem`] wrote; the two blocks may come in any order.
    ///
    /// # Errors
    /// See [`CertificateError`].
    pub fn from_pem(pem: &str) -> Result<Self, CertificateError> {
        let certificate =
            CertificateDer::from_pem_slice(pem.as_bytes()).map_err(CertificateError::NoCertificate)?;
        let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(CertificateError::NoKey)?;
        let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&key, &rcgen::PKCS_ECDSA_P256_SHA256)
            .map_err(CertificateError::BadKey)?;
        // The subject public key is in the certificate as the same 65 bytes of an uncompressed point.
        let public = pair.public_key_raw();
        if !certificate.windows(public.len()).any(|window| window == public) {
            return Err(CertificateError::KeyMismatch);
        }
        Ok(Self::from_der(certificate.to_vec(), key.secret_pkcs8_der().to_vec()))
    }

    /// The certificate and its private key as two PEM blocks. Secret.
    pub fn to_pem(&self) -> String {
        let mut out = pem_block("CERTIFICATE", &self.dtls.certificate);
        out.push_str(&pem_block("PRIVATE KEY", &self.dtls.private_key));
        out
    }

    /// The hash that goes into addresses (`/certhash/…`) and into the Noise prologue.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    pub(crate) fn dtls(&self) -> DtlsCertificate {
        self.dtls.clone()
    }

    fn from_der(certificate: Vec<u8>, private_key: Vec<u8>) -> Self {
        let fingerprint = fingerprint_of(&certificate);
        Self { dtls: DtlsCertificate { certificate, private_key }, fingerprint }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("certhash", &self.fingerprint.to_certhash())
            .finish_non_exhaustive()
    }
}

/// The SHA-256 digest of a certificate in DER.
pub(crate) fn fingerprint_of(der: &[u8]) -> Fingerprint {
    Fingerprint(Sha256::digest(der).into())
}

fn pem_block(label: &str, der: &[u8]) -> String {
    let base64 = data_encoding::BASE64.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    // RFC 7468, section 2: lines of 64 characters.
    for line in base64.as_bytes().chunks(64) {
        out.push_str(&String::from_utf8_lossy(line));
        out.push('\n');
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_the_pem_round_trip() {
        let certificate = Certificate::generate().unwrap();
        let again = Certificate::from_pem(&certificate.to_pem()).unwrap();
        assert_eq!(again.fingerprint(), certificate.fingerprint());
        assert_eq!(again.to_pem(), certificate.to_pem());
    }

    #[test]
    fn refuses_a_certificate_of_another_key() {
        let (a, b) = (Certificate::generate().unwrap().to_pem(), Certificate::generate().unwrap().to_pem());
        let split = "-----END CERTIFICATE-----\n";
        let (certificate, key) = (a.split(split).next().unwrap(), b.split(split).nth(1).unwrap());
        let mixed = format!("{certificate}{split}{key}");
        assert!(matches!(Certificate::from_pem(&mixed), Err(CertificateError::KeyMismatch)));
    }

    #[test]
    fn names_the_missing_part() {
        assert!(matches!(Certificate::from_pem(""), Err(CertificateError::NoCertificate(_))));
        let pem = Certificate::generate().unwrap().to_pem();
        let half = pem.split("-----BEGIN PRIVATE KEY").next().unwrap();
        assert!(matches!(Certificate::from_pem(half), Err(CertificateError::NoKey(_))));
    }

    #[test]
    fn debug_shows_no_key() {
        let certificate = Certificate::generate().unwrap();
        assert!(!format!("{certificate:?}").contains("private"));
    }
}
