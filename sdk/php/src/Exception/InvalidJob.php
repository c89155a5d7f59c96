<?php

declare(strict_types=1);

namespace Formix\Exception;

/** A job is not acceptable; found before it was sent, or by a heavy node. The words name the field of the manifest. */
final class InvalidJob extends FormixException
{
}
