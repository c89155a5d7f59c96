<?php

declare(strict_types=1);

namespace Formix\Exception;

/** Some bytes are not a document of the kind that was expected. */
final class DocumentException extends FormixException
{
}
