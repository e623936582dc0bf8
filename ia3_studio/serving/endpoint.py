"""OpenAI's HTTP interface over the scheduler: which path answers what?"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ia3_studio.asgi import App, Message, Receive, Send
from ia3_studio.chat.settings import ChatSettings
from ia3_studio.host_check import HostMiddleware
from ia3_studio.serving.api_errors import ApiError, as_api_error, refuse, send_error
from ia3_studio.serving.generation import Delta, Event, Failed, Finished, Generation, ServedAdapter
from ia3_studio.serving.model_names import ModelNames
from ia3_studio.serving.prompts import Reader
from ia3_studio.serving.requests import Asked, read_body, read_request
from ia3_studio.serving.responses import Completion
from ia3_studio.serving.scheduler import Scheduler

OWNER = "ia3-studio"
BODY_SECONDS = 30.0
"""Time that a client has to send its request."""
MOST_CONNECTIONS = 512
"""Requests that are read, wait or are answered at a time; further ones are refused at once."""

logger = logging.getLogger("ia3_studio.serving")


def endpoint(scheduler: Scheduler, names: ModelNames, reader: Reader, key: str = "", *, is_loopback: bool) -> App:
    """Return the web app.

    Args:
        scheduler: computes the answers.
        names: the models that can be asked for.
        reader: makes tokens of prompts.
        key: what clients must send as their API key; without one every request is answered.
        is_loopback: whether it listens on this computer only, so that requests under other names are refused.
    """
    inner = _Endpoint(scheduler, names, reader)
    app: App = Starlette(
        routes=[
            Route("/health", inner.health),
            Route("/v1/models", inner.list_models),
            Route("/v1/models/{name:path}", inner.one_model),
            Route("/v1/chat/completions", inner.chat, methods=["POST"]),
            Route("/v1/completions", inner.complete, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _no_such_path, ApiError: _refused, Exception: _unexpected},
    )
    app = _Crowd(app)
    if key:
        app = KeyMiddleware(app, key)
    return HostMiddleware(app, refuse) if is_loopback else app


class KeyMiddleware:
    """Refuses requests without the API key."""

    def __init__(self, app: App, key: str) -> None:
        self._app = app
        self._key = _digest(key)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond with 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value.decode("latin-1") for name, value in scope.get("headers", []) if name == b"authorization"]
        kind, _space, key = given[0].partition(" ") if len(given) == 1 else ("", "", "")
        if kind.lower() == "bearer" and hmac.compare_digest(_digest(key.strip()), self._key):
            await self._app(scope, receive, send)
        else:
            await send_error(send, ApiError(401, "The API key is missing or wrong.", code="invalid_api_key"))


class _Crowd:
    """Refuses requests while very many are under way."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._inside = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._inside >= MOST_CONNECTIONS:
            await send_error(send, ApiError(429, "Too many requests at a time; try again later.", code="too_many"))
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


class _Endpoint:
    def __init__(self, scheduler: Scheduler, names: ModelNames, reader: Reader) -> None:
        self._scheduler, self._names, self._reader = scheduler, names, reader

    async def health(self, _request: Request) -> Response:
        rows, waiting = self._scheduler.load
        return JSONResponse({"status": "ok", "answers_in_progress": rows, "requests_waiting": waiting})

    async def list_models(self, _request: Request) -> Response:
        listed = await asyncio.to_thread(self._names.listed)
        found = [_model(name, named.created if named else self._names.created) for name, named in listed]
        return JSONResponse({"object": "list", "data": found})

    async def one_model(self, request: Request) -> Response:
        name = request.path_params["name"]
        try:
            await asyncio.to_thread(self._names.find, name)
        except Exception as error:
            raise _told(error) from error
        return JSONResponse(_model(name, self._names.created))

    async def chat(self, request: Request) -> Response:
        return await self._answer(request, "chat")

    async def complete(self, request: Request) -> Response:
        return await self._answer(request, "text")

    async def _answer(self, request: Request, kind: str) -> Response:
        try:
            began = time.monotonic()
            limits = self._scheduler.limits
            body = read_body(await _body_of(request, limits.body))
            asked = read_request(body, kind, most_tokens=limits.tokens, most_choices=limits.rows)
            prompts, adapter = await asyncio.to_thread(self._prepare, asked)
            answers = _Answers(self._scheduler, asked, prompts, adapter, kind, began + limits.seconds)
            if asked.stream:
                return _Stream(answers.stream(), media_type="text/event-stream", headers={"cache-control": "no-store"})
            return JSONResponse(await _unless_gone(request, answers.whole()))
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except Exception as error:
            raise _told(error) from error

    def _prepare(self, asked: Asked) -> tuple[list[_Read], ServedAdapter | None]:
        """Return what is read of each prompt, and the adapter."""
        adapter = self._names.find(asked.model)
        prompts = []
        for prompt in asked.prompts:
            ids = self._reader.read(prompt)
            prompts.append(_Read(ids, self._reader.settings_for(asked, ids), self._reader.characters(prompt)))
        return prompts, adapter


@dataclass(frozen=True)
class _Read:
    """One prompt as the model reads it."""

    ids: tuple[int, ...]
    settings: ChatSettings
    characters: int


class _Answers:
    """The answers to one request, from the scheduler's thread to the client's."""

    def __init__(
        self,
        scheduler: Scheduler,
        asked: Asked,
        prompts: list[_Read],
        adapter: ServedAdapter | None,
        kind: str,
        deadline: float,
    ) -> None:
        loop, self._events = asyncio.get_running_loop(), asyncio.Queue[Event]()

        def deliver(event: Event) -> None:
            with suppress(RuntimeError):  # the server has ended
                loop.call_soon_threadsafe(self._events.put_nowait, event)

        self._generations = [
            Generation(
                prompt.ids, prompt.settings, deliver, adapter,
                tuple(range(number * asked.choices, (number + 1) * asked.choices)),
                asked.stop, asked.logprobs, deadline,
            )
            for number, prompt in enumerate(prompts)
        ]  # fmt: skip
        self._asked = asked
        tokens = sum(len(prompt.ids) for prompt in prompts)
        offsets = tuple(prompt.characters for prompt in prompts for _choice in range(asked.choices))
        self._completion = Completion(kind, asked.model, tokens, len(offsets), offsets)
        scheduler.submit(*self._generations)

    async def whole(self) -> dict[str, Any]:
        """Return the completion once it is complete."""
        async with self._listening():
            while not self._completion.is_complete:
                self._completion.add(await self._next())
        return self._completion.whole(scores=self._asked.logprobs is not None)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the completion as server-sent events; an error ends it."""
        async with self._listening():
            try:
                for chunk in self._completion.opening():
                    yield _sent(chunk)
                while not self._completion.is_complete:
                    event = await self._next()
                    yield _sent(self._completion.chunk(event, scores=self._asked.logprobs is not None))
                if self._asked.include_usage:
                    yield _sent(self._completion.last())
            except ApiError as error:
                yield _sent(error.document())
            yield b"data: [DONE]\n\n"

    async def _next(self) -> Delta | Finished:
        event = await self._events.get()
        if isinstance(event, Failed):
            raise as_api_error(event.error)
        return event

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        """Let the scheduler forget the request when the block ends, complete or not."""
        try:
            yield
        finally:
            for generation in self._generations:
                generation.cancel()


class _Stream(StreamingResponse):
    """A stream whose generator is closed as soon as the client leaves, and not when it is collected."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            close: Callable[[], Any] | None = getattr(self.body_iterator, "aclose", None)
            if close is not None:
                await close()


async def _body_of(request: Request, most: int) -> bytes:
    """Return the body of a request.

    Raises:
        ApiError: it is too large, or takes too long.
    """
    too_large = ApiError(413, f"The request is larger than {most:,} bytes; shorten it.", code="request_too_large")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and len(declared) < 20 and int(declared) > most:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > most:
                    raise too_large
    except TimeoutError as error:
        message = f"The request was not sent within {BODY_SECONDS:.0f} s."
        raise ApiError(408, message, code="request_timeout") from error
    return bytes(body)


async def _unless_gone(request: Request, answer: Any) -> dict[str, Any]:
    """Return an answer; stop waiting for it if the client leaves.

    Raises:
        ClientDisconnect: it has left.
    """
    waited, left = asyncio.ensure_future(answer), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait((waited, left), return_when=asyncio.FIRST_COMPLETED)
        if not waited.done():
            raise ClientDisconnect
        found: dict[str, Any] = waited.result()
        return found
    finally:
        for task in (waited, left):
            task.cancel()
        await asyncio.gather(waited, left, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _sent(document: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(document, ensure_ascii=False)}\n\n".encode("utf-8", "replace")


def _model(name: str, created: int) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": created, "owned_by": OWNER}


def _told(error: Exception) -> ApiError:
    found = as_api_error(error)
    if found.status == 500 and not isinstance(error, ApiError):
        logger.error("a request failed", exc_info=error)
    return found


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return _response(error)


async def _no_such_path(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = f"{request.method} {request.url.path[:100]} is not offered; see GET /v1/models."
    return _response(ApiError(error.status_code, sentence, code="unknown_url"))


async def _unexpected(_request: Request, error: Exception) -> Response:
    return _response(_told(error))


def _response(error: ApiError) -> Response:
    headers = {"retry-after": "1"} if error.status in (429, 503) else {}
    return JSONResponse(error.document(), error.status, headers)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
