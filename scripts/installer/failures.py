"""From what uv, pip or the system reported to one sentence of cause and one of remedy."""

from __future__ import annotations

import re
from pathlib import Path

from .console import Failure

# kind, what tells it, cause, remedy; in this order: after a lost connection pip also reports "no matching distribution".
_KNOWN: tuple[tuple[str, str, str, str], ...] = (
    (
        "disk",
        r"No space left on device|(Errno|os error) 28\b|(WinError|os error) 112\b|Disk quota exceeded|(Errno|os error) 122\b",
        "The disk is full.",
        "Free some space, or choose a folder on another disk with --root, then run the same command again.",
    ),
    (
        "path-length",
        r"File name too long|(Errno|os error) 36\b|(WinError|os error) 206\b|Windows Long Path",
        "A path became longer than this system allows.",
        "Choose a shorter folder with --root, for example one directly under the drive.",
    ),
    (
        "in-use",
        r"(WinError|os error) 32\b|being used by another process",
        "A file of the environment is in use by another program.",
        "Stop the engine (Blender: Free Memory, or close Blender), then run the same command again.",
    ),
    (
        "permission",
        r"Permission denied|(Errno|os error) (13|30)\b|(WinError|os error) 5\b|Access is denied|Read-only file system",
        "A file or folder may not be written.",
        "Choose a folder of your own with --root, or have the folder's permissions changed.",
    ),
    (
        "certificate",
        r"CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify failed|invalid peer certificate",
        "The package server's certificate could not be verified.",
        "Check the computer's clock; behind a company proxy, set PIP_CERT to the company's certificate file.",
    ),
    (
        "proxy",
        r"ProxyError|407 Proxy|Tunnel connection failed|Cannot connect to proxy|tunnel error|proxy connect",
        "The proxy refused the connection.",
        "Check the HTTPS_PROXY setting, including its user name and password.",
    ),
    (
        "refused",
        r"\b(401|403) (Client Error|Unauthorized|Forbidden)|HTTP error (401|403)|\b(401|403) Error",
        "The package server refused access.",
        "Check the index and credentials that pip is configured with (pip config list).",
    ),
    (
        "corrupt",
        r"DO NOT MATCH THE HASHES|BadZipFile|is not a zip file|Wheel .* is invalid|has an invalid wheel|zlib\.error|Bad CRC"
        r"|Hash mismatch|Failed to extract|Failed to unzip|Failed to read `.*\.whl`|invalid (zip|wheel)|unexpected end of file",
        "A downloaded package is damaged.",
        "Run the same command again; if it happens again, delete the folder cache under the root first.",
    ),
    (
        "server",
        r"\b(429|5\d\d) (Server|Client) Error|HTTP error 5\d\d|Too Many Requests|status (server|client) error \((429|5\d\d)",
        "The package server is out of order or overloaded.",
        "Wait some minutes, then run the same command again; what was downloaded is kept.",
    ),
    (
        "network",
        r"NewConnectionError|Failed to establish a new connection|name resolution|NameResolutionError|getaddrinfo|dns error"
        r"|ConnectTimeout|timed out|ReadTimeoutError|Network is unreachable|No route to host|ProtocolError|error sending request"
        r"|Connection (refused|reset|aborted|broken)|ConnectionResetError|connection was disabled|error decoding response body",
        "The package server could not be reached.",
        "Check the internet connection, then run the same command again; without a network use --offline WHEELS.",
    ),
    (
        "platform",
        r"is not a supported wheel on this platform|no wheels? with a matching|not compatible with the current",
        "A package in the given folder was built for another system or another Python.",
        "Download the wheels again for this system and this Python (pip download --only-binary :all:).",
    ),
    (
        "no-match",
        r"No matching distribution found|Could not find a version that satisfies|No solution found",
        "No package of the pinned version exists for this system and this Python.",
        "Use 64-bit Python 3.11, or give a folder that holds the wheel with --offline WHEELS.",
    ),
    (
        "memory",
        r"MemoryError|Cannot allocate memory|(Errno|os error) 12\b|memory allocation of",
        "The computer ran out of memory.",
        "Close other programs, then run the same command again.",
    ),
)
_WANTED = re.compile(r"(?:No matching distribution found for|satisfies the requirement|you require) ([^\s,]+)")


def explain(output: str, *, code: int, log: Path) -> Failure:
    """The Failure behind a run of uv or pip that ended with `code` (not 0) after printing `output`."""
    for kind, pattern, cause, remedy in _KNOWN:
        if re.search(pattern, output):
            if kind == "no-match" and (wanted := _WANTED.search(output)):
                cause = f"No package {wanted[1]} exists for this system and this Python."
            return Failure(cause, remedy, kind=kind)
    if code in (-9, 137):
        cause = "The system ended the installation of packages, most often because memory ran out."
        return Failure(cause, "Close other programs, then run the same command again.", kind="memory")
    errors = [line.strip() for line in output.splitlines() if line.strip().lower().startswith(("error", "cause"))]
    last = errors[-1] if errors else f"code {code}"
    return Failure(
        f"Installing packages failed: {last.rstrip('.')}.", f"See {log}, then run the same command again.", kind="other"
    )


def explain_os_error(error: OSError) -> Failure:
    """The Failure behind an OSError of the installer's own work."""
    for kind, pattern, cause, remedy in _KNOWN[:4]:
        if re.search(pattern, f"{error}"):
            where = f" ({error.filename})" if error.filename else ""
            return Failure(cause[:-1] + where + ".", remedy, kind=kind)
    return Failure(f"The system reported: {error}.", "See whether the folder given with --root can be used.", kind="os")
