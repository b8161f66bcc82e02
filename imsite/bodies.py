"""What Daphne does with a body before it asks the application, kept within bounds.

It reads a whole body, of any length: anyone could fill the disk. Here it has an end. Twisted below it then takes a form apart
for arguments that nobody reads, in the event loop: an upload of 8 MiB would stop every socket for a second or more, whoever
sends it, and a form that is broken would be answered with nothing. Here the application reads it, once it knows whose it is.
"""

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

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
