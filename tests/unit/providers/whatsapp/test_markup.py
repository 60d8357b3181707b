"""HTML and Markdown arrive as marks that WhatsApp reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.messages import TextFormat
from gateway.providers.whatsapp.outbound.markup import as_marks


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<b>bold</b> <i>slanted</i> <s>struck</s> <code>x = 1</code>", "*bold* _slanted_ ~struck~ `x = 1`"),
        ("<STRONG>a</STRONG><em> b</em><del>c</del>", "*a* _b_~c~"),
        ("a<b> x </b>b", "a *x* b"),
        ("<b>one\ntwo</b>", "*one*\n*two*"),
        ("<b>one<br>two</b>", "*one*\n*two*"),
        ("<b></b>nothing<i> </i>", "nothing "),
        ("<b><i>both</i></b>", "*_both_*"),
        ("<b><strong>once</strong></b>", "*once*"),
        ("<b>never closed", "*never closed*"),
        ("<b><i>crossed</b></i> after", "*_crossed_* after"),
        ("never opened</b>", "never opened"),
        ("<pre><code>a\n b</code></pre>", "```a\n b```"),
        ("<code><b>plain</b></code>", "`plain`"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2&nbsp;!", "1 < 2 && 3 > 2\xa0!"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<u>unknown</u> <span class='x'>tags</span>", "unknown tags"),
        ("<p>one</p>two<p>three</p>", "one\ntwo\nthree"),
        ("<ul>\n<li>a</li>\n<li><b>b</b></li>\n</ul>after", "- a\n- *b*\nafter"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b"),
        ("<h1>Title</h1>words", "*Title*\nwords"),
        ("<blockquote>said\ntwice</blockquote>answer", "> said\n> twice\nanswer"),
        ('<a href="https://example.org/?a=1&amp;b=2">here</a>', "here (https://example.org/?a=1&b=2)"),
        ('<a href="https://example.org">https://example.org</a>', "https://example.org"),
        ('<a href="https://example.org"></a>', "https://example.org"),
        ('<a href="javascript:alert(1)">here</a>', "here"),
        ("<style>b { color: red }</style><script>1 < 2</script>seen<!-- unseen -->", "seen"),
        ("<br/>a<br/>", "a"),
    ],
)
def test_html_becomes_marks(written: str, shown: str) -> None:
    assert as_marks(written, TextFormat.HTML) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**bold** and __bold__", "*bold* and *bold*"),
        ("*slanted* and _slanted_", "_slanted_ and _slanted_"),
        ("***both***", "*_both_*"),
        ("**bold with *slanted* inside**", "*bold with _slanted_ inside*"),
        ("~~struck~~ and ~struck~", "~struck~ and ~struck~"),
        (r"\*not\* \_this\_ \`either\` \\", r"*not* _this_ `either` " + "\\"),
        (r"**a\*b**", "*a*b*"),
        ("2 * 3 * 4, ** not bold **", "2 * 3 * 4, ** not bold **"),
        ("snake_case and dunder__in__word", "snake_case and dunder__in__word"),
        ("* one\n* two\n- three", "* one\n* two\n- three"),
        ("**not over\nlines**", "**not over\nlines**"),
        ("# A **big** title ##\nwords #hash", "*A big title*\nwords #hash"),
        ("`**code**` **bold**", "`**code**` *bold*"),
        ("```python\nx = **y**\n```", "```x = **y**\n```"),
        ("```x```", "```x```"),
        ("[here](https://example.org/a_(b))", "here (https://example.org/a_(b))"),
        ('![cat](https://example.org/cat.png "A cat")', "cat (https://example.org/cat.png)"),
        ("[**here**](https://example.org/__a__)", "*here* (https://example.org/__a__)"),
        ("[https://example.org](https://example.org)", "https://example.org"),
        ("<https://example.org/*a*>", "https://example.org/*a*"),
        ("see https://example.org/a__b__c?q=**x**", "see https://example.org/a__b__c?q=**x**"),
        ("a\x00b \x000\x00", "ab 0"),
    ],
)
def test_markdown_becomes_marks(written: str, shown: str) -> None:
    assert as_marks(written, TextFormat.MARKDOWN) == shown


@given(st.text())
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert as_marks(text, TextFormat.PLAIN) == text


@given(st.text("ab *_~`[]()<>/\\#\n0\x00hi&;", max_size=60), st.sampled_from(TextFormat))
def test_no_text_is_too_odd(text: str, text_format: TextFormat) -> None:
    assert "\0" not in as_marks(text.replace("\0", ""), text_format)


@given(st.text("abc \n", max_size=60))
def test_words_without_markup_are_left_alone_in_markdown(text: str) -> None:
    assert as_marks(text, TextFormat.MARKDOWN) == text


@pytest.mark.parametrize("part", ["**a ", "[", "<b>", "# ## ", "*a ", "~~a ", "`", "<a", "__a ", "(http://a"])
def test_a_text_made_to_be_hard_is_read_all_the_same(part: str) -> None:
    long = part * (60_000 // len(part))
    for text_format in TextFormat:
        assert len(as_marks(long, text_format)) <= len(long)
