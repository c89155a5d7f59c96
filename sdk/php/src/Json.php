<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;

/** Reading JSON so that no two readers of a signed document can take it for different things. */
final class Json
{
    private const DEPTH_MAX = 64;

    /**
     * Reads JSON; objects become `stdClass`. A key that stands twice in one object is refused.
     *
     * @throws DocumentException it is not such JSON
     */
    public static function parse(string $text, string $what): mixed
    {
        try {
            $value = json_decode($text, false, self::DEPTH_MAX, JSON_THROW_ON_ERROR);
            self::check($text);
            return $value;
        } catch (\JsonException $error) {
            throw new DocumentException("$what: not JSON ({$error->getMessage()})", 0, $error);
        }
    }

    /** A value in JSON, without what JSON need not escape. */
    public static function write(mixed $value): string
    {
        return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    /** Goes over a text that is JSON for what `json_decode` lets pass. */
    private static function check(string $text): void
    {
        // Of each object or list around a place: the keys so far, null for a list.
        $around = [];
        $isKey = false;
        for ($at = 0, $length = strlen($text); $at < $length; $at++) {
            switch ($text[$at]) {
                case '"':
                    $from = $at++;
                    for (; $text[$at] !== '"'; $at++) {
                        $at += (int) ($text[$at] === '\\');
                    }
                    $last = array_key_last($around);
                    if ($isKey && $last !== null) {
                        $key = json_decode(substr($text, $from, $at + 1 - $from), false, 2, JSON_THROW_ON_ERROR);
                        if (isset($around[$last]["\0$key"])) {
                            throw new \JsonException("the key `$key` stands twice in one object");
                        }
                        // Not as it is: PHP would take digits for a number.
                        $around[$last]["\0$key"] = true;
                        $isKey = false;
                    }
                    break;
                case '{':
                    $around[] = [];
                    $isKey = true;
                    break;
                case '[':
                    $around[] = null;
                    $isKey = false;
                    break;
                case '}':
                case ']':
                    array_pop($around);
                    $isKey = false;
                    break;
                case ',':
                    $last = array_key_last($around);
                    $isKey = $last !== null && $around[$last] !== null;
                    break;
            }
        }
    }
}
