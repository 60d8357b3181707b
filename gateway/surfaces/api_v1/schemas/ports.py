"""Wire format of ports. Instances share the gateway's own and need none; the range they once used is free."""

from msgspec import Struct, field, structs

RANGE = range(3001, 8000)
"""Where each instance once had ports of its own."""
_LISTED = 100


class PortRange(Struct, frozen=True):
    """Both included."""

    start: int
    end: int


class PortCounts(Struct, frozen=True, kw_only=True, rename="camel"):
    """The range, and the gateway's own port, which is the one that is used."""

    total_ports: int
    used_ports: int
    available_ports: int
    reserved_ports: int
    port_range: PortRange

    @classmethod
    def of(cls, own: int) -> "PortCounts":
        total = len(RANGE) + (own not in RANGE)
        return PortCounts(
            total_ports=total,
            used_ports=1,
            available_ports=total - 1,
            reserved_ports=0,
            port_range=PortRange(RANGE.start, RANGE.stop - 1),
        )


class PortsReply(PortCounts, frozen=True, kw_only=True):
    """The same, with the ports themselves."""

    success: bool
    used: list[int] = field(name="used_ports")
    available: list[int] = field(name="available_ports")
    """The first hundred."""
    in_words: str = field(name="port_range")

    @classmethod
    def of(cls, own: int) -> "PortsReply":
        counts = PortCounts.of(own)
        return cls(
            **structs.asdict(counts),
            success=True,
            used=[own],
            available=[port for port in RANGE if port != own][:_LISTED],
            in_words=f"{counts.port_range.start}-{counts.port_range.end}",
        )
