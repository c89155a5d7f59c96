<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;

/** Names of nodes: the libp2p peer id of an Ed25519 key, `12D3KooW…`. */
final class NodeId
{
    private const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
    /** An identity multihash of 36 bytes around libp2p's protobuf of an Ed25519 key. */
    private const PREFIX = "\x00\x24\x08\x01\x12\x20";
    private const BYTES = 38;

    /** The id of the node whose Ed25519 public key this is, 32 bytes. */
    public static function of(string $key): string
    {
        $digits = [];
        foreach (array_values(unpack('C*', self::PREFIX . $key) ?: []) as $carry) {
            foreach ($digits as $at => $digit) {
                $carry += $digit << 8;
                $digits[$at] = $carry % 58;
                $carry = intdiv($carry, 58);
            }
            for (; $carry > 0; $carry = intdiv($carry, 58)) {
                $digits[] = $carry % 58;
            }
        }
        $text = implode('', array_map(static fn (int $digit): string => self::ALPHABET[$digit], array_reverse($digits)));
        // The prefix begins with one zero byte.
        return '1' . $text;
    }

    /**
     * The Ed25519 public key in an id, 32 bytes.
     *
     * @throws DocumentException the text is not the peer id of an Ed25519 key
     */
    public static function key(string $id): string
    {
        $data = array_fill(0, self::BYTES, 0);
        $isOne = $id !== '' && strlen($id) <= 60 && strspn($id, self::ALPHABET) === strlen($id);
        foreach ($isOne ? str_split($id) : [] as $letter) {
            $carry = (int) strpos(self::ALPHABET, $letter);
            for ($at = self::BYTES - 1; $at >= 0; $at--) {
                $carry += 58 * $data[$at];
                $data[$at] = $carry & 0xff;
                $carry >>= 8;
            }
            $isOne = $isOne && $carry === 0;
        }
        $bytes = pack('C*', ...$data);
        $key = substr($bytes, strlen(self::PREFIX));
        // Written again, it is the same text: an id has one beginning.
        if (!$isOne || !str_starts_with($bytes, self::PREFIX) || self::of($key) !== $id) {
            throw new DocumentException(sprintf('`%.80s` is not a node id: expected the peer id of an Ed25519 key, `12D3KooW…`', $id));
        }
        return $key;
    }
}
