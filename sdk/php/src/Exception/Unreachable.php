<?php

declare(strict_types=1);

namespace Formix\Exception;

/** A heavy node does not answer, or does not answer like one. */
final class Unreachable extends FormixException
{
}
