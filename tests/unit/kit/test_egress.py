"""The rules of egress that need no network: URLs and the headers customers may set."""

from __future__ import annotations

import pickle

import pytest

from gateway.kit.egress import EgressPolicy, EgressRefused, RefusalCode, check_url, check_user_headers

HTTPS_ONLY = EgressPolicy()
HTTP_TOO = EgressPolicy(allow_http=True)
LOOPBACK = EgressPolicy.opened("127.0.0.0/8,::1", allow_http=True)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("https://example.com/hook", "https://example.com/hook"),
        ("HTTPS://EXAMPLE.com", "https://example.com"),
        ("https://example.com:8443/a%2Fb?c=d%26e#fragment", "https://example.com:8443/a%2Fb?c=d%26e"),
        ("https://example.com./", "https://example.com./"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
        ("https://my_bucket.s3.example/a@b", "https://my_bucket.s3.example/a@b"),
        ("https://8.8.8.8:1/", "https://8.8.8.8:1/"),
        ("https://[2606:4700::1111]:65535/", "https://[2606:4700::1111]:65535/"),
    ],
)
def test_a_proper_url_is_accepted(text: str, sent: str) -> None:
    assert str(check_url(text, HTTPS_ONLY)) == sent


REFUSED: list[tuple[str, RefusalCode]] = [
    # schemes
    ("http://example.com/", "url_scheme"),
    ("ftp://example.com/", "url_scheme"),
    ("file:///etc/passwd", "url_scheme"),
    ("gopher://example.com/", "url_scheme"),
    ("unix:///run/docker.sock", "url_scheme"),
    ("javascript:alert(1)", "url_scheme"),
    ("//example.com/", "url_scheme"),
    ("example.com", "url_scheme"),
    ("", "url_scheme"),
    # user names and passwords
    ("https://user@example.com/", "url_userinfo"),
    ("https://user:password@example.com/", "url_userinfo"),
    ("https://@example.com/", "url_userinfo"),
    ("https://:@example.com/", "url_userinfo"),
    ("https://127.0.0.1%2f@example.com/", "url_userinfo"),
    ("https://example.com@127.0.0.1/", "url_userinfo"),
    # ports
    ("https://example.com:0/", "url_port"),
    ("https://example.com:99999/", "url_invalid"),
    ("https://example.com:-1/", "url_invalid"),
    ("https://example.com:80:81/", "url_invalid"),
    ("https://example.com:http/", "url_invalid"),
    # characters that programs disagree about
    ("https://example.com\\@127.0.0.1/", "url_invalid"),
    ("https://example.com/\r\nX-Injected: y", "url_invalid"),
    ("https://exa\tmple.com/", "url_invalid"),
    ("https://example.com/\x00", "url_invalid"),
    ("https://example.com/a b", "url_invalid"),
    (" https://example.com/", "url_invalid"),
    ("https://example.com/\x85", "url_invalid"),
    ("https://example.com/\u2028", "url_invalid"),
    # hosts
    ("https:///path", "url_host"),
    ("https:example.com", "url_host"),
    ("https://?a", "url_host"),
    ("https://./", "url_host"),
    ("https://example..com/", "url_host"),
    ("https://%31%32%37.0.0.1/", "url_host"),
    ("https://exa%6dple.com/", "url_host"),
    (f"https://{'a' * 64}.com/", "url_host"),
    (f"https://{'a.' * 130}com/", "url_host"),
    ("https://[v1.fe80]/", "url_host"),
    ("https://[v1.fe80:1]/", "url_host"),
    ("https://[127.0.0.1]/", "url_invalid"),
    ("https://[::1]x/", "url_invalid"),
    # spellings of addresses that the C library understands
    ("https://2130706433/", "url_host"),
    ("https://0x7f000001/", "url_host"),
    ("https://0x7f.1/", "url_host"),
    ("https://127.1/", "url_host"),
    ("https://017700000001/", "url_host"),
    ("https://0177.0.0.1/", "url_host"),
    ("https://127.0.0.1./", "url_host"),
    ("https://0/", "url_host"),
    ("https://0x/", "url_host"),
    ("https://8.8.8.08/", "url_host"),
    ("https://1.2.3.4.5/", "url_host"),
    ("https://example.1/", "url_host"),
    # addresses
    ("https://127.0.0.1/", "address_refused"),
    ("https://①②⑦.⓪.⓪.①/", "address_refused"),
    ("https://127。0。0。1/", "address_refused"),
    ("https://169.254.169.254/latest/meta-data/", "address_refused"),
    ("https://0.0.0.0/", "address_refused"),
    ("https://[::1]/", "address_refused"),
    ("https://[::]/", "address_refused"),
    ("https://[::ffff:7f00:1]/", "address_refused"),
    ("https://[::ffff:127.0.0.1]/", "address_refused"),
    ("https://[64:ff9b::a9fe:a9fe]/", "address_refused"),
    ("https://[2002:7f00:1::]/", "address_refused"),
    ("https://[fe80::1%25lo]/", "address_refused"),
    ("https://[fe80::1%lo]/", "address_refused"),
    ("https://[2606:4700::1111%25eth0]/", "address_refused"),
    # size
    (f"https://example.com/{'a' * 2048}", "url_too_long"),
]


@pytest.mark.parametrize(("text", "code"), REFUSED)
def test_a_tricky_url_is_refused_by_its_code(text: str, code: RefusalCode) -> None:
    with pytest.raises(EgressRefused) as refused:
        check_url(text, HTTPS_ONLY)
    assert refused.value.code == code


def test_plain_http_is_accepted_only_where_it_was_allowed() -> None:
    assert str(check_url("http://example.com/", HTTP_TOO)) == "http://example.com/"
    with pytest.raises(EgressRefused, match="begin with https://"):
        check_url("http://example.com/", HTTPS_ONLY)


def test_an_opened_range_opens_its_addresses_in_their_canonical_notation_only() -> None:
    assert check_url("http://127.0.0.1:8080/", LOOPBACK).port == 8080
    assert check_url("http://[::1]:8080/", LOOPBACK).raw_host == "::1"
    for text in ("http://127.1/", "http://2130706433/", "http://10.0.0.1/", "http://[::2]/"):
        with pytest.raises(EgressRefused):
            check_url(text, LOOPBACK)


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/next", "https://example.com/next"),
        ("next?x=1", "https://example.com/a/next?x=1"),
        ("//other.example/x", "https://other.example/x"),
        ("https://other.example/x", "https://other.example/x"),
        ("/a//b@c", "https://example.com/a//b@c"),
    ],
)
def test_a_location_is_read_relative_to_where_it_was_given(location: str, target: str) -> None:
    base = check_url("https://example.com/a/b", HTTPS_ONLY)
    assert str(check_url(location, HTTPS_ONLY, base=base)) == target


@pytest.mark.parametrize(
    "location",
    ["http://example.com/", "//127.0.0.1/", "https://[::1]/", "//u@other.example/", "file:///etc/passwd", "/\r\n"],
)
def test_a_location_is_checked_like_any_url(location: str) -> None:
    base = check_url("https://example.com/a/b", HTTPS_ONLY)
    with pytest.raises(EgressRefused):
        check_url(location, HTTPS_ONLY, base=base)


def test_a_refusal_says_nothing_of_path_and_query() -> None:
    for text, _ in REFUSED:
        with pytest.raises(EgressRefused) as refused:
            check_url(text + "s3cret?token=s3cret", HTTPS_ONLY)
        assert "s3cret" not in refused.value.sentence.replace("https://example.com/hook", "")


def test_a_refusal_survives_pickling() -> None:
    again = pickle.loads(pickle.dumps(EgressRefused("url_host", "No host.")))
    assert (again.code, again.sentence) == ("url_host", "No host.")


def test_ordinary_headers_may_be_set() -> None:
    wanted = {"Authorization": "Bearer abc", "X-Tenant": "7\t8", "User-Agent": "mine", "X-Empty": ""}
    assert check_user_headers(wanted) == wanted


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "host",
        "Content-Type",
        "content-length",
        "Content-Encoding",
        "Content-Anything",
        "Transfer-Encoding",
        "TE",
        "Connection",
        "Keep-Alive",
        "Upgrade",
        "Expect",
        "Trailer",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Accept-Encoding",
        "webhook-id",
        "Webhook-Signature",
        "webhook-timestamp",
        "webhook-x",
        "X-Webhook-Signature",
    ],
)
def test_what_frames_or_signs_the_request_cannot_be_overridden(name: str) -> None:
    with pytest.raises(EgressRefused, match=name) as refused:
        check_user_headers({name: "x"})
    assert refused.value.code == "header_refused"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-A", "b\r\nX-Injected: c"),
        ("X-A", "b\n"),
        ("X-A", "b\r"),
        ("X-A", "b\x00"),
        ("X-A", "ü"),
        ("X-A", "b" * 2049),
        ("X-A\r\nX-Injected", "c"),
        ("X-A\n", "c"),
        ("X A", "c"),
        ("X:A", "c"),
        ("Ünicode", "c"),
        ("", "c"),
    ],
)
def test_what_could_end_a_line_is_refused(name: str, value: str) -> None:
    with pytest.raises(EgressRefused) as refused:
        check_user_headers({name: value})
    assert refused.value.code == "header_refused"


def test_a_header_cannot_be_given_twice_nor_too_many_at_once() -> None:
    with pytest.raises(EgressRefused, match="twice"):
        check_user_headers({"X-A": "1", "x-a": "2"})
    with pytest.raises(EgressRefused, match="At most 32"):
        check_user_headers({f"X-{n}": "1" for n in range(33)})
