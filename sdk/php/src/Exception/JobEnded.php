<?php

declare(strict_types=1);

namespace Formix\Exception;

use Formix\JobStatus;

/** A job ended without a result: it was refused, or cancelled. */
final class JobEnded extends FormixException
{
    /** @param JobStatus $status how it stands at the heavy node */
    public function __construct(public readonly JobStatus $status)
    {
        parent::__construct("job $status->id: $status");
    }
}
