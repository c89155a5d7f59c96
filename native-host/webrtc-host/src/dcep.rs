//! The Data Channel Establishment Protocol (RFC 8832): one message to open a channel, one to accept.

const MESSAGE_ACK: u8 = 0x02;
const MESSAGE_OPEN: u8 = 0x03;
const OPEN_HEADER_LEN: usize = 12;

/// A reliable, ordered channel of normal priority with empty label and protocol, which is what libp2p
/// opens ("`RTCDataChannel` label" in the specification).
pub(crate) const OPEN: [u8; OPEN_HEADER_LEN] = [MESSAGE_OPEN, 0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0];

/// The acceptance of a channel.
pub(crate) const ACK: [u8; 1] = [MESSAGE_ACK];

/// A control message of the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    Open,
    Ack,
}

/// Reads a control message. Label, protocol, priority and reliability are not looked at: libp2p
/// leaves them at their defaults, and this side always sends reliably and in order.
pub(crate) fn read(bytes: &[u8]) -> Option<Message> {
    match *bytes.first()? {
        MESSAGE_ACK => Some(Message::Ack),
        MESSAGE_OPEN => {
            let header = bytes.get(..OPEN_HEADER_LEN)?;
            let label = usize::from(u16::from_be_bytes([header[8], header[9]]));
            let protocol = usize::from(u16::from_be_bytes([header[10], header[11]]));
            (bytes.len() == OPEN_HEADER_LEN + label + protocol).then_some(Message::Open)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_messages_and_labelled_ones() {
        assert_eq!(read(&OPEN), Some(Message::Open));
        assert_eq!(read(&ACK), Some(Message::Ack));
        let mut labelled = OPEN.to_vec();
        labelled[9] = 3;
        labelled.extend_from_slice(b"abc");
        assert_eq!(read(&labelled), Some(Message::Open));
    }

    #[test]
    fn refuses_other_lengths_and_types() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0x01]), None);
        assert_eq!(read(&OPEN[..11]), None);
        let mut wrong = OPEN;
        wrong[9] = 1;
        assert_eq!(read(&wrong), None);
    }
}
