"""Networks that instances are kept of: what they must be configured with, and that they never look alive."""

from __future__ import annotations

import pytest

from gateway.domain.errors import InvalidInput
from gateway.domain.instances import ProviderName
from gateway.providers.unspoken import NETWORKS, UnspokenProvider


@pytest.mark.parametrize("name", NETWORKS)
def test_what_a_network_asks_for_is_required_in_either_spelling(name: ProviderName) -> None:
    provider, required = UnspokenProvider(name), NETWORKS[name].required
    whole: dict[str, object] = dict.fromkeys(required, "a text")
    assert provider.check(whole | {"authStrategy": "none"}).values == whole
    camel = {_camel(field): value for field, value in whole.items()}
    assert provider.check(camel).values == whole
    for field in required:
        with pytest.raises(InvalidInput, match=f"For {name.value} provider, {field} is required"):
            provider.check(whole | {field: ""})
        with pytest.raises(InvalidInput, match=f"{field} must be a text"):
            provider.check(whole | {field: ["a list"]})


def _camel(name: str) -> str:
    words = name.split("_")
    return words[0] + "".join(word.title() for word in words[1:])
