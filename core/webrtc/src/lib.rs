//! The libp2p webrtc-direct wire, sans-IO: frames, stream states, SDP, certhash
