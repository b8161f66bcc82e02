"""Daphne reads a whole body, of any length, before it asks the application: anyone could fill the disk. Here it has an end."""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings

from imsite.bridge import TOO_LARGE

ANSWER = (
    b"HTTP/1.1 413 Request Entity Too Large\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
    b"Connection: close\r\n\r\n%s" % (len(TOO_LARGE), TOO_LARGE)
)


class BoundedRequest(WebRequest):
    """A request whose body has HTTP_BODY_BYTES bytes at most; 413 and the end of the connection otherwise."""

    left = 0  # bytes

    def gotLength(self, length: int | None) -> None:
        """Of the body, once the head is read; None where it comes in chunks."""
        super().gotLength(length)
        self.left = settings.HTTP_BODY_BYTES
        if length is not None and length > self.left:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:
        if self.left < 0:  # refused; what was read already is thrown away
            return
        self.left -= len(data)
        if self.left < 0:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def _refuse(self) -> None:
        self.left = -1
        self.channel.transport.write(ANSWER)
        self.channel.loseConnection()


class BoundedFactory(HTTPFactory):
    def buildProtocol(self, address: Any) -> Any:
        protocol = super().buildProtocol(address)
        protocol.requestFactory = BoundedRequest
        return protocol
