"""What a failed call means: aiohttp's errors as faults, with the phase the call had come to."""

import ssl

import aiohttp

from connectors.kit.faults import Fault, Kind, Phase

FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ssl.SSLError, ssl.CertificateError, ValueError)
"""What aiohttp may raise. TimeoutError is also what `asyncio.timeout` raises."""


def fault_of(error: BaseException, phase: Phase, status: int | None = None) -> Fault:
    """The fault for `error`. Texts name no URL: a URL may carry a secret."""
    kind, message = _meaning(error)
    if kind is Kind.TLS:
        phase = "idle"  # no byte of HTTP crosses before the handshake is done
    return Fault(kind, status=status, message=message, phase=phase)


def _meaning(error: BaseException) -> tuple[Kind, str]:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return Kind.NETWORK, "the host name could not be resolved"
        case (
            aiohttp.ClientConnectorSSLError()
            | aiohttp.ClientConnectorCertificateError()
            | aiohttp.ServerFingerprintMismatch()
            | ssl.SSLError()
        ):
            return Kind.TLS, "the secure connection could not be made"
        case TimeoutError():
            return Kind.TIMEOUT, "no answer in time"
        case aiohttp.ClientConnectorError():
            return Kind.NETWORK, "the connection was refused"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | ConnectionError():
            return Kind.NETWORK, "the connection was closed before the answer was complete"
        case aiohttp.ClientPayloadError():
            return Kind.GARBLED, "the answer's body was cut short or malformed"
        case aiohttp.ClientResponseError():
            return Kind.GARBLED, "the answer is not HTTP"
        case _:
            return Kind.NETWORK, f"the call failed ({type(error).__name__})"
