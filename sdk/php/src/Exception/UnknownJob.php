<?php

declare(strict_types=1);

namespace Formix\Exception;

/** The heavy node knows no such job. */
final class UnknownJob extends ProblemException
{
}
