<?php

declare(strict_types=1);

namespace Formix\Exception;

/** A document is well-formed, and does not prove what it should. */
final class VerificationException extends FormixException
{
}
