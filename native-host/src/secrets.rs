//! A node's secrets on disk: signing seed, sealing seed, WebRTC certificate.
//!
//! Each stands in a file of its own, readable by its owner alone, written whole or not at all. They are made once and never change:
//! the node's name and its addresses hang on them.

use crate::disk::sync_folder;
use data_encoding::BASE64;
use keys::{Identity, SealKey};
use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};
use webrtc_host::{Certificate, CertificateError};

/// Why a secret cannot be had. Each says which file, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SecretError {
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// The file does not hold 32 bytes in base64.
    #[error("{} does not hold a key (32 bytes in base64); restore it from a copy: without it this node is another node", path.display())]
    Seed {
        /// Which.
        path: PathBuf,
    },
    /// The file of a node that there was is gone.
    #[error("{} is missing; restore it from a copy: without it this node is another node", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// The certificate is damaged.
    #[error("{}: {error}; restore it from a copy, or delete it: then a new one is made, and the node's WebRTC address changes", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        error: CertificateError,
    },
}

/// The signing identity in `folder`, made at the first call.
pub(crate) fn identity(folder: &Path) -> Result<Identity, SecretError> {
    seed(&folder.join("identity.key")).map(Identity::from_seed)
}

/// The signing identity of a node that has one.
pub(crate) fn known_identity(folder: &Path) -> Result<Identity, SecretError> {
    known(folder.join("identity.key")).map(Identity::from_seed)
}

/// The sealing key of a node that has one.
pub(crate) fn known_seal(folder: &Path) -> Result<SealKey, SecretError> {
    known(folder.join("seal.key")).map(SealKey::from_seed)
}

fn known(path: PathBuf) -> Result<[u8; 32], SecretError> {
    match path.try_exists() {
        Ok(true) => seed(&path),
        Ok(false) => Err(SecretError::Missing { path }),
        Err(error) => Err(SecretError::Io { path, error }),
    }
}

/// The sealing key in `folder`, made at the first call.
pub(crate) fn seal(folder: &Path) -> Result<SealKey, SecretError> {
    let key = seed(&folder.join("seal.key")).map(SealKey::from_seed)?;
    Ok(match exchange::quick() {
        Some(exchange) => key.with_exchange(exchange),
        None => key,
    })
}

/// The WebRTC certificate in `folder`, made at the first call.
pub(crate) fn certificate(folder: &Path) -> Result<Certificate, SecretError> {
    let path = folder.join("webrtc.pem");
    let wrong = |error| SecretError::Certificate { path: path.clone(), error };
    if let Some(pem) = read(&path)? {
        return Certificate::from_pem(&pem).map_err(wrong);
    }
    let certificate = Certificate::generate().map_err(wrong)?;
    write(&path, certificate.to_pem().as_bytes())?;
    Ok(certificate)
}

fn seed(path: &Path) -> Result<[u8; 32], SecretError> {
    if let Some(text) = read(path)? {
        let bytes = BASE64.decode(text.trim().as_bytes()).ok();
        return bytes
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| SecretError::Seed { path: path.into() });
    }
    let seed: [u8; 32] = rand::random();
    write(path, format!("{}\n", BASE64.encode(&seed)).as_bytes())?;
    Ok(seed)
}

fn read(path: &Path) -> Result<Option<String>, SecretError> {
    match fs::read(path) {
        // A key with bytes that are no text is refused where it is read.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SecretError::Io { path: path.into(), error }),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SecretError> {
    write_private(path, bytes).map_err(|error| SecretError::Io { path: path.into(), error })
}

/// Writes a file that only its owner reads, whole or not at all, in place of one that was there.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&draft).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&draft, path));
    if placed.is_err() {
        // Best effort: the draft is of no use, and the error to tell is the first.
        let _ = fs::remove_file(&draft);
    }
    placed.and_then(|()| sync_folder(path))
}
