"""For whoever runs the machine: alive, ready, figures without any text of a newcomer."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.web.parts import Has

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz")
async def ready(parts: Has) -> JSONResponse:
    """The database answers and content is loaded; broken newer content or a stopped channel is named and stops nothing else."""
    try:
        await parts.store.ping()
    except Exception as error:  # whatever the database says, we are not ready
        return JSONResponse({"status": "database", "error": type(error).__name__}, 503)
    return JSONResponse(
        {
            "status": "ok",
            "topics": len(parts.knowledge.catalogue.topics),
            "content_defects": list(parts.knowledge.broken),
            "channels": {one.name: one.trouble or "ok" for one in (parts.telegram, parts.whatsapp) if one},
        }
    )


@router.get("/metrics")
async def metrics() -> Response:
    """Prometheus figures."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
