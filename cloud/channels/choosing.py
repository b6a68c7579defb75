"""Which way each channel goes in this deployment: settings in, ports out. As shipped everything goes to a file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, model_validator

from cloud.channels.aliyun import AliyunSettings, AliyunSms
from cloud.channels.files import ConsoleChannel, FileChannel, FileVisitors
from cloud.channels.mail import SmtpChannel, SmtpSettings
from cloud.channels.ports import Channel, ChannelName
from cloud.channels.tencent import TencentSettings, TencentSms
from cloud.channels.wechat import OfficialAccount, Visitors, WeChatSettings
from shared.clock import MachineClock

Trying = Literal["file", "console", "off"]


class ChannelSettings(BaseModel):
    """By what each channel sends. `file`: a line in `messages/<channel>.jsonl` of the data directory."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sms: Trying | Literal["aliyun", "tencent"] = "file"
    email: Trying | Literal["smtp"] = "file"
    wechat: Trying | Literal["account"] = "file"
    aliyun: AliyunSettings | None = None
    tencent: TencentSettings | None = None
    smtp: SmtpSettings | None = None
    account: WeChatSettings | None = None

    @model_validator(mode="after")
    def _complete(self) -> ChannelSettings:
        for channel, way in (("sms", "aliyun"), ("sms", "tencent"), ("email", "smtp"), ("wechat", "account")):
            if getattr(self, channel) == way and getattr(self, way) is None:
                raise ValueError(f"{channel} goes by {way}: fill in channels.{way}")
        return self


def channels_of(settings: ChannelSettings, folder: Path, clock: MachineClock) -> dict[ChannelName, Channel]:
    """Return the ports of every channel that is on. `folder` is where the file channel writes."""
    found: dict[ChannelName, Channel] = {}
    for name in ChannelName:
        match getattr(settings, name):
            case "file":
                found[name] = FileChannel(folder / f"{name}.jsonl", clock)
            case "console":
                found[name] = ConsoleChannel()
            case "aliyun" if settings.aliyun is not None:
                found[name] = AliyunSms(settings.aliyun, clock, lambda: os.urandom(16).hex())
            case "tencent" if settings.tencent is not None:
                found[name] = TencentSms(settings.tencent, clock)
            case "smtp" if settings.smtp is not None:
                found[name] = SmtpChannel(settings.smtp, clock)
            case "account" if settings.account is not None:
                found[name] = OfficialAccount(settings.account, clock)
    return found


def visitors_of(settings: ChannelSettings, folder: Path, clock: MachineClock) -> Visitors:
    """Return who knows the visitors from WeChat: the official account, or as shipped a file in `folder`."""
    if settings.account is not None:
        return OfficialAccount(settings.account, clock)
    return FileVisitors(folder / "wechat-visitor")
