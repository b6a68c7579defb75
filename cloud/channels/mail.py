"""E-mail by SMTP, with the standard library. A server answers each step, so that what went is known step by step."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from cloud.channels.ports import Message, Outcome, later, refused, sent, unclear
from cloud.channels.texts import words
from shared.calendar import local_time
from shared.clock import MachineClock

_TIMEOUT_S = 20.0


class SmtpSettings(BaseModel):
    """The server that takes our mail. `security`: `starttls`, `tls` from the first byte, or `none`: a trusted wire."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: SecretStr = SecretStr("")
    sender: str
    """The address members see, `Shop <members@shop.example>`."""


class SmtpChannel:
    """The port to a mail server."""

    def __init__(self, settings: SmtpSettings, clock: MachineClock) -> None:
        self._settings = settings
        self._clock = clock

    def send(self, message: Message) -> Outcome:
        """Hand a message over. What fails before the text was sent is tried again unless the server says never."""
        try:
            server = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            return later(f"smtp_{error.smtp_code}_sign_in")
        except (OSError, smtplib.SMTPException) as error:
            return later(f"smtp_{type(error).__name__}")
        try:
            return self._hand_over(server, message)
        finally:
            with suppress(OSError, smtplib.SMTPException):
                server.quit()

    def ask(self, message: Message, reference: str, sent_ms: int) -> Outcome:
        """Say that mail servers report nothing more."""
        del message, sent_ms
        return sent(reference)

    def _connected(self) -> smtplib.SMTP:
        found = self._settings
        if found.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                found.host, found.port, timeout=_TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(found.host, found.port, timeout=_TIMEOUT_S)
        try:
            server.ehlo_or_helo_if_needed()
            if found.security == "starttls":
                server.starttls(context=ssl.create_default_context())
                server.ehlo()
            if found.user:
                server.login(found.user, found.password.get_secret_value())
        except (OSError, smtplib.SMTPException):
            server.close()
            raise
        return server

    def _hand_over(self, server: smtplib.SMTP, message: Message) -> Outcome:
        letter = self._letter(message)
        try:
            for status, _ in (
                server.mail(letter["From"].addresses[0].addr_spec),
                server.rcpt(message.recipient),
            ):
                if status >= 400:
                    return refused(f"smtp_{status}") if status >= 500 else later(f"smtp_{status}")
        except (OSError, smtplib.SMTPException) as error:
            return later(f"smtp_{type(error).__name__}")
        try:
            status, _ = server.data(letter.as_bytes())
        except smtplib.SMTPDataError as error:
            status = error.smtp_code
        except (OSError, smtplib.SMTPException) as error:
            return unclear(f"smtp_{type(error).__name__}")
        if status >= 400:
            return refused(f"smtp_{status}") if status >= 500 else later(f"smtp_{status}")
        return sent(letter["Message-ID"])

    def _letter(self, message: Message) -> EmailMessage:
        subject, text = words(message.template, message.language, message.parameters)
        letter = EmailMessage()
        letter["From"] = self._settings.sender
        letter["To"] = message.recipient
        letter["Subject"] = subject
        letter["Date"] = format_datetime(local_time(self._clock.wall_ms(), UTC))
        letter["Message-ID"] = f"<{message.id}@{letter['From'].addresses[0].domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter["Content-Language"] = "zh-Hans" if message.language == "zh" else "en"
        letter.set_content(text + "\n")
        return letter
