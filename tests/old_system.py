"""The SQLite file of a WhatsApp Multi-Instance API, made as Prisma makes it, for tests to import.

Models, columns and defaults are that system's; `Names` says what its tables are called, because Prisma names a table
after its model unless the schema maps it to another name.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

UNMAPPED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "User": "users",  # the one that is always mapped
        "Instance": "Instance",
        "WebhookSettings": "WebhookSettings",
        "Message": "Message",
        "Contact": "Contact",
        "ActivityLog": "ActivityLog",
        "WebhookLog": "WebhookLog",
        "InstanceUsage": "InstanceUsage",
        "UsageLimit": "UsageLimit",
    }
)
MAPPED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "User": "users",
        "Instance": "instances",
        "WebhookSettings": "webhook_settings",
        "Message": "messages",
        "Contact": "contacts",
        "ActivityLog": "activity_logs",
        "WebhookLog": "webhook_logs",
        "InstanceUsage": "instance_usage",
        "UsageLimit": "usage_limits",
    }
)

_SCHEMA: Final = """
CREATE TABLE "{User}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "email" TEXT NOT NULL,
    "password" TEXT NOT NULL,
    "firstName" TEXT,
    "lastName" TEXT,
    "apiKey" TEXT NOT NULL,
    "isAdmin" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);
CREATE TABLE "{Instance}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "userId" TEXT NOT NULL,
    "credentials" TEXT,
    "webhookUrl" TEXT,
    "webhookEnabled" BOOLEAN NOT NULL DEFAULT false,
    "status" TEXT NOT NULL DEFAULT 'disconnected',
    "qrCode" TEXT,
    "sentMessages" INTEGER NOT NULL DEFAULT 0,
    "receivedMessages" INTEGER NOT NULL DEFAULT 0,
    "lastActivity" DATETIME,
    "authCreatedAt" DATETIME,
    "authExpiresAt" DATETIME,
    "authRefreshToken" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL,
    CONSTRAINT "{Instance}_userId_fkey" FOREIGN KEY ("userId")
        REFERENCES "{User}" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE "{WebhookSettings}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "notifyReceived" BOOLEAN NOT NULL DEFAULT true,
    "notifySent" BOOLEAN NOT NULL DEFAULT true,
    "notifyDelivery" BOOLEAN NOT NULL DEFAULT false,
    "notifyRead" BOOLEAN NOT NULL DEFAULT false,
    "headers" TEXT,
    "maxRetries" INTEGER NOT NULL DEFAULT 3,
    "retryInterval" INTEGER NOT NULL DEFAULT 60000,
    "secret" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);
CREATE TABLE "{Message}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "remoteJid" TEXT NOT NULL,
    "fromMe" BOOLEAN NOT NULL,
    "messageType" TEXT NOT NULL,
    "content" TEXT NOT NULL,
    "messageId" TEXT NOT NULL,
    "hasMedia" BOOLEAN NOT NULL DEFAULT false,
    "mediaUrl" TEXT,
    "caption" TEXT,
    "mimeType" TEXT,
    "fileName" TEXT,
    "status" TEXT NOT NULL,
    "statusUpdatedAt" DATETIME,
    "metadata" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);
CREATE TABLE "{Contact}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "name" TEXT,
    "number" TEXT NOT NULL,
    "remoteJid" TEXT NOT NULL,
    "pushName" TEXT,
    "isGroup" BOOLEAN NOT NULL DEFAULT false,
    "profilePicture" TEXT,
    "about" TEXT,
    "lastActivity" DATETIME,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" DATETIME NOT NULL
);
CREATE TABLE "{ActivityLog}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "details" TEXT,
    "ipAddress" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "{WebhookLog}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "webhookUrl" TEXT NOT NULL,
    "payload" TEXT NOT NULL,
    "response" TEXT,
    "statusCode" INTEGER,
    "success" BOOLEAN NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "errorMessage" TEXT,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "{InstanceUsage}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT NOT NULL,
    "date" DATETIME NOT NULL,
    "messagesSent" INTEGER NOT NULL DEFAULT 0,
    "messagesReceived" INTEGER NOT NULL DEFAULT 0,
    "mediaSent" INTEGER NOT NULL DEFAULT 0,
    "mediaReceived" INTEGER NOT NULL DEFAULT 0,
    "totalMediaSize" INTEGER NOT NULL DEFAULT 0,
    "apiCalls" INTEGER NOT NULL DEFAULT 0,
    "webhookSent" INTEGER NOT NULL DEFAULT 0,
    "memoryUsage" REAL,
    "cpuUsage" REAL
);
CREATE TABLE "{UsageLimit}" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "instanceId" TEXT,
    "userId" TEXT,
    "isDefault" BOOLEAN NOT NULL DEFAULT false,
    "maxMessagesSent" INTEGER,
    "timeWindowHours" INTEGER NOT NULL DEFAULT 24
);
CREATE UNIQUE INDEX "{User}_email_key" ON "{User}"("email");
CREATE UNIQUE INDEX "{User}_apiKey_key" ON "{User}"("apiKey");
CREATE UNIQUE INDEX "{WebhookSettings}_instanceId_key" ON "{WebhookSettings}"("instanceId");
CREATE UNIQUE INDEX "{Contact}_instanceId_remoteJid_key" ON "{Contact}"("instanceId", "remoteJid");
CREATE UNIQUE INDEX "{InstanceUsage}_instanceId_date_key" ON "{InstanceUsage}"("instanceId", "date");
CREATE INDEX "{Message}_instanceId_remoteJid_createdAt_idx" ON "{Message}"("instanceId", "remoteJid", "createdAt");
"""

BORN: Final = datetime(2025, 3, 1, 9, 30, 15, 250_000, tzinfo=UTC)
_BCRYPT: Final = "$2b$10$abcdefghijklmnopqrstuuKJ9cVx0Q4Vn5nUO0kWvGZr1mJbGq6Gy"
_DATED: Final = frozenset({"User", "Instance", "WebhookSettings", "Message", "Contact"})


def ms(moment: datetime) -> int:
    """As Prisma stores a DateTime in SQLite."""
    return round(moment.timestamp() * 1000)


class OldSystem:
    """A file that is being filled."""

    def __init__(self, path: Path, names: Mapping[str, str] = UNMAPPED) -> None:
        self.path = path
        self._names = names
        self._count = 0
        with closing(sqlite3.connect(path)) as db:
            db.executescript(_SCHEMA.format(**names))

    def add(self, model: str, **values: Any) -> str:
        """One row, completed with what the schema wants; returns its id."""
        self._count += 1
        row: dict[str, Any] = {"id": f"{model.lower()}-{self._count:04d}"}
        if model in _DATED:
            row |= {"createdAt": ms(BORN), "updatedAt": ms(BORN)}
        if model == "User":
            row |= {"password": _BCRYPT}
        if model == "Message":
            row |= {"fromMe": 0, "messageType": "conversation", "content": "", "messageId": row["id"], "status": "sent"}
        row |= values
        columns = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.path)) as db, db:
            db.execute(f'INSERT INTO "{self._names[model]}" ({columns}) VALUES ({marks})', tuple(row.values()))
        return str(row["id"])
