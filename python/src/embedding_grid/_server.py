"""The process that computes, ``embedding-grid serve --stdio``, and the lines that go to and fro."""

import atexit
import itertools
import json
import os
import queue
import shlex
import shutil
import subprocess
import threading
from typing import Any, Callable, Dict, List, Optional

PROTOCOL = 1


class EmbeddingGridError(Exception):
    """What went wrong, in a sentence. ``code`` is for programs, ``hint`` says what to do about it."""

    def __init__(self, code: str, message: str, hint: Optional[str] = None, detail: Optional[str] = None) -> None:
        super().__init__(message if hint is None else f"{message} {hint}")
        self.code = code
        self.message = message
        self.hint = hint
        self.detail = detail


def command() -> List[str]:
    """The program: ``EMBEDDING_GRID_COMMAND`` as a shell would read it, else ``embedding-grid`` on the path."""
    named = os.environ.get("EMBEDDING_GRID_COMMAND")
    if named:
        return shlex.split(named)
    found = shutil.which("embedding-grid")
    if found:
        return [found]
    raise EmbeddingGridError(
        "not-installed",
        "The program embedding-grid is not on the path.",
        "Run npm run build and npm link in its repository, or name it in EMBEDDING_GRID_COMMAND.",
    )


class Server:
    """One process, for all models of this Python. Calls of several threads run side by side."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [*command(), "serve", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            # A Ctrl-C is for us to tell: the process cancels what is asked, and stays.
            start_new_session=True,
        )
        self._ids = itertools.count(1)
        self._writing = threading.Lock()
        self._open: Dict[int, "queue.SimpleQueue[Dict[str, Any]]"] = {}
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()
        atexit.register(self.close)
        spoken = self.call("hello", {})["protocol"]
        if spoken != PROTOCOL:
            self.close()
            raise EmbeddingGridError(
                "protocol",
                f"The installed embedding-grid speaks version {spoken} of the protocol, this package version {PROTOCOL}.",
                "Install the same version of both.",
            )

    @property
    def alive(self) -> bool:
        return not self._ended and self._process.poll() is None

    def call(self, method: str, params: Dict[str, Any], on_event: Optional[Callable[[Any], None]] = None) -> Any:
        """Asks, and waits for the answer. A Ctrl-C cancels what was asked. Raises :class:`EmbeddingGridError`."""
        number = next(self._ids)
        answers: "queue.SimpleQueue[Dict[str, Any]]" = queue.SimpleQueue()
        self._open[number] = answers
        try:
            self._send({"type": "request", "id": number, "method": method, "params": params})
            while True:
                message = answers.get()
                if message["type"] == "result":
                    return message["result"]
                if message["type"] == "fault":
                    fault = message["fault"]
                    raise EmbeddingGridError(
                        fault["code"], fault["message"], fault.get("hint"), fault.get("detail")
                    )
                if on_event is not None:
                    on_event(message["event"])
        except KeyboardInterrupt:
            self._send({"type": "cancel", "id": number})
            raise
        finally:
            self._open.pop(number, None)

    def close(self) -> None:
        """Ends the process. Safe to call twice."""
        atexit.unregister(self.close)
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _send(self, message: Dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            with self._writing:
                self._process.stdin.write(json.dumps(message, allow_nan=False) + "\n")
                self._process.stdin.flush()
        except (BrokenPipeError, ValueError) as error:
            if isinstance(error, ValueError) and self.alive:
                raise
            raise _died() from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            answers = self._open.get(message["id"])
            if answers is not None:
                answers.put(message)
        self._ended = True
        died = _died()
        for answers in list(self._open.values()):
            answers.put({"type": "fault", "fault": {"code": died.code, "message": died.message, "hint": died.hint}})


def _died() -> EmbeddingGridError:
    return EmbeddingGridError("engine-died", "The program embedding-grid has ended.", "Open the model again.")


_server: Optional[Server] = None
_starting = threading.Lock()


def server() -> Server:
    """The process of this Python, started where it is needed."""
    global _server
    with _starting:
        if _server is None or not _server.alive:
            _server = Server()
        return _server
