"""Environment and ``.env`` to one frozen ``Settings``; a value that cannot be used is named in one line."""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from typing import Literal

import phonenumbers
from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import WrongSettings
from faq import HOME, cities, no_such_city

VAR = Path("var")
FEWEST = 3
DEFAULT_DATABASE = "sqlite:///var/lotsenbot.sqlite3"


class Settings(BaseSettings):
    """Everything that differs between two installations. Secrets never print."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=1, le=65535)
    public_url: str = ""
    database_url: str = DEFAULT_DATABASE
    secret_key: SecretStr = SecretStr("")
    city: str = HOME
    telegram_token: SecretStr = SecretStr("")
    telegram_api_url: str = "https://api.telegram.org/bot"
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_lotsen_chat: int | None = None
    telegram_messages_per_second: int = Field(default=30, ge=1, le=1000)
    telegram_seconds_per_chat: float = Field(default=1.0, ge=0, le=60)
    telegram_name: str = ""
    whatsapp_number: str = ""
    whatsapp_token: SecretStr = SecretStr("")
    whatsapp_phone_number_id: str = Field(default="", pattern=r"^[A-Za-z0-9_-]*$")
    whatsapp_app_secret: SecretStr = SecretStr("")
    whatsapp_verify_token: SecretStr = SecretStr("")
    whatsapp_api_url: str = Field(default="https://graph.facebook.com", min_length=1)
    retention_days: int = Field(default=30, ge=1, le=3650)
    unanswered_minimum: int = Field(default=5, ge=0, le=1000)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["console", "json"] = "console"

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("city")
    @classmethod
    def _has_a_folder(cls, value: str) -> str:
        if value not in cities():
            raise ValueError(no_such_city(value))
        return value

    @field_validator("telegram_lotsen_chat", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _as_telegram_allows(cls, value: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", value.get_secret_value()):
            raise ValueError("Telegram allows 1 to 256 letters, digits, _ and - only")
        return value

    @field_validator("telegram_name")
    @classmethod
    def _public_name(cls, value: str) -> str:
        name = value.strip().removeprefix("@")
        if name and not re.fullmatch(r"[A-Za-z]\w{4,31}", name, re.ASCII):
            raise ValueError(
                "the bot's public name on Telegram, 5 to 32 letters, digits and _, for example example_bot"
            )
        return name

    @field_validator("whatsapp_number")
    @classmethod
    def _public_number(cls, value: str) -> str:
        if not value.strip():
            return ""
        try:
            number = phonenumbers.parse(value)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_possible_number(number):
            raise ValueError("must be a phone number with its country, for example +49 541 323-0")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("use sqlite:///FILE or postgresql://USER@HOST/NAME")
        return value

    @field_validator("unanswered_minimum")
    @classmethod
    def _nobody_alone(cls, value: int) -> int:
        if 0 < value < FEWEST:
            raise ValueError(f"use at least {FEWEST}, so that nobody is recognisable, or 0 to switch it off")
        return value

    @field_validator("public_url", "whatsapp_api_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with https:// (or http:// on your own machine)")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _webhook_needs_a_secret(self) -> Settings:
        if self.telegram_by_webhook and not self.telegram_webhook_secret.get_secret_value():
            raise ValueError(
                "TELEGRAM_WEBHOOK_SECRET: with TELEGRAM_TOKEN and PUBLIC_URL a webhook is used and needs this secret"
            )
        return self

    @model_validator(mode="after")
    def _whatsapp_is_complete(self) -> Settings:
        if not self.whatsapp_token.get_secret_value():
            return self
        if not self.whatsapp_phone_number_id:
            raise ValueError("WHATSAPP_PHONE_NUMBER_ID: with WHATSAPP_TOKEN the id of the number is needed")
        if not self.whatsapp_app_secret.get_secret_value():
            raise ValueError("WHATSAPP_APP_SECRET: with WHATSAPP_TOKEN the app secret is needed, it proves who writes")
        return self

    @property
    def embedded(self) -> bool:
        """True with the SQLite file that needs no service."""
        return self.database_url.startswith("sqlite")

    @property
    def telegram_by_webhook(self) -> bool:
        """Webhook when Telegram can reach us, long polling otherwise."""
        return bool(self.telegram_token.get_secret_value() and self.public_url)

    @property
    def address(self) -> str:
        """Where people open the pages."""
        return self.public_url or f"http://{'127.0.0.1' if self.host == '0.0.0.0' else self.host}:{self.port}"  # noqa: S104


def load_settings() -> Settings:
    """Read the environment; make the secret key of the embedded default on its first run.

    Raises:
        WrongSettings: naming each setting that cannot be used and why.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise WrongSettings("; ".join(_sentence(item) for item in error.errors())) from error
    if settings.secret_key.get_secret_value():
        return settings
    if not settings.embedded:
        raise WrongSettings("SECRET_KEY is missing: set it to 32 or more random characters (needed with PostgreSQL)")
    return settings.model_copy(update={"secret_key": SecretStr(_kept_secret(VAR / "secret.key"))})


def _sentence(item: object) -> str:
    assert isinstance(item, dict)
    name = ".".join(str(part) for part in item["loc"]).upper()
    text = str(item["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}" if name else text


def _kept_secret(path: Path) -> str:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_urlsafe(48), encoding="ascii")
        return path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise WrongSettings(
            f"SECRET_KEY cannot be kept in {path}: {error.strerror}. Set SECRET_KEY or make the folder writable"
        ) from error
