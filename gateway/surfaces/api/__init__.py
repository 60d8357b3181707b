"""Surface A: `/api`, camelCase."""
