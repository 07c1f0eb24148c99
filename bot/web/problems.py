"""Errors as RFC 9457 problems: a status, a sentence for people, nothing about our insides."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from bot.errors import AlreadyClaimed, Refused, Unknown


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **extra: Any) -> JSONResponse:
    """One problem document."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **extra}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(site: FastAPI) -> None:
    """Answer every expected error with a problem; the guard answers the others."""
    site.add_exception_handler(HTTPException, _http)
    site.add_exception_handler(RequestValidationError, _invalid)
    site.add_exception_handler(Refused, _refused)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return problem(error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    fields = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'][1:]) or 'body'}: {item['msg']}" for item in error.errors()[:5]
    )
    return problem(422, fields)


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, AlreadyClaimed):
        return problem(409, str(error), claimed_by=error.claimed_by)
    return problem(404 if isinstance(error, Unknown) else 409, str(error))
