<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;

/** Names of bytes by their content: CIDv1, raw codec, SHA-256; `bafkrei…`. */
final class ContentId
{
    private const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
    private const PREFIX = "\x01\x55\x12\x20";
    private const LENGTH = 59;

    /** The id of some bytes. */
    public static function of(string $data): string
    {
        return self::ofDigest(hash('sha256', $data, true));
    }

    /** The id of the bytes whose SHA-256 this is, 32 bytes. */
    public static function ofDigest(string $digest): string
    {
        $text = 'b';
        [$held, $bits] = [0, 0];
        foreach (str_split(self::PREFIX . $digest) as $byte) {
            $held = ($held << 8 | ord($byte)) & 0xfff;
            for ($bits += 8; $bits >= 5;) {
                $bits -= 5;
                $text .= self::ALPHABET[$held >> $bits & 31];
            }
        }
        return $bits > 0 ? $text . self::ALPHABET[$held << 5 - $bits & 31] : $text;
    }

    /**
     * The SHA-256 in an id, 32 bytes.
     *
     * @throws DocumentException the text is no content id of raw bytes under SHA-256
     */
    public static function digest(string $id): string
    {
        $data = '';
        [$held, $bits] = [0, 0];
        foreach (strlen($id) === self::LENGTH ? str_split(substr($id, 1)) : [] as $letter) {
            $held = ($held << 5 | (int) strpos(self::ALPHABET, $letter)) & 0xfff;
            $bits += 5;
            if ($bits >= 8) {
                $bits -= 8;
                $data .= chr($held >> $bits & 0xff);
            }
        }
        $digest = substr($data, strlen(self::PREFIX));
        // Written again, it is the same text: so there is no other letter, and no stray bit.
        if (strlen($digest) !== 32 || self::ofDigest($digest) !== $id) {
            throw new DocumentException(sprintf('`%.80s` is not a content id: expected 59 characters that begin with `bafkrei`', $id));
        }
        return $digest;
    }

    /** Whether a text is a content id. */
    public static function isOne(string $text): bool
    {
        try {
            self::digest($text);
            return true;
        } catch (DocumentException) {
            return false;
        }
    }
}
