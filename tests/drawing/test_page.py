"""The page in a browser: groups open and close, steps go on and back, nothing is asked for, nothing overlaps."""

import re

import jax
import jax.numpy as jnp
import pytest

import backlit as bl

VISIBLE = """() => [...document.querySelectorAll("main text")].filter((text) => {
  const style = getComputedStyle(text);
  return text.getClientRects().length && style.visibility === "visible";
}).map((text) => { const box = text.getBoundingClientRect();
  return [box.left, box.top, box.right, box.bottom, text.textContent]; })"""


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    def f(p, x):
        with jax.named_scope("first"):
            h = jnp.tanh(x * p["w"] + p["b"])
        with jax.named_scope("block"):
            with jax.named_scope("inner"):
                y = jnp.sin(h) * h
            y = y + h
        return y * x

    graph = bl.trace(f, {"w": 0.5, "b": -1.0}, 2.0)
    graph.backward()
    path = tmp_path_factory.mktemp("page") / "graph.html"
    graph.draw(depth=0, title="a graph").save(path)
    return path


def visible(page):
    return page.evaluate(VISIBLE)


def overlapping(page):
    boxes = visible(page)
    slack = 0.2  # of a line: a browser's boxes have the room for descenders and accents
    return [
        (a[4], b[4])
        for i, a in enumerate(boxes)
        for b in boxes[:i]
        if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] - slack * (b[3] - b[1]) and b[1] < a[3] - slack * (a[3] - a[1])
    ]


def test_layers_open_and_close(open_page, page_file):
    with open_page(page_file) as page:
        shown = {text[4] for text in visible(page)}
        assert {"first", "block"} <= shown
        assert "sin" not in shown
        assert overlapping(page) == []
        page.click("[data-name=block] > .frame")
        page.click("[data-do=fit]")
        assert "inner" in {text[4] for text in visible(page)}
        assert "sin" not in {text[4] for text in visible(page)}
        assert overlapping(page) == []
        page.click("[data-name='block/inner'] > .frame")
        page.click("[data-do=fit]")
        assert "sin" in {text[4] for text in visible(page)}
        assert overlapping(page) == []
        page.click("[data-do=open]")
        assert {"sin", "tanh"} <= {text[4] for text in visible(page)}
        page.click("[data-do=close]")
        assert {text[4] for text in visible(page)} == shown
        page.focus("[data-name=first]")
        page.keyboard.press("Enter")
        assert page.get_attribute("[data-name=first]", "aria-expanded") == "true"
        assert "tanh" in {text[4] for text in visible(page)}


def test_closed_layers_take_no_more_room_than_their_picture(open_page, page_file):
    static = float(re.search(r'<svg [^>]*width="([\d.]+)"', page_file.read_text("utf-8")).group(1))
    with open_page(page_file) as page:
        closed = page.evaluate("() => document.querySelector('.paper').width.baseVal.value")
        page.click("[data-do=open]")
        opened = page.evaluate("() => document.querySelector('.paper').width.baseVal.value")
    assert closed < 1.2 * static
    assert opened > 1.8 * static


def test_no_shape_stands_on_another_however_layers_are_closed(open_page, page_file):
    boxes = """() => [...document.querySelectorAll(".node > .shape, .group.collapsed > .frame")]
      .filter((shape) => shape.getClientRects().length)
      .map((shape) => shape.getBoundingClientRect()).map((box) => [box.left, box.top, box.right, box.bottom])"""
    with open_page(page_file) as page:
        for names in ([], ["first"], ["block"], ["block/inner"], ["first", "block"]):
            page.click("[data-do=open]")
            for name in names:
                page.click("[data-do=fit]")
                page.click(f"[data-name='{name}'] > .title")
            found = page.evaluate(boxes)
            assert not any(
                a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
                for i, a in enumerate(found)
                for b in found[:i]
            )


def test_steps_go_forward_and_back(open_page, page_file):
    def shown(kind):
        return sum(
            page.evaluate(
                f"() => [...document.querySelectorAll('main text.{kind}')].map((t) => "
                "+(t.getClientRects().length > 0 && getComputedStyle(t).visibility === 'visible'))"
            )
        )

    with open_page(page_file) as page:
        page.click("[data-do=open]")
        values, gradients = shown("value"), shown("gradient")
        page.click("[data-do=first]")
        assert (0 < shown("value") < values, shown("gradient")) == (True, 0)
        assert page.is_disabled("[data-do=back]")
        steps = int(re.search(r"of (\d+)", page.inner_text("output")).group(1))
        counts = []
        for _ in range(steps):
            page.keyboard.press("n")
            counts.append((shown("value"), shown("gradient")))
        assert counts == sorted(counts)
        assert counts[-1] == (values, gradients)
        assert all(value == values for value, gradient in counts if gradient)
        assert "backward" in page.inner_text("output")
        page.keyboard.press("p")
        assert shown("gradient") < gradients


def test_details_zoom_and_pan(open_page, page_file):
    with open_page(page_file) as page:
        page.hover(".node[data-name=x] > .shape")
        assert page.inner_text("#details").startswith("x: input\nshape (), float32")
        before = [float(size) for size in page.get_attribute("main svg", "viewBox").split()]
        page.mouse.wheel(0, -300)
        page.wait_for_function(f"() => document.querySelector('main svg').viewBox.baseVal.width < {before[2]}")
        page.click("[data-do=out]")
        page.keyboard.press("ArrowRight")
        page.mouse.move(300, 600)
        page.mouse.down()
        page.mouse.move(350, 620, steps=4)
        page.mouse.up()
        page.click("[data-do=fit]")
        fitted = page.evaluate("() => document.querySelector('.paper').getBoundingClientRect().toJSON()")
        assert fitted["left"] >= 0
        assert fitted["right"] <= 1000


def test_dark_screens_have_a_dark_ground(open_page, page_file):
    for dark, ground in ((False, "rgb(255, 255, 255)"), (True, "rgb(21, 23, 27)")):
        with open_page(page_file, dark=dark) as page:
            assert page.evaluate("() => getComputedStyle(document.querySelector('.paper')).fill") == ground


def test_without_scripts_the_picture_stands_and_nothing_is_asked_for(page_file):
    held = page_file.read_text("utf-8")
    assert held.index("<main>\n<svg") < held.index("<template>")
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", held) == []
    assert "default-src 'none'" in held
