"""Whatever is no markup is escaped, in texts and in attributes."""

from html.parser import HTMLParser

from backlit.pictures.report.markup import join, table, tag

WORDS = "</p><script>\"x\" & 'y'</script>\x00"


class Reader(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.values = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.values += [value for _, value in attributes]

    def handle_data(self, data):
        self.texts.append(data)


def test_words_stay_words():
    read = Reader(tag("p", WORDS, tag("b", WORDS), title=WORDS))
    kept = WORDS.replace("\x00", "\ufffd")
    assert read.tags == ["p", "b"]
    assert "".join(read.texts) == kept * 2
    assert read.values == [kept]


def test_a_table_holds_its_cells():
    read = Reader(table(["<a>", "b"], [["1", tag("i", "2")]], stacks=True))
    assert [name for name in read.tags if name in ("th", "td", "i", "a")] == ["th", "th", "td", "td", "i"]
    assert read.texts == ["<a>", "b", "1", "2"]


def test_parts_are_joined_as_they_are():
    assert join([tag("b", "1"), "<"]) == "<b>1</b>&lt;"
