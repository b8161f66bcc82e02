"""A server of a fixed script: each request gets the next answer, whatever it asks for."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CUT = None  # the connection is closed without an answer


class Scripted:
    """`answers` are (status, headers, body) or CUT; `asked` are the requests so far, `connections` how many were opened."""

    def __init__(self, answers):
        self.answers, self.asked, self.connections = list(answers), [], 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def _handler(script):
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                script.connections += 1

            def do_GET(self):
                script.asked.append((self.path, dict(self.headers)))
                answer = script.answers.pop(0)
                if answer is CUT:
                    self.close_connection = True
                    return
                status, headers, body = answer
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *arguments):
                pass

        return Handler


@contextmanager
def scripted(*answers):
    script = Scripted(answers)
    thread = threading.Thread(target=script.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        script.server.shutdown()
        thread.join()
        script.server.server_close()
