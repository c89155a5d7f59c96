<?php

declare(strict_types=1);

namespace Formix\Exception;

/** A heavy node answered with a problem document (RFC 9457). */
class ProblemException extends FormixException
{
    /**
     * @param int $status the HTTP status
     * @param string $detail the node's words
     * @param float|null $retryAfter seconds after which the node wants to be asked again, where it says so
     */
    public function __construct(
        public readonly string $url,
        public readonly int $status,
        public readonly string $detail,
        public readonly ?float $retryAfter = null,
    ) {
        parent::__construct("$url: $status: $detail");
    }

    /** Whether asking again may help: the node is too busy, about to stop, or further with an upload. */
    public function isPassing(): bool
    {
        return in_array($this->status, [408, 409, 429], true) || $this->status >= 500;
    }
}
