//! Identities, domain-separated signatures, DSSE envelopes, sealing
