"""What a client says on a connection, packet by packet, whatever carries the packets."""

from __future__ import annotations

import logging

from django.conf import settings

from imsite.realtime import engineio, socketio
from imsite.realtime.connection import Connection
from imsite.realtime.engineio import ProtocolError
from imsite.realtime.pipeline import Pipeline

logger = logging.getLogger(__name__)

PROTOCOL_ERROR, TOO_BIG = 1002, 1009  # close codes of RFC 6455


class Peer:
    """The far end of a connection, in the hub from here on up to `end`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pipeline = Pipeline(connection)
        connection.hub.add(connection)

    def take(self, frame: str) -> bool:
        """Act on a frame; False when it ends the connection, which is then being closed."""
        limit = settings.SOCKET_FRAME_BYTES
        if len(frame) > limit // 4 and len(frame.encode()) > limit:
            self.connection.close(TOO_BIG)
            return False
        try:
            packet = engineio.decode(frame)
        except ProtocolError as error:
            logger.info("%s: %s", self.connection.session, error)
            self.connection.close(PROTOCOL_ERROR)
            return False
        match packet:
            case engineio.Ping(text):
                self.connection.say(b"3" + text.encode())
            case engineio.Message(text):
                return self._take_message(text)
            case engineio.Close():
                self.connection.close()
                return False
        return True

    def _take_message(self, text: str) -> bool:
        try:
            packet = socketio.decode(text)
        except ProtocolError:
            self.connection.hub.malformed += 1
            return True
        match packet:
            case socketio.Event(name, data):
                self.pipeline.receive(name, data)
            case socketio.Disconnect():
                self.connection.session.signed_out = True
                self.connection.end_session()
                self.connection.close()
                return False
        return True

    async def wait_for_room(self) -> None:
        """Take no more from a client that asks faster than it is answered."""
        if not self.pipeline.is_full:
            return
        connection = self.connection
        connection.paused = True
        connection.writer.pause_reading()
        await self.pipeline.wait_for_room()
        connection.writer.resume_reading()
        self.hear()
        connection.paused = False

    def hear(self) -> None:
        """The peer gave a sign of life."""
        self.connection.seen_at = self.connection.hub.loop.time()

    def end(self) -> None:
        """The connection is gone."""
        self.pipeline.stop()
        self.connection.end_session()
        self.connection.hub.remove(self.connection)
