"""Getting events out: at least once, signed. The outbox owes, the dispatcher pays."""
