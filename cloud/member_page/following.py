"""Members and the official account they follow: who somebody in WeChat is here."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session, col, delete, select

from cloud.channels.ports import ChannelName
from cloud.member_page.models import MemberWechat
from cloud.member_page.sessions import still_proves
from cloud.members import one_person
from cloud.privacy import Vault

_KIND = "wechat_openid"


def member_of(session: Session, vault: Vault, openid: str) -> UUID | None:
    """Return the member that somebody in WeChat proved to be by their number, whoever that is by now."""
    row = session.get(MemberWechat, vault.blind_index(_KIND, openid))
    return one_person.now_of(session, row.member_id) if row is not None and _counts(session, row) else None


def link(session: Session, vault: Vault, member: UUID, openid: str, now_ms: int) -> None:
    """Remember who somebody in WeChat is; the last word counts, one member to a WeChat and one WeChat to a member."""
    index = vault.blind_index(_KIND, openid)
    either = (col(MemberWechat.openid_index) == index) | (col(MemberWechat.member_id) == member)
    session.execute(delete(MemberWechat).where(either))
    sealed = vault.encrypt(openid, openid_context(member))
    session.add(MemberWechat(openid_index=index, openid=sealed, member_id=member, linked_ms=now_ms))
    session.flush()


def unlink(session: Session, member: UUID) -> None:
    """Forget who a member is in WeChat."""
    session.execute(delete(MemberWechat).where(col(MemberWechat.member_id) == member))


def openid_of(session: Session, vault: Vault, member: UUID) -> str | None:
    """Return where a member gets messages in WeChat: the recipient of the channel `wechat`."""
    row = _link_of(session, member)
    return None if row is None else vault.decrypt(row.openid, openid_context(member))


def is_linked(session: Session, member: UUID) -> bool:
    """Tell whether a member is known in WeChat."""
    return _link_of(session, member) is not None


def _link_of(session: Session, member: UUID) -> MemberWechat | None:
    row = session.exec(select(MemberWechat).where(col(MemberWechat.member_id) == member)).first()
    return row if row is not None and _counts(session, row) else None


def _counts(session: Session, row: MemberWechat) -> bool:
    return still_proves(session, row.member_id, row.linked_ms)


def address_of(
    session: Session, vault: Vault, member: UUID, channel: ChannelName, fields: dict[str, str]
) -> str | None:
    """Return where a channel reaches a member, None where it does not; `fields` are their personal fields, opened."""
    if channel is ChannelName.WECHAT:
        return openid_of(session, vault, member)
    return fields.get("phone" if channel is ChannelName.SMS else "email")


def openid_context(member: UUID) -> str:
    """Return what a member's WeChat id is encrypted with."""
    return f"member_wechat/{member}"
