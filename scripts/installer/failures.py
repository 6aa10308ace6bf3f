"""From what pip printed to one sentence of cause and one of remedy."""
from __future__ import annotations

import re
from pathlib import Path

from .console import Failure

# In this order: pip reports "no matching distribution" after every lost connection too, so that comes late.
_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    (
        "disk",
        r"No space left on device|Errno 28\b|WinError 112|Disk quota exceeded|Errno 122\b",
        "The disk is full.",
        "Free some space, or choose a folder on another disk with --root, then run the same command again.",
    ),
    (
        "path-length",
        r"File name too long|Errno 36\b|WinError 206|Windows Long Path",
        "A path became longer than this system allows.",
        "Choose a shorter folder with --root, for example one directly under the drive.",
    ),
    (
        "in-use",
        r"WinError 32|being used by another process",
        "A file of the environment is in use by another program.",
        "Stop the engine (Blender: Free Memory, or close Blender), then run the same command again.",
    ),
    (
        "permission",
        r"Permission denied|Errno 13\b|WinError 5\b|Access is denied|Read-only file system|Errno 30\b",
        "A file or folder may not be written.",
        "Choose a folder of your own with --root, or have the folder's permissions changed.",
    ),
    (
        "certificate",
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify failed",
        "The package server's certificate could not be verified.",
        "Check the computer's clock; behind a company proxy, set PIP_CERT to the company's certificate file.",
    ),
    (
        "proxy",
        r"ProxyError|407 Proxy|Tunnel connection failed|Cannot connect to proxy",
        "The proxy refused the connection.",
        "Check the HTTPS_PROXY setting, including its user name and password.",
    ),
    (
        "refused",
        r"\b(401|403) Client Error|HTTP error (401|403)|401 Error|403 Error",
        "The package server refused access.",
        "Check the index and credentials that pip is configured with (pip config list).",
    ),
    (
        "corrupt",
        r"DO NOT MATCH THE HASHES|BadZipFile|is not a zip file|Wheel .* is invalid|has an invalid wheel"
        r"|zlib\.error|Error -3 while decompressing|Bad CRC-32|IncompleteRead|incomplete-download",
        "A downloaded package is damaged.",
        "Run the same command again; if it happens again, delete the folder cache/pip under the root first.",
    ),
    (
        "server",
        r"\b5\d\d Server Error|HTTP error 5\d\d|Too Many Requests|429 Client Error",
        "The package server is out of order or overloaded.",
        "Wait some minutes, then run the same command again; what was downloaded is kept.",
    ),
    (
        "network",
        r"NewConnectionError|Failed to establish a new connection|Temporary failure in name resolution|getaddrinfo"
        r"|NameResolutionError|ConnectTimeout|Read timed out|ReadTimeoutError|Network is unreachable|No route to host"
        r"|Connection (refused|reset|aborted|broken)|ConnectionResetError|ProtocolError",
        "The package server could not be reached.",
        "Check the internet connection, then run the same command again; without a network use --offline WHEELS.",
    ),
    (
        "platform",
        r"is not a supported wheel on this platform",
        "A package in the given folder was built for another system or another Python.",
        "Download the wheels again for this system and this Python (pip download --only-binary :all:).",
    ),
    (
        "no-match",
        r"No matching distribution found|Could not find a version that satisfies",
        "No package of the pinned version exists for this system and this Python.",
        "Use 64-bit Python 3.11, or give a folder that holds the wheel with --offline WHEELS.",
    ),
    (
        "memory",
        r"MemoryError|Cannot allocate memory|Errno 12\b",
        "The computer ran out of memory.",
        "Close other programs, then run the same command again.",
    ),
)

_WANTED = re.compile(r"(?:No matching distribution found for|satisfies the requirement) (\S+)")


def explain(output: str, *, code: int, log: Path) -> Failure:
    """The Failure behind a pip run that ended with `code` (not 0) after printing `output`."""
    for kind, pattern, cause, remedy in _KNOWN:
        if re.search(pattern, output):
            wanted = _WANTED.search(output)
            if kind == "no-match" and wanted:
                cause = f"No package {wanted[1]} exists for this system and this Python."
            return Failure(cause, remedy, kind=kind)
    if code in (-9, 137):
        return Failure(
            "The system ended pip, most often because memory ran out.",
            "Close other programs, then run the same command again.",
            kind="memory",
        )
    errors = [line.strip() for line in output.splitlines() if line.strip().lower().startswith("error")]
    last = errors[-1] if errors else f"pip ended with code {code}"
    cause = f"Installing packages failed: {last.rstrip('.')}."
    return Failure(cause, f"See {log}, then run the same command again.", kind="other")


def explain_os_error(error: OSError) -> Failure:
    """The Failure behind an OSError of the installer's own work."""
    text = f"{error}"
    for kind, pattern, cause, remedy in _KNOWN:
        if kind in ("disk", "permission", "in-use", "path-length") and re.search(pattern, text):
            where = f" ({error.filename})" if error.filename else ""
            return Failure(cause[:-1] + where + ".", remedy, kind=kind)
    return Failure(f"The system reported: {text}.", "See whether the folder given with --root can be used.", kind="os")
