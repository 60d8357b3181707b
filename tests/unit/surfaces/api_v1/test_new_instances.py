"""What a body of `/api/v1/instances` means, however it is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import InstanceOptions, ProviderName
from gateway.surfaces.api_v1.schemas.new_instances import InstanceChangesBody, NewInstanceBody

TOKEN = "123456789:" + "A" * 35


def new(**body: Any) -> Any:
    return msgspec.convert({"company_id": "acme", "provider": "telegram"} | body, NewInstanceBody).to_new_instance()


@pytest.mark.parametrize(
    "body",
    [
        {"token": TOKEN},
        {"bot_token": TOKEN},
        {"config": {"bot_token": TOKEN}},
        {"config": {"botToken": TOKEN}},
        {"config": {"token": TOKEN}},
        {"token": TOKEN, "config": {"bot_token": "another"}},
    ],
)
def test_a_bot_token_is_found_wherever_it_stands(body: dict[str, Any]) -> None:
    assert new(**body).config["token"] == TOKEN


def test_both_names_of_the_company_mean_the_label_and_the_newer_one_wins() -> None:
    assert new(token=TOKEN).label == "acme"
    body = {"user_id": "beta", "provider": "telegram", "token": TOKEN}
    assert msgspec.convert(body, NewInstanceBody).to_new_instance().label == "beta"
    assert msgspec.convert(body | {"company_id": "gamma"}, NewInstanceBody).to_new_instance().label == "gamma"


def test_an_agent_is_written_flat_or_nested_and_means_the_same() -> None:
    flat = new(token=TOKEN, agent_id="a", agno_url="http://x/runs", stream=True)
    nested = new(token=TOKEN, agno_config={"agent_id": "a", "agno_url": "http://x/runs", "stream": True})
    agent = {"enabled": True, "stream": True, "agent_id": "a", "agnoUrl": "http://x/runs"}
    assert flat.options.agent == nested.options.agent == agent
    assert new(token=TOKEN).options == InstanceOptions()
    assert new(token=TOKEN, agno_enable=False, agent_id="a").options.agent["enabled"] is False


@pytest.mark.parametrize(
    ("word", "provider"),
    [
        ("whatsappweb", ProviderName.WHATSAPP),
        ("WhatsApp", ProviderName.WHATSAPP),
        (" telegram ", ProviderName.TELEGRAM),
    ],
)
def test_networks_have_names_of_their_own_here(word: str, provider: ProviderName) -> None:
    assert new(provider=word, token=TOKEN).provider is provider


def test_a_change_keeps_what_it_does_not_name_and_wants_to_change_something() -> None:
    before = InstanceOptions(serves=("api", "mcp"), agent={"agent_id": "a"})

    def change(**body: Any) -> Any:
        return msgspec.convert(body, InstanceChangesBody).to_change(ProviderName.TELEGRAM, before)

    assert change(company_id="b").options is None
    assert change(type_instance=["api"]).options == InstanceOptions(agent={"agent_id": "a"})
    assert change(token=TOKEN).config == {"token": TOKEN, "anyToken": True}
    for nothing in ({}, {"api_key": "x", "port_api": 5000}, {"type_instance": ["api", "mcp"]}):
        with pytest.raises(InvalidInput, match="No valid fields to update"):
            change(**nothing)
