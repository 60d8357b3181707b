"""Where the versions of the database lie, and under which name Piccolo counts them."""

from __future__ import annotations

from pathlib import Path

APP_NAME = "gateway"
MIGRATIONS = Path(__file__).parents[2] / "migrations"
"""Beside the package `gateway`, in a checkout and in an installation alike."""
