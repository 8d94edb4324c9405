"""The control API: what an admin on this machine may ask of the daemon. The file's permissions say who that is."""

import asyncio
import pwd
from http import HTTPStatus
from typing import Annotated, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from structlog.typing import FilteringBoundLogger

from ccrouter.errors import StoreError
from ccrouter.web.orders import Controls, ModeOrder, OrderError, UnknownNameError
from ccrouter.web.unix_socket import peer_of
from ccrouter.web.wire import MODE, MODES, OUTCOME, STATUS

MAX_BODY_BYTES: Final = 16 * 1024
LONGEST_S: Final = 366 * 86400

Line = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$")]


class ModeBody(BaseModel):
    """Body of PUT /modes/{name}; `author` adds the person behind a shared user such as root."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on: bool
    reason: Line = Field(min_length=1)
    author: Line = ""
    for_s: float | None = Field(default=None, gt=0, le=LONGEST_S)

    @model_validator(mode="after")
    def _ends_only_what_begins(self) -> "ModeBody":
        if self.for_s is not None and not self.on:
            raise ValueError("for_s goes with on: true; a mode that is switched off has no end")
        return self


def control_app(controls: Controls, log: FilteringBoundLogger) -> web.Application:
    """Return the application of the control socket: /status, /modes and /reload."""

    async def status(_: web.Request) -> web.Response:
        return _json(STATUS.dump_json(controls.status()))

    async def modes(_: web.Request) -> web.Response:
        return _json(MODES.dump_json(tuple(controls.modes())))

    async def switch(request: web.Request) -> web.Response:
        body = _body(await request.read())
        order = ModeOrder(
            name=request.match_info["name"],
            on=body.on,
            author=await _author(request, body.author),
            reason=body.reason,
            for_s=body.for_s,
        )
        return _json(MODE.dump_json(await controls.switch_mode(order)))

    async def reload(request: web.Request) -> web.Response:
        outcome = await controls.reload(await _author(request))
        refused = HTTPStatus.UNPROCESSABLE_ENTITY if outcome.problems else HTTPStatus.OK
        return _json(OUTCOME.dump_json(outcome), refused)

    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_errors_as_json(log)])
    app.add_routes(
        [
            web.get("/status", status),
            web.get("/modes", modes),
            web.put("/modes/{name}", switch),
            web.post("/reload", reload),
        ]
    )
    return app


def _body(raw: bytes) -> ModeBody:
    try:
        return ModeBody.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise OrderError(f"{place}: {first['msg']}") from error


async def _author(request: web.Request, person: str = "") -> str:
    """Return the user at the other end, by the kernel's word; a person named on top stands before it."""
    connection = None if request.transport is None else request.transport.get_extra_info("socket")
    if connection is None:
        raise OrderError("the connection is gone")
    uid = peer_of(connection).uid
    try:
        # Where users come from a directory over the network, the look-up may take its time.
        user = (await asyncio.to_thread(pwd.getpwuid, uid)).pw_name
    except KeyError:
        user = f"uid {uid}"
    return f"{person} ({user})" if person and person != user else user


def _errors_as_json(log: FilteringBoundLogger) -> Middleware:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            return _error(error.reason, error.status)
        except UnknownNameError as error:
            return _error(str(error), HTTPStatus.NOT_FOUND)
        except OrderError as error:
            return _error(str(error), HTTPStatus.BAD_REQUEST)
        except StoreError as error:
            log.warning("an order could not be saved", path=request.path, error=str(error))
            return _error(str(error), HTTPStatus.INSUFFICIENT_STORAGE)
        except Exception:
            log.exception("an order failed", path=request.path)
            return _error("ccrouter failed at this; its log tells more", HTTPStatus.INTERNAL_SERVER_ERROR)

    return middleware


def _error(text: str, status: int) -> web.Response:
    return web.json_response({"error": text}, status=status)


def _json(body: bytes, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")
