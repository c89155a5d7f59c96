<?php

declare(strict_types=1);

namespace Formix\Exception;

/** There is no result yet. The job goes on; ask again later. */
final class ResultTimeout extends FormixException
{
}
