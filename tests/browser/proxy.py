"""A line between a page and the server that a test can cut."""

import socket
import threading
from contextlib import suppress

from tests.backing import free_port

BLOCK = 64 * 1024
FORWARD_SECONDS = 10


class Proxy:
    """Forwards TCP connections to a port. `cut()` breaks all of them and refuses new ones; `mend()` lets them in again."""

    def __init__(self, target_port: int):
        self.target_port = target_port
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.refused = 0
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> "Proxy":
        self.mend()
        return self

    def __exit__(self, *problem: object) -> None:
        self.cut()

    @property
    def connections(self) -> int:
        return len(self._sockets)

    def mend(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen()
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        listener, self._listener = self._listener, None
        with self._lock:
            doomed = [*self._sockets, listener] if listener else [*self._sockets]
        for one in doomed:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return  # cut
            threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError), near, socket.create_connection(("127.0.0.1", self.target_port), FORWARD_SECONDS) as far:
            far.settimeout(None)
            with self._lock:
                self._sockets |= {near, far}
            if self._listener is None:  # cut meanwhile
                self._sockets -= {near, far}
                return
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far)
            back.join()
        with self._lock:
            self._sockets -= {near, far}

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(BLOCK):
                sink.sendall(block)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)
