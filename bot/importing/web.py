"""One document from the web for an editor at the command line: https only, with a limit on time and size, and errors in a sentence."""

from __future__ import annotations

import time
from urllib.parse import urljoin, urlsplit

import httpx

from bot.errors import Refused, RetryLater
from locales.defects import sentence

SECONDS = 30.0
LARGEST = 30 * 1024 * 1024
REDIRECTS = 3
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def fetch(url: str, *, seconds: float = SECONDS, largest: int = LARGEST) -> bytes:
    """The body behind an address.

    Raises:
        Refused: if the address is no https one, the server says no, or the document is too large.
        RetryLater: if the server is away or too slow.
    """
    ends = time.monotonic() + seconds
    try:
        with httpx.Client(timeout=seconds, headers={"Accept": "application/json"}) as client:
            for _ in range(REDIRECTS + 1):
                _check(url)
                with client.stream("GET", url) as response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers.get("location", ""))
                        continue
                    if response.status_code != httpx.codes.OK:
                        raise Refused(
                            sentence(
                                "{url} answers {status}; check the city and the language in it",
                                url=url, status=response.status_code,
                            )
                        )  # fmt: skip
                    return _body(response, url, ends, largest)
    except httpx.TimeoutException as error:
        raise RetryLater(
            sentence("{url} took longer than {seconds} seconds; try again later", url=url, seconds=round(seconds))
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RetryLater(
            sentence(
                "{url} cannot be reached ({why}); check the address and the network", url=url, why=type(error).__name__
            )
        ) from error
    raise Refused(sentence("{url} sends from one address to the next without end", url=url))


def _check(url: str) -> None:
    parts = urlsplit(url)
    if not parts.hostname or (parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise Refused(sentence("{url} is no https:// address", url=url))


def _body(response: httpx.Response, url: str, ends: float, largest: int) -> bytes:
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > largest:
            raise Refused(
                sentence(
                    "{url} is larger than {megabytes} MB; save it and import the file",
                    url=url, megabytes=largest // 1024 // 1024,
                )
            )  # fmt: skip
        if time.monotonic() > ends:
            raise RetryLater(sentence("{url} is too slow; try again later, or save it and import the file", url=url))
    return bytes(body)
