<?php

declare(strict_types=1);

namespace Formix\Exception;

use Formix\JobResult;

/** A job's guest failed, as its nodes' receipts say. */
final class JobFailed extends FormixException
{
    /** @param JobResult $result how it ended, what it wrote, and the verified receipts */
    public function __construct(public readonly JobResult $result)
    {
        parent::__construct("job $result->job failed: $result->ending");
    }
}
