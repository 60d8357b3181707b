"""Imports aiogram for the test process as a gateway imports it: most tests that use it would otherwise do so first."""

from __future__ import annotations

from gateway.providers.telegram import library

library.load()
