<?php

declare(strict_types=1);

namespace Formix\Exception;

/** The file of an identity cannot be read or made. */
final class IdentityException extends FormixException
{
}
