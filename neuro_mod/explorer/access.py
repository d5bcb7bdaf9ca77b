"""Who may talk to the explorer: who has its token, from a page of its own address."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Mapping
from ipaddress import ip_address

#: Sent with every answer; `Access.headers` adds the policy for content.
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
#: A notebook on this machine may show the page in a frame, and nobody else.
_FRAMED_BY = "'self' http://127.0.0.1:* http://localhost:* https://127.0.0.1:* https://localhost:*"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HTTP = 80


class Access:
    """The address of one explorer, and its token.

    Args:
        host: The address that it listens on, as its socket has it.
        port: The port.
        name: The host as it was given, which may be a name of that address.
    """

    def __init__(self, host: str, port: int, name: str | None = None):
        self.host, self.port, self._name = host, port, (name or host).lower()
        self.token = secrets.token_urlsafe(32)

    @property
    def everywhere(self) -> bool:
        """Whether it listens on all addresses of this machine."""
        return ip_address(self.host).is_unspecified

    @property
    def only_here(self) -> bool:
        """Whether nobody but this machine reaches it."""
        return ip_address(self.host).is_loopback

    @property
    def address(self) -> str:
        """The address of the page, with the token."""
        return f"{self._url(socket.gethostname() if self.everywhere else self.host)}/?token={self.token}"

    @property
    def address_here(self) -> str:
        """The address of the page for a browser on this machine, with the token."""
        here = ("::1" if ":" in self.host else "127.0.0.1") if self.everywhere else self.host
        return f"{self._url(here)}/?token={self.token}"

    def knows(self, token: str) -> bool:
        """Whether this is the token, in the same time wherever they differ."""
        return secrets.compare_digest(token.encode(errors="replace"), self.token.encode())

    def is_ours(self, host: str, origin: str | None) -> bool:
        """Whether a request was meant for this address, and comes from no page of another.

        Args:
            host: The header ``Host``.
            origin: The header ``Origin``; None if there is none.
        """
        name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", str(_HTTP))
        name = name.lower().removeprefix("[").removesuffix("]")
        if port != str(self.port):
            return False
        if self.everywhere:  # no other site has a number as its name
            known = _is_ip(name) or name in ("localhost", socket.gethostname().lower())
        else:
            known = name in (self.host, self._name) or (name in _LOOPBACK and self.host in _LOOPBACK)
        return known and origin in (None, f"http://{host}")

    def headers(self, host: str) -> Mapping[str, str]:
        """Headers of an answer, which keep the browser from anything else than the page itself.

        Args:
            host: The header ``Host`` of the request.
        """
        policy = {
            "default-src": "'self'",
            "connect-src": f"'self' ws://{host}" if self.is_ours(host, None) else "'none'",
            "img-src": "'self' data:",
            "base-uri": "'none'",
            "form-action": "'none'",
            "object-src": "'none'",
            "frame-ancestors": _FRAMED_BY,
        }
        return {**_HEADERS, "Content-Security-Policy": "; ".join(f"{key} {value}" for key, value in policy.items())}

    def _url(self, host: str) -> str:
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def _is_ip(host: str) -> bool:
    if "%" in host:  # the name of an interface, which may have any characters
        return False
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
