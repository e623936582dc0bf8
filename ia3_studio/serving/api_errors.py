"""What does a client hear when something is wrong? OpenAI's form of errors."""

from __future__ import annotations

import json
from typing import Any

from ia3_studio.asgi import Send
from ia3_studio.chat.settings import NotFiniteError
from ia3_studio.errors import StudioError
from ia3_studio.serving.generation import AnswerFailedError, BusyError, ClosedError, TimedOutError
from ia3_studio.serving.model_names import UnknownModelError


class ApiError(Exception):
    """A request that is refused."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param

    def document(self) -> dict[str, Any]:
        """Return the error as a client of OpenAI reads it."""
        kind = _KINDS.get(self.status, "invalid_request_error" if self.status < 500 else "server_error")
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}


_KINDS = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def as_api_error(error: BaseException) -> ApiError:
    """Return the form in which a client hears of an error; only those of users are quoted."""
    match error:
        case ApiError():
            return error
        case UnknownModelError():
            return ApiError(404, str(error), code="model_not_found", param="model")
        case BusyError():
            return ApiError(429, str(error), code="rate_limit_exceeded")
        case ClosedError():
            return ApiError(503, str(error), code="server_shutting_down")
        case TimedOutError():
            return ApiError(504, str(error), code="timeout")
        case AnswerFailedError() | NotFiniteError():
            return ApiError(500, str(error), code="answer_failed")
        case StudioError():
            return ApiError(400, str(error))
        case _:
            return ApiError(500, "An unexpected error occurred; the log of the server has the details.")


async def refuse(send: Send, status: int, sentence: str) -> None:
    """Respond to a request with an error in OpenAI's form."""
    await send_error(send, ApiError(status, sentence))


async def send_error(send: Send, error: ApiError) -> None:
    """Respond to a request with an error."""
    body = json.dumps(error.document()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if error.status in (429, 503):
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
