from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import ProviderName
from gateway.services.instances import InstanceChange, NewInstance
from gateway.services.webhooks import EndpointChange, FilterChange
from gateway.surfaces.api.schemas.instances import InstanceChangesBody, NewInstanceBody

URL = "https://example.com/hook"


def new(**fields: Any) -> NewInstance:
    return msgspec.convert({"name": "Bot", "provider": "telegram"} | fields, NewInstanceBody).to_new_instance()


def change(**fields: Any) -> InstanceChange:
    return msgspec.convert(fields, InstanceChangesBody).to_change()


def test_a_name_is_required() -> None:
    with pytest.raises(InvalidInput, match=r"^Name is required$"):
        new(name="")


def test_the_token_may_stand_beside_the_config_or_in_it() -> None:
    assert new(token="1:a").config == {"token": "1:a"}
    assert new(config={"token": "1:a", "mode": "webhook"}).config == {"token": "1:a", "mode": "webhook"}
    assert new(token="1:a", config={"mode": "webhook"}).config == {"token": "1:a", "mode": "webhook"}


def test_no_webhook_url_means_no_webhook() -> None:
    assert new().webhook is None
    assert new(webhookUrl="", notifySent=False).webhook is None


def test_a_webhook_url_alone_leaves_every_default() -> None:
    assert new(webhookUrl=URL).webhook == EndpointChange(url=URL)


def test_the_flat_fields_of_a_create_are_read() -> None:
    made = new(
        webhookUrl=URL,
        webhookEnabled=False,
        notifyReceived=False,
        notifyRead=True,
        maxRetries=0,
        retryInterval=500,
        webhookSecret="s3cret",
        headers={"X-Team": "a"},
    )
    assert made == NewInstance(
        name="Bot",
        provider=ProviderName.TELEGRAM,
        webhook=EndpointChange(
            url=URL,
            enabled=False,
            filter=FilterChange(received=False, read=True),
            headers={"X-Team": "a"},
            max_retries=0,
            retry_interval_ms=500,
            secret="s3cret",
        ),
    )


def test_nested_settings_are_read_too_and_win() -> None:
    webhook = new(
        webhookUrl=URL, maxRetries=1, notifySent=True, webhookSettings={"maxRetries": 5, "secret": "inner"}
    ).webhook
    assert webhook == EndpointChange(url=URL, filter=FilterChange(sent=True), max_retries=5, secret="inner")


def test_a_change_that_says_nothing_about_the_webhook_leaves_it() -> None:
    assert change(name="New") == InstanceChange(name="New")
    assert change(webhookSecret="", webhookSettings={"secret": ""}).webhook is None


def test_settings_change_without_the_url() -> None:
    assert change(webhookSettings={"notifyDelivery": True}).webhook == EndpointChange(
        filter=FilterChange(delivery=True)
    )


@pytest.mark.parametrize("url", [None, ""])
def test_an_empty_url_removes_the_webhook(url: str | None) -> None:
    assert change(webhookUrl=url).webhook == EndpointChange(url="")


def test_an_absent_retry_interval_stays_unset() -> None:
    webhook = change(webhookEnabled=True).webhook
    assert webhook is not None
    assert webhook.retry_interval_ms is UNSET


def test_a_description_can_be_cleared_and_kept() -> None:
    assert change(description=None).description == ""
    assert change().description is None
