"""What every response carries: Request-Id, security headers, its trace. Pure ASGI: the hot path runs here."""

import re

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from casefile_api.identifiers import new_id

_TRACEPARENT = re.compile(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_ALWAYS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"strict-transport-security", b"max-age=31536000"),
)
_PLAIN_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")


class RequestIds:
    """Gives each request its id and each response the headers that all have."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(new_id())
        scope["request_id"] = request_id
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        trace = next((value for name, value in headers if name == b"traceparent"), b"")
        head = scope["method"] == "HEAD"
        scope["asked_method"] = scope["method"]
        if head:
            # A HEAD is the GET without its body (RFC 9110 9.3.2): guarded and recorded the same.
            scope["method"] = "GET"
        said = [*_ALWAYS, (b"request-id", request_id.encode())]
        if _TRACEPARENT.fullmatch(trace):
            said.append((b"traceparent", trace))
            scope["traceparent"] = trace.decode()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope["method"] = scope["asked_method"]  # the server leaves a body out by it, and keeps the connection
                own = message.setdefault("headers", [])
                own.extend(said)
                if not any(name.lower() == b"content-security-policy" for name, _ in own):
                    own.append(_PLAIN_POLICY)
            elif head:
                message = {**message, "body": b""}
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id)
        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            structlog.contextvars.reset_contextvars(**bound)
