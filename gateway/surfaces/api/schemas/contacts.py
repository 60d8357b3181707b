"""Wire format of the address book of an instance: contacts, chats, and itself."""

from typing import Annotated

from msgspec import Meta, Struct

from gateway.domain.contacts import ChatSummary, Contact, ContactEntry
from gateway.domain.errors import InvalidInput
from gateway.domain.ids import Address
from gateway.domain.messages import ChatKind
from gateway.surfaces.api.schemas.paging import Pagination
from gateway.surfaces.http import iso, maybe_iso


class ContactItem(Struct, frozen=True, rename="camel"):
    """Somebody, or a group."""

    id: Annotated[str, Meta(description="The address to write to.")]
    name: str
    number: str
    is_group: bool

    @classmethod
    def of(cls, contact: Contact) -> "ContactItem":
        name = contact.name or contact.push_name or contact.username or contact.number
        return cls(id=contact.address, name=name, number=contact.number, is_group=contact.is_group)


class ContactList(Struct, frozen=True):
    """Who the instance knows, by name."""

    contacts: list[ContactItem]


class StoredContact(Struct, frozen=True, rename="camel", kw_only=True):
    """A contact as it is kept. `name` is what our users call them, `pushName` what the network says."""

    id: str
    instance_id: str
    name: str
    number: str
    remote_jid: str
    push_name: str
    username: str | None
    is_group: bool
    profile_picture: str | None
    about: str | None
    last_activity: str | None
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, contact: Contact) -> "StoredContact":
        return cls(
            id=contact.id,
            instance_id=contact.instance_id,
            name=contact.name,
            number=contact.number,
            remote_jid=contact.address,
            push_name=contact.push_name,
            username=contact.username,
            is_group=contact.is_group,
            profile_picture=contact.picture_url,
            about=contact.about,
            last_activity=maybe_iso(contact.last_activity_at),
            created_at=iso(contact.created_at),
            updated_at=iso(contact.updated_at),
        )


class ContactPage(Struct, frozen=True):
    """Contacts as they are kept, by name."""

    contacts: list[StoredContact]
    pagination: Pagination


class SaveContactBody(Struct, frozen=True, rename="camel", kw_only=True):
    """What is to be noted about somebody or a group. Either `number` or `remoteJid` is required."""

    number: Annotated[str | int | None, Meta(description="A phone number as people write it.")] = None
    remote_jid: Annotated[str | None, Meta(description="The address to write to.")] = None
    name: str | None = None
    push_name: str | None = None
    is_group: bool | None = None
    profile_picture: Annotated[str | None, Meta(description="The URL of a picture.")] = None
    about: str | None = None

    def to_entry(self) -> ContactEntry:
        """Raises InvalidInput when it says of nobody."""
        number = str(self.number or "").strip()
        address = (self.remote_jid or "").strip()
        if not address and not number:
            raise InvalidInput("Either number or remoteJid is required", field="number")
        if not address:
            digits = "".join(each for each in number if each.isdigit() or each == "-")
            address = f"{digits}@g.us" if self.is_group and "@" not in number else number
        return ContactEntry(
            address=Address(address),
            name=self.name or "",
            push_name=self.push_name or "",
            number=number,
            is_group=address.endswith("@g.us") if self.is_group is None else self.is_group,
            picture_url=self.profile_picture or None,
            about=self.about or None,
        )


class AddContactBody(Struct, frozen=True, kw_only=True):
    """Somebody to be kept. `phone` is required."""

    phone: Annotated[str | int | None, Meta(examples=["4915100000002"])] = None
    name: str | None = None
    greeting: Annotated[str | None, Meta(description="Words to send; without them nobody is written to.")] = None


class AddedContact(Struct, frozen=True):
    """Somebody who is kept now."""

    id: Annotated[str, Meta(description="The address to write to.")]
    number: str
    name: str


class AddedContactReply(Struct, frozen=True, kw_only=True):
    """It happened; the words are those that older pages show."""

    success: bool = True
    message: str = "Контакт успешно добавлен"
    contact: AddedContact


class ImportedContacts(Struct, frozen=True, rename="camel", kw_only=True):
    """How many people and groups the network told of."""

    success: bool = True
    message: str
    imported_count: int


class DeleteContactBody(Struct, frozen=True, rename="camel"):
    """Who is to be forgotten."""

    remote_jid: str | None = None


class ChatItem(Struct, frozen=True, rename="camel", kw_only=True):
    """A conversation."""

    id: Annotated[str, Meta(description="The address to write to, and the chatId of its messages.")]
    kind: ChatKind
    name: str
    username: str | None
    is_group: bool
    last_message_at: str | None

    @classmethod
    def of(cls, chat: ChatSummary) -> "ChatItem":
        return cls(
            id=chat.address,
            kind=chat.kind,
            name=chat.title,
            username=chat.username,
            is_group=chat.kind is ChatKind.GROUP,
            last_message_at=maybe_iso(chat.last_message_at),
        )


class ChatPage(Struct, frozen=True):
    """Chats, the one that moved last first."""

    chats: list[ChatItem]
    pagination: Pagination


class ProfileReply(Struct, frozen=True, rename="camel", kw_only=True):
    """Who the instance is on its network."""

    id: str
    name: str
    username: str | None
    is_bot: bool
