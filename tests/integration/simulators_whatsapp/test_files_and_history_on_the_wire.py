"""A real neonize and the media host, the history of a phone, and the tables all devices share."""

from __future__ import annotations

import base64
import os
from typing import Any

import pytest

from tests.integration.simulators_whatsapp.linked_client import LinkedClient, Refusal, data, enum, jid
from tests.integration.simulators_whatsapp.network import ALICE, BOB, OWN, Linked, Network
from tests.simulators.whatsapp.remote_features import RemoteFile


def document(file: RemoteFile, **changed: Any) -> dict[str, Any]:
    fields = {
        "URL": file.url,
        "directPath": file.path,
        "mediaKey": data(file.key)["bytes"],
        "fileSHA256": data(file.sha256)["bytes"],
        "fileEncSHA256": data(file.encrypted_sha256)["bytes"],
        "fileLength": str(file.length),
    }
    return {"message": "Message", "of": {"documentMessage": {**fields, **changed}}}


async def test_files_are_kept_encrypted_and_can_be_lost(linked: Linked) -> None:
    client, network = linked
    content = os.urandom(100_000)
    file = await network.features.store_file(content, "document")
    assert await client.call("download_any", document(file)) == data(content)
    for status in (404, 410):
        await network.features.lose_file(file.path, status)
        with pytest.raises(Refusal, match=str(status)):
            await client.call("download_any", document(file))
    await network.features.restore_file(file.path)
    with pytest.raises(Refusal, match="hmac"):
        await client.call("download_any", document(file, mediaKey=data(bytes(32))["bytes"]))

    uploaded = await client.call("upload", data(content), enum("MediaType.MediaDocument"))
    key = base64.b64decode(uploaded["MediaKey"])
    assert await network.features.read_file(uploaded["DirectPath"], "document", key) == content
    await network.features.refuse_uploads()
    with pytest.raises(Refusal, match="500"):
        await client.call("upload", data(content), enum("MediaType.MediaDocument"))


async def test_a_new_device_is_given_names_and_the_past_in_chunks(network: Network, client: LinkedClient) -> None:
    await network.features.save_contacts(OWN, {"Alice Fullname": ALICE})
    texts = [f"old {number} {os.urandom(40).hex()}" for number in range(120)]
    await network.features.remember(OWN, f"{ALICE}@s.whatsapp.net", ALICE, texts)
    await network.features.remember(OWN, f"{BOB}@s.whatsapp.net", None, ["said by the account itself"])
    await network.link(client)

    last = await client.event("HistorySync", lambda event: event["Data"].get("progress") == 100)
    assert last["Data"]["syncType"] == "RECENT"
    got = [
        message["message"]["message"]["conversation"]
        for name, event in client.events
        if name == "HistorySync"
        for chat in event["Data"].get("conversations", [])
        for message in chat.get("messages", [])
    ]
    assert sorted(got) == sorted([*texts, "said by the account itself"])
    assert client.count("HistorySync") == 1 + 1 + 3, "bootstrap, names, three chunks of the rest"
    await network.until_answers(client, "get_all_contacts", containing="Alice Fullname", on="contact")


async def test_both_sides_write_the_shared_tables(linked: Linked) -> None:
    client, network = linked
    await client.call("set_profile_name", "Named by the client")
    assert (await network.features.account(OWN)).name == "Named by the client"
    await network.features.rename_account(OWN, "Named by the phone")
    await network.until_answers(client, "get_me", containing="Named by the phone")
    await network.features.rename_account(OWN, "Named in secret", quiet=True)
    await client.call("set_profile_name", "Named again")
    assert (await network.features.stats())["app-state conflict"] == 1
    account = await network.features.account(OWN)
    assert account.name == "Named again"
    assert account.app_state["critical_block"]["version"] == 5

    await network.features.set_chat(OWN, "archive", f"{ALICE}@s.whatsapp.net")
    await network.until_answers(
        client, "get_chat_settings", jid(ALICE), containing="'Archived': True", on="chat_settings"
    )
