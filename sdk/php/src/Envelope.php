<?php

declare(strict_types=1);

namespace Formix;

use Formix\Exception\DocumentException;
use Formix\Exception\VerificationException;

/**
 * A document with its signatures: DSSE 1.0 in its JSON form. Nothing is verified by reading one: `verify` does, and gives the payload.
 *
 * A signature covers DSSE's pre-authentication encoding of type and payload bytes, so a reader checks bytes and never canonicalises JSON.
 */
final class Envelope implements \JsonSerializable
{
    /** Longest JSON text that is read, in bytes. */
    public const BYTES_MAX = 512 * 1024;
    /** Most signatures that it may carry. */
    public const SIGNATURES_MAX = 8;

    /**
     * @param string $payloadType media type of the payload
     * @param string $payload the payload's bytes
     * @param array<string, string> $signatures Ed25519 signatures by their signers' ids
     */
    public function __construct(
        public readonly string $payloadType,
        public readonly string $payload,
        public readonly array $signatures = [],
    ) {
    }

    /**
     * Reads the JSON form.
     *
     * @throws DocumentException it is no envelope, is too long, or carries one signer twice
     */
    public static function fromJson(string $text): self
    {
        if (strlen($text) > self::BYTES_MAX) {
            throw new DocumentException(sprintf('a signed document of %d bytes; at most %d are read', strlen($text), self::BYTES_MAX));
        }
        return self::fromValue(Json::parse($text, 'a signed document'));
    }

    /**
     * Reads what a JSON reader made of it.
     *
     * @throws DocumentException it is no envelope, or carries one signer twice
     */
    public static function fromValue(mixed $value): self
    {
        $members = (new Place($value, '', 'not a DSSE envelope'))->object(['payloadType', 'payload', 'signatures']);
        $signatures = [];
        foreach ($members['signatures']->list(self::SIGNATURES_MAX) as $place) {
            $signature = $place->object(['keyid', 'sig']);
            $signer = $signature['keyid']->node();
            isset($signatures[$signer]) && $place->wrong("$signer signed twice");
            $signatures[$signer] = self::base64($signature['sig']);
        }
        return new self($members['payloadType']->text(), self::base64($members['payload']), $signatures);
    }

    /** Standard base64 with padding; the URL-safe alphabet is read too, as DSSE asks of a reader. Bytes have one text in each. */
    private static function base64(Place $place): string
    {
        $text = $place->text();
        $plain = strpbrk($text, '+/') === false ? strtr($text, '-_', '+/') : $text;
        $data = base64_decode($plain, true);
        $data !== false && base64_encode($data) === $plain || $place->wrong('is not base64');
        return (string) $data;
    }

    /** DSSE's `PAE(type, payload)`, the bytes that are signed. */
    public function preAuthentication(): string
    {
        return sprintf('DSSEv1 %d %s %d %s', strlen($this->payloadType), $this->payloadType, strlen($this->payload), $this->payload);
    }

    /**
     * Checks the type and that each of `$signers` signed; gives the payload. Signatures of others are ignored.
     *
     * @param list<string> $signers ids of nodes
     * @throws VerificationException the type is another, or a signature is missing or does not hold
     */
    public function verify(string $payloadType, array $signers): string
    {
        if ($this->payloadType !== $payloadType) {
            throw new VerificationException(sprintf('a document of the unexpected type `%.64s`', $this->payloadType));
        }
        foreach ($signers as $signer) {
            $signature = $this->signatures[$signer] ?? throw new VerificationException("not signed by $signer");
            $isWhole = strlen($signature) === SODIUM_CRYPTO_SIGN_BYTES;
            if (!$isWhole || !sodium_crypto_sign_verify_detached($signature, $this->preAuthentication(), NodeId::key($signer))) {
                throw new VerificationException("the signature of $signer does not fit the document");
            }
        }
        return $this->payload;
    }

    /** The JSON form, in which a document leaves the network. */
    public function toJson(): string
    {
        return Json::write($this);
    }

    /** @return array<string, mixed> */
    public function jsonSerialize(): array
    {
        $signatures = [];
        foreach ($this->signatures as $signer => $signature) {
            $signatures[] = ['keyid' => $signer, 'sig' => base64_encode($signature)];
        }
        return ['payloadType' => $this->payloadType, 'payload' => base64_encode($this->payload), 'signatures' => $signatures];
    }
}
