"""Reading images: by class, by part, one alone; sizes, modes and unreadable files."""

import numpy as np
import pytest
from PIL import Image

from backlit.data import read
from backlit.errors import DataError

RANDOM = np.random.default_rng(0)


def save(path, size=(6, 5), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = RANDOM.integers(0, 256, (*size, 3) if mode == "RGB" else size, np.uint8)
    Image.fromarray(pixels).save(path)
    return pixels


def test_a_folder_of_class_folders_keeps_every_pixel(tmp_path):
    dogs = [save(tmp_path / "dog" / f"{i}.png") for i in range(11)]
    cats = [save(tmp_path / "cat" / f"{i}.png") for i in range(3)]
    data = read(tmp_path)
    assert data.schema.classes == ("cat", "dog")
    assert data.schema.input_shape == (6, 5, 3)
    assert data.inputs.dtype == np.uint8
    np.testing.assert_array_equal(data.inputs, np.stack(cats + dogs))
    assert data.targets.tolist() == [0] * 3 + [1] * 11


def test_gray_images_have_one_channel_and_the_majority_decides(tmp_path):
    gray = save(tmp_path / "a" / "0.png", mode="L")
    save(tmp_path / "b" / "0.png", mode="L")
    save(tmp_path / "b" / "1.png", mode="RGB")
    data = read(tmp_path)
    assert data.inputs.shape == (3, 6, 5, 1)
    np.testing.assert_array_equal(data.inputs[0, ..., 0], gray)
    assert any("1 color and 2 grayscale images, all read as grayscale" in note for note in data.notes)


def test_other_files_are_reported(tmp_path):
    for name in ("a/0.png", "b/0.png"):
        save(tmp_path / name)
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    (tmp_path / "a" / ".hidden").write_text("")
    assert "files that are no images, left out: 1, such as a/notes.txt" in read(tmp_path).notes


def test_train_and_test_folders_are_separate_parts(tmp_path):
    for part, rows in (("train", 8), ("test", 3)):
        for label in "ab":
            for i in range(rows):
                save(tmp_path / part / label / f"{i}.png")
    parts = read(tmp_path).split()
    assert len(parts.test) == 6
    assert len(parts.train) + len(parts.validation) == 16


def test_prediction_reads_a_folder_without_classes_and_one_image(tmp_path):
    for name in ("a/0.png", "b/0.png", "b/1.png"):
        pixels = save(tmp_path / name)
    schema = read(tmp_path).schema
    assert schema.encode(tmp_path / "b")[0].shape == (2, 6, 5, 3)
    np.testing.assert_array_equal(schema.encode(tmp_path / "b" / "1.png")[0][0], pixels)
    gray = save(tmp_path / "gray.png", mode="L")
    encoded, notes = schema.encode(tmp_path / "gray.png")
    np.testing.assert_array_equal(encoded[0], np.repeat(gray[..., None], 3, -1))
    assert any("3 channels, as in training" in note for note in notes)


def test_images_that_cannot_be_read_are_left_out_and_listed(tmp_path):
    for place in range(9):
        for label in "ab":
            save(tmp_path / label / f"{place}.png")
    torn = [tmp_path / "a" / f"{place}.png" for place in range(7)]
    for path in torn[:3]:
        path.write_bytes(path.read_bytes()[:60])  # a header, and no pixels
    for path in torn[3:]:
        path.write_bytes(b"nothing")
    data = read(tmp_path)
    assert data.targets.tolist() == [0] * 2 + [1] * 9
    said = "7 images cannot be read: a/0.png, a/1.png, a/2.png, a/3.png, a/4.png, …; left out"
    assert said in data.notes
    with pytest.raises(DataError, match=r"7 images cannot be read.*an answer for each is asked"):
        data.schema.encode(tmp_path)


def test_a_class_without_a_readable_image_is_named(tmp_path):
    for label in "abc":
        save(tmp_path / label / "0.png")
    (tmp_path / "c" / "0.png").write_bytes(b"nothing")
    data = read(tmp_path)
    assert data.schema.classes == ("a", "b")
    assert "classes of which no image can be read: c" in data.notes


def test_where_no_image_can_be_read_there_is_one_error(tmp_path):
    for label in "ab":
        save(tmp_path / label / "0.png").tofile(tmp_path / label / "0.png")
    with pytest.raises(DataError, match=r"2 images cannot be read: .*a.0\.png, .*b.0\.png"):
        read(tmp_path)
    with pytest.raises(DataError, match=r"1 image cannot be read: .*b.0\.png"):
        read(tmp_path / "b" / "0.png")


def test_damaged_images_of_a_separate_part_are_told(tmp_path):
    for part in ("train", "test"):
        for label in "ab":
            for place in range(5):
                save(tmp_path / part / label / f"{place}.png")
    (tmp_path / "test" / "b" / "1.png").write_bytes(b"nothing")
    data = read(tmp_path)
    assert len(data.test) == 9
    assert "test: 1 image cannot be read: b/1.png; left out" in data.notes


def test_folders_named_by_numbers_are_classes(tmp_path):
    for label in range(25):
        save(tmp_path / str(label) / "0.png")
    assert read(tmp_path).schema.classes == tuple(map(str, range(25)))


def test_bad_folders_get_one_clear_error(tmp_path):
    with pytest.raises(DataError, match="has no images"):
        read(tmp_path)
    save(tmp_path / "a" / "0.png")
    with pytest.raises(DataError, match="one class, 'a'"):
        read(tmp_path)
    save(tmp_path / "b" / "0.png", size=(7, 5))
    with pytest.raises(DataError, match=r"0\.png is 5×6, .*0\.png is 5×7"):
        read(tmp_path)
    (tmp_path / "b" / "0.png").write_bytes((tmp_path / "a" / "0.png").read_bytes()[:60])
    with pytest.raises(DataError, match=r"1 image cannot be read: b.0\.png, and with them all of b"):
        read(tmp_path)
    flat = tmp_path / "a"
    with pytest.raises(DataError, match="a folder for each class"):
        read(flat)


def test_what_a_folder_holds_beside_its_classes_is_named(tmp_path):
    for name in ("a/0.png", "b/0.png", "c.png", "a/more/1.png"):
        save(tmp_path / name)
    (tmp_path / "readme.md").write_text("about")
    Image.fromarray(np.zeros((6, 5, 4), np.uint8), "RGBA").save(tmp_path / "a" / "clear.png")
    data = read(tmp_path)
    assert len(data) == 3
    assert {
        "images outside the class folders, left out: 1, such as c.png",
        "folders inside the class folders, left out: 1, such as a/more",
        "files that are no images, left out: 1, such as readme.md",
        "images whose alpha channel is left out: 1, such as clear.png",
    } <= set(data.notes)
