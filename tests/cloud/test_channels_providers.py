"""Each provider's port against a provider on real sockets: what it is sent, and what each of its answers means."""

from __future__ import annotations

import json
import socket
from email import message_from_bytes, policy

import pytest
from pydantic import SecretStr

from cloud.channels.aliyun import AliyunSettings, AliyunSms, signature
from cloud.channels.mail import SmtpChannel, SmtpSettings
from cloud.channels.ports import ChannelName, Delivery, Message
from cloud.channels.tencent import TencentSettings, TencentSms, authorization
from cloud.channels.wechat import OfficialAccount, WeChatSettings
from cloud.errors import Refused, Unavailable
from tests.cloud.channels_data import Postbox, Request, mail_server, provider
from tests.factories import DrivenMachineClock, new_id


def message(channel: ChannelName, recipient: str, template: str = "sign_in_code") -> Message:
    parameters = {"code": "483920", "minutes": "5"}
    return Message(
        id=new_id(), channel=channel, template=template, language="zh", recipient=recipient, parameters=parameters
    )


def nobody() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def aliyun(url: str, clock: DrivenMachineClock) -> AliyunSms:
    settings = AliyunSettings(
        key_id="id", key_secret=SecretStr("secret"), signature="新联超市", templates={"sign_in_code": "SMS_1"}, url=url
    )
    return AliyunSms(settings, clock, lambda: "nonce")


def test_requests_are_signed_as_the_manual_says() -> None:
    """The worked example of Alibaba Cloud's manual, ECS API reference, Request signatures (RPC)."""
    query = {
        "TimeStamp": "", "Format": "XML", "AccessKeyId": "testid", "Action": "DescribeRegions",
        "SignatureMethod": "HMAC-SHA1", "SignatureNonce": "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf",
        "Version": "2014-05-26", "SignatureVersion": "1.0", "Timestamp": "2016-02-23T12:46:24Z",
    }  # fmt: skip
    del query["TimeStamp"]
    assert signature("GET", query, "testsecret") == "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_an_sms_carries_signature_template_and_parameters(clock: DrivenMachineClock) -> None:
    with provider(lambda _: (200, {"Code": "OK", "BizId": "b1", "Message": "OK"})) as there:
        sent = message(ChannelName.SMS, "+8613800138000")
        outcome = aliyun(there.url, clock).send(sent)
    assert (outcome.state, outcome.reference, outcome.reports) == (Delivery.SENT, "b1", True)
    form = there.asked[0].form
    assert (form["PhoneNumbers"], form["SignName"], form["TemplateCode"]) == ("13800138000", "新联超市", "SMS_1")
    assert json.loads(form["TemplateParam"]) == {"code": "483920", "minutes": "5"}
    assert (form["OutId"], form["Action"], form["Version"]) == (str(sent.id), "SendSms", "2017-05-25")
    given = form.pop("Signature")
    assert given == signature("POST", form, "secret")


def test_a_number_abroad_keeps_its_country(clock: DrivenMachineClock) -> None:
    with provider(lambda _: (200, {"Code": "OK"})) as there:
        aliyun(there.url, clock).send(message(ChannelName.SMS, "+85291234567"))
    assert there.asked[0].form["PhoneNumbers"] == "85291234567"


def test_a_text_that_is_not_registered_is_not_sent(clock: DrivenMachineClock) -> None:
    outcome = aliyun(nobody(), clock).send(message(ChannelName.SMS, "+8613800138000", "card_expires"))
    assert (outcome.state, outcome.code, outcome.again) == (Delivery.FAILED, "template_not_registered", False)


@pytest.mark.parametrize(
    ("answer", "state", "again"),
    [
        ((200, {"Code": "isv.MOBILE_NUMBER_ILLEGAL"}), Delivery.FAILED, False),
        ((200, {"Code": "isv.BUSINESS_LIMIT_CONTROL"}), Delivery.FAILED, False),
        ((400, {"Code": "SignatureDoesNotMatch"}), Delivery.FAILED, False),
        ((200, {"Code": "isp.SYSTEM_ERROR"}), Delivery.FAILED, True),
        ((200, {"Code": "isv.AMOUNT_NOT_ENOUGH"}), Delivery.FAILED, True),
        ((400, {"Code": "Throttling.User"}), Delivery.FAILED, True),
        ((503, {}), Delivery.FAILED, True),
        ((500, {"Code": "InternalError"}), Delivery.UNKNOWN, False),
        ((200, b"<html>"), Delivery.UNKNOWN, False),
        ((200, []), Delivery.UNKNOWN, False),
        (None, Delivery.UNKNOWN, False),
    ],
)
def test_each_answer_of_an_sms_provider_means_one_thing(
    clock: DrivenMachineClock, answer: tuple[int, object] | None, state: Delivery, again: bool
) -> None:
    with provider(lambda _: answer) as there:
        outcome = aliyun(there.url, clock).send(message(ChannelName.SMS, "+8613800138000"))
    assert (outcome.state, outcome.again) == (state, again)


def test_a_provider_that_is_not_there_got_nothing(clock: DrivenMachineClock) -> None:
    outcome = aliyun(nobody(), clock).send(message(ChannelName.SMS, "+8613800138000"))
    assert (outcome.state, outcome.again) == (Delivery.FAILED, True)


@pytest.mark.parametrize(
    ("status", "state"),
    [(1, Delivery.SENT), (2, Delivery.FAILED), (3, Delivery.DELIVERED), (None, Delivery.SENT)],
)
def test_an_sms_provider_tells_what_arrived(clock: DrivenMachineClock, status: int | None, state: Delivery) -> None:
    details = [{"SendStatus": status, "ErrCode": "MK:0013"}] if status else []
    said = {"Code": "OK", "SmsSendDetailDTOs": {"SmsSendDetailDTO": details}}
    with provider(lambda _: (200, said)) as there:
        late = 1_766_246_400_000  # 2025-12-20T16:00Z is the 21st in China
        outcome = aliyun(there.url, clock).ask(message(ChannelName.SMS, "+8613800138000"), "b1", late)
    assert outcome.state is state
    form = there.asked[0].form
    assert (form["Action"], form["BizId"], form["SendDate"]) == ("QuerySendDetails", "b1", "20251221")


def tencent(url: str, clock: DrivenMachineClock) -> TencentSms:
    settings = TencentSettings(
        secret_id="id", secret_key=SecretStr("key"), app_id="1400006666", signature="新联超市",
        templates={"sign_in_code": "1110"}, url=url,
    )  # fmt: skip
    return TencentSms(settings, clock)


def test_tencents_signature_is_that_of_its_own_kit() -> None:
    """As tencentcloud-sdk-python-common 3.1.195 signs the same request."""
    body = json.dumps({"PhoneNumberSet": ["+8613800138000"], "SignName": "新联超市"}, ensure_ascii=False).encode()
    key = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
    assert authorization("id", key, "sms.tencentcloudapi.com", body, 1_763_831_400) == (
        "TC3-HMAC-SHA256 Credential=id/2025-11-22/sms/tc3_request, SignedHeaders=content-type;host, "
        "Signature=6a8e539a0eef994c94a8b65055777b06b458fca3b944f69b7736f0f63d646fb8"
    )


def test_tencent_gets_parameters_by_position_and_says_what_became_of_them(clock: DrivenMachineClock) -> None:
    reports: list[dict[str, str]] = [{"SerialNo": "other", "ReportStatus": "FAIL"}]

    def answer(request: Request) -> tuple[int, object]:
        if "PhoneNumberSet" in request.facts:
            return 200, {"Response": {"SendStatusSet": [{"SerialNo": "s1", "Code": "Ok"}], "RequestId": "r"}}
        return 200, {"Response": {"PullSmsSendStatusSet": reports, "RequestId": "r"}}

    with provider(answer) as there:
        port, sms = tencent(there.url + "/", clock), message(ChannelName.SMS, "+8613800138000")
        outcome = port.send(sms)
        assert (outcome.state, outcome.reference, outcome.reports) == (Delivery.SENT, "s1", True)
        facts = there.asked[0].facts
        assert (facts["TemplateId"], facts["TemplateParamSet"]) == ("1110", ["483920", "5"])
        assert (facts["PhoneNumberSet"], facts["SignName"]) == (["+8613800138000"], "新联超市")
        assert port.ask(sms, "s1", clock.wall_ms()).state == Delivery.SENT, "another's report is not ours"
        reports.append({"SerialNo": "s1", "ReportStatus": "SUCCESS", "Description": "DELIVRD"})
        assert port.ask(sms, "s1", clock.wall_ms()).state == Delivery.DELIVERED
        reports[1] = {"SerialNo": "s1", "ReportStatus": "FAIL", "Description": "UNDELIV"}
        gone = port.ask(sms, "s1", clock.wall_ms())
    assert (gone.state, gone.code) == (Delivery.FAILED, "UNDELIV")


@pytest.mark.parametrize(
    ("code", "state", "again"),
    [
        ("FailedOperation.TemplateIncorrectOrUnapproved", Delivery.FAILED, False),
        ("LimitExceeded.DeliveryFrequencyLimit", Delivery.FAILED, False),
        ("FailedOperation.InsufficientBalanceInSmsPackage", Delivery.FAILED, True),
        ("RequestLimitExceeded.IPLimitExceeded", Delivery.FAILED, True),
        ("InternalError.OtherError", Delivery.FAILED, True),
        ("InternalError.Timeout", Delivery.UNKNOWN, False),
    ],
)
def test_each_answer_of_tencent_means_one_thing(
    clock: DrivenMachineClock, code: str, state: Delivery, again: bool
) -> None:
    """Codes by the provider's own list, of a message and of the whole request."""
    for said in ({"SendStatusSet": [{"SerialNo": "", "Code": code}]}, {"Error": {"Code": code, "Message": "x"}}):
        with provider(lambda _, said=said: (200, {"Response": said})) as there:  # type: ignore[misc]
            outcome = tencent(there.url + "/", clock).send(message(ChannelName.SMS, "+8613800138000"))
        assert (outcome.state, outcome.again, outcome.code) == (state, again, code)
    assert tencent(nobody(), clock).send(message(ChannelName.SMS, "+8613800138000")).again


def smtp(port: int, clock: DrivenMachineClock) -> SmtpChannel:
    sender = "新联超市 <members@shop.example>"
    return SmtpChannel(SmtpSettings(host="127.0.0.1", port=port, security="none", sender=sender), clock)


def test_a_letter_arrives_whole(clock: DrivenMachineClock) -> None:
    postbox, letter = Postbox(), message(ChannelName.EMAIL, "li@example.com")
    with mail_server(postbox) as port:
        outcome = smtp(port, clock).send(letter)
    assert (outcome.state, outcome.reports) == (Delivery.SENT, False)
    ((recipients, content),) = postbox.letters
    read = message_from_bytes(content, policy=policy.default)
    assert recipients == ["li@example.com"]
    assert read["Subject"] == "登录验证码"
    assert "483920" in read.get_content()
    assert read["Message-ID"] == f"<{letter.id}@shop.example>"
    assert read["From"].addresses[0].display_name == "新联超市"


@pytest.mark.parametrize(
    ("postbox", "state", "again"),
    [
        (Postbox(rcpt="550 no such mailbox"), Delivery.FAILED, False),
        (Postbox(rcpt="451 later"), Delivery.FAILED, True),
        (Postbox(data="554 spam"), Delivery.FAILED, False),
        (Postbox(data="452 full"), Delivery.FAILED, True),
        (Postbox(data="hang up"), Delivery.UNKNOWN, False),
    ],
)
def test_each_answer_of_a_mail_server_means_one_thing(
    clock: DrivenMachineClock, postbox: Postbox, state: Delivery, again: bool
) -> None:
    with mail_server(postbox) as port:
        outcome = smtp(port, clock).send(message(ChannelName.EMAIL, "li@example.com"))
    assert (outcome.state, outcome.again) == (state, again)
    assert postbox.letters == []


def test_a_mail_server_that_is_not_there_or_does_not_encrypt_gets_no_letter(clock: DrivenMachineClock) -> None:
    gone = SmtpChannel(SmtpSettings(host="127.0.0.1", port=int(nobody()[-5:].lstrip(":")), security="none",
                                    sender="a@shop.example"), clock)  # fmt: skip
    assert gone.send(message(ChannelName.EMAIL, "li@example.com")).again
    postbox = Postbox()
    with mail_server(postbox) as port:
        settings = SmtpSettings(host="127.0.0.1", port=port, sender="a@shop.example")
        outcome = SmtpChannel(settings, clock).send(message(ChannelName.EMAIL, "li@example.com"))
    assert (outcome.state, outcome.again, postbox.letters) == (Delivery.FAILED, True, [])


def account(url: str, clock: DrivenMachineClock) -> OfficialAccount:
    settings = WeChatSettings(
        app_id="wx1", app_secret=SecretStr("s"), templates={"sign_in_code": "T1"}, url=url, page="https://m.example/me"
    )
    return OfficialAccount(settings, clock)


def said(code: int) -> object:
    def answer(request: Request) -> tuple[int, object]:
        if request.path == "/cgi-bin/stable_token":
            return 200, {"access_token": "A1", "expires_in": 7200}
        return 200, {"errcode": code, "errmsg": "x", "msgid": 77}

    return answer


def test_a_template_message_goes_to_its_follower_with_one_token_for_all(clock: DrivenMachineClock) -> None:
    with provider(said(0)) as there:  # type: ignore[arg-type]
        port = account(there.url, clock)
        outcomes = [port.send(message(ChannelName.WECHAT, "openid-1")) for _ in range(2)]
    assert [one.state for one in outcomes] == [Delivery.SENT] * 2
    assert outcomes[0].reference == "77"
    assert [one.path for one in there.asked] == ["/cgi-bin/stable_token", *["/cgi-bin/message/template/send"] * 2]
    assert there.asked[0].facts == {"grant_type": "client_credential", "appid": "wx1", "secret": "s"}
    facts = there.asked[1].facts
    assert (facts["touser"], facts["template_id"], facts["url"]) == ("openid-1", "T1", "https://m.example/me")
    assert facts["data"]["code"] == {"value": "483920"}
    assert there.asked[1].query == {"access_token": "A1"}


def test_a_template_of_the_accounts_library_gets_its_own_keywords(clock: DrivenMachineClock) -> None:
    fields = {"sign_in_code": {"thing1": "新联超市会员中心登录验证码{code}请勿告诉他人", "character_string2": "{code}"}}
    settings = WeChatSettings(app_id="wx1", app_secret=SecretStr("s"), templates={"sign_in_code": "T1"}, fields=fields)
    with provider(said(0)) as there:  # type: ignore[arg-type]
        OfficialAccount(settings.model_copy(update={"url": there.url}), clock).send(
            message(ChannelName.WECHAT, "openid-1")
        )
    thing, code = (one["value"] for one in there.asked[1].facts["data"].values())
    assert (len(thing), thing[-1], code) == (20, "…", "483920"), "a longer `thing` is refused with 47003"
    with pytest.raises(ValueError, match="day"):
        WeChatSettings(app_id="wx1", app_secret=SecretStr("s"), fields={"sign_in_code": {"time2": "{day}"}})


@pytest.mark.parametrize(
    ("code", "again"), [(43004, False), (40003, False), (-1, True), (45009, True), (40001, True), (42001, True)]
)
def test_each_answer_of_wechat_means_one_thing(clock: DrivenMachineClock, code: int, again: bool) -> None:
    with provider(said(code)) as there:  # type: ignore[arg-type]
        port = account(there.url, clock)
        outcome = port.send(message(ChannelName.WECHAT, "openid-1"))
        port.send(message(ChannelName.WECHAT, "openid-1"))
    assert (outcome.state, outcome.again, outcome.code) == (Delivery.FAILED, again, f"wechat_{code}")
    tokens = sum(one.path == "/cgi-bin/stable_token" for one in there.asked)
    assert tokens == (2 if code in {40001, 42001} else 1), "a token that WeChat calls old is fetched anew"


def test_wechat_tells_who_opens_the_page(clock: DrivenMachineClock) -> None:
    def answer(request: Request) -> tuple[int, object]:
        good = request.path == "/sns/oauth2/access_token" and request.query["code"] == "good"
        return 200, {"openid": "openid-1"} if good else {"errcode": 40029, "errmsg": "invalid code"}

    with provider(answer) as there:
        port = account(there.url, clock)
        assert port.openid("good") == "openid-1"
        with pytest.raises(Refused):
            port.openid("bad")
    with pytest.raises(Unavailable):
        account(nobody(), clock).openid("good")
    address = port.authorize_url("https://m.example/me/wechat/back", "st")
    assert address.startswith(
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=wx1&redirect_uri=https%3A%2F%2F"
    )
    assert address.endswith("&response_type=code&scope=snsapi_base&state=st#wechat_redirect")
