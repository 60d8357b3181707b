"""What the dispatcher counts."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

from gateway.domain.webhooks import DeliveryState


class DispatcherMetrics:
    """Metric objects of one dispatcher, registered nowhere; `all` is for whoever serves them."""

    def __init__(self) -> None:
        self._results = Counter("gateway_deliveries", "Webhook tries by how they ended.", ["result"], registry=None)
        self.delivered = self._results.labels("delivered")
        self.retried = self._results.labels("retry")
        self.given_up = self._results.labels("dead")
        self.released = self._results.labels("released")
        self.discarded = self._results.labels("discarded")
        self.duration = Histogram(
            "gateway_delivery_try_seconds",
            "How long one webhook try took.",
            buckets=(0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 20),
            registry=None,
        )
        self.delay = Histogram(
            "gateway_delivery_delay_seconds",
            "From the commit of an event to the end of its first try.",
            buckets=(0.005, 0.02, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600),
            registry=None,
        )
        self.in_flight = Gauge("gateway_deliveries_in_flight", "Webhook tries under way.", registry=None)
        self._owed = Gauge(
            "gateway_deliveries_owed",
            "Deliveries in the outbox by state, looked at twice a minute.",
            ["state"],
            registry=None,
        )
        self.oldest_due = Gauge(
            "gateway_delivery_oldest_due_seconds", "For how long the longest waiting delivery is due.", registry=None
        )
        self.all = (self._results, self.duration, self.delay, self.in_flight, self._owed, self.oldest_due)

    def owed(self, counts: dict[DeliveryState, int]) -> None:
        """Show what the outbox holds."""
        for state in (DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.DEAD):
            self._owed.labels(state.value).set(counts.get(state, 0))
