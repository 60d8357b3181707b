"""The providers of this gateway, one line each. An SDK is imported when its first session opens."""

from __future__ import annotations

from gateway.domain.instances import ProviderName
from gateway.kit.egress import Egress
from gateway.providers.contract import Provider
from gateway.settings import Settings


def make_providers(settings: Settings, egress: Egress) -> dict[ProviderName, Provider]:
    """Every provider, ready to check configurations; none has imported its SDK yet."""
    from gateway.providers.telegram import TelegramProvider
    from gateway.providers.unspoken import NETWORKS, UnspokenProvider
    from gateway.providers.whatsapp import WhatsAppProvider

    providers: list[Provider] = [
        TelegramProvider(settings),
        WhatsAppProvider(settings, egress),
        *(UnspokenProvider(name) for name in NETWORKS),
    ]
    return {provider.name: provider for provider in providers}
