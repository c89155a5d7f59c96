<?php

declare(strict_types=1);

namespace Formix\Exception;

/** The base of all exceptions of this package. */
class FormixException extends \RuntimeException
{
}
