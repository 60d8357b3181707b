"""People as the device knows them, and whose number is on WhatsApp."""

from __future__ import annotations

from msgspec import structs
from neonize.proto import Neonize_pb2 as neonize

from gateway.domain.messages import Person
from gateway.providers.whatsapp import book
from tests.unit.providers.whatsapp.wire import ANN_LID, ANN_PN, BOB_LID, BOB_PN, CONTEXT, GROUP, ME_LID, ME_PN, jid

KNOWING = structs.replace(CONTEXT, pns={ANN_LID: ANN_PN}, lids={ANN_PN: ANN_LID})


def contact(address: str, **names: str) -> neonize.Contact:
    return neonize.Contact(JID=jid(address), Info=neonize.ContactInfo(Found=True, **names))


def test_the_phones_address_book_is_told_apart_from_everybody_met() -> None:
    saved, met = book._parted(
        [
            contact(ANN_PN, FullName="Ann Example", FirstName="Ann", PushName="annie"),
            contact(BOB_LID, PushName="bob"),
            contact(BOB_PN, BusinessName="Bob's Bar"),
        ],
        KNOWING,
    )
    assert [(each.address, each.name, each.lid) for each in saved] == [(ANN_PN, "Ann Example", ANN_LID)]
    assert [(each.address, each.name) for each in met] == [(BOB_LID, "bob"), (BOB_PN, "Bob's Bar")]


def test_one_person_under_two_names_is_one_person_and_the_saved_name_wins() -> None:
    saved, met = book._parted([contact(ANN_LID, PushName="annie"), contact(ANN_PN, FirstName="Ann")], KNOWING)
    assert [(each.address, each.name) for each in saved] == [(ANN_PN, "Ann")]
    assert met == []


def test_nameless_people_groups_and_the_account_itself_are_left_out() -> None:
    found = [
        contact(ANN_PN),
        contact(GROUP, FullName="a group"),
        contact(ME_PN, FullName="me"),
        contact(ME_LID, PushName="me"),
        contact("", FullName="nobody"),
    ]
    assert book._parted(found, CONTEXT) == ([], [])


def test_a_digest_tells_whether_anything_of_a_list_changed() -> None:
    ann = Person(address=ANN_PN, name="Ann", pn=ANN_PN)
    assert book.digest([ann]) == book.digest([ann])
    changed = [
        structs.replace(ann, name="Anna"),
        structs.replace(ann, lid=ANN_LID),
        Person(address=BOB_PN, name="Ann", pn=BOB_PN),
    ]
    assert len({book.digest([each]) for each in [ann, *changed]}) == 4
    assert book.digest([structs.replace(ann, name="\ud800")])


def answer(query: str, address: str, *, is_in: bool = True, business: str = "") -> neonize.IsOnWhatsAppResponse:
    told = neonize.IsOnWhatsAppResponse(Query=query, JID=jid(address), IsIn=is_in)
    if business:
        told.VerifiedName.Details.verifiedName = business
    return told


def test_every_number_asked_has_an_answer_in_its_place() -> None:
    numbers = ["+49 151 00000003", "4915100000002", "4915100000009", "+4915100000003", "4915100000002"]
    asked = {number: "".join(filter(str.isdigit, number)) for number in numbers}
    told = [
        answer("+4915100000002", ANN_PN),
        answer("+4915100000003", BOB_PN, business="Bob's Bar"),
        answer("+4915100000009", "4915100000009@s.whatsapp.net", is_in=False),
    ]
    checks = book._checks(numbers, asked, told, KNOWING)
    assert [check.number for check in checks] == numbers
    assert [check.exists for check in checks] == [True, True, False, True, True]
    assert [check.address for check in checks] == [BOB_PN, ANN_PN, None, BOB_PN, ANN_PN]
    assert (checks[0].business_name, checks[1].business_name, checks[1].lid) == ("Bob's Bar", None, ANN_LID)


def test_a_number_nothing_was_told_of_is_not_on_whatsapp() -> None:
    (check,) = book._checks(["4915100000002"], {"4915100000002": "4915100000002"}, [], CONTEXT)
    assert not check.exists
