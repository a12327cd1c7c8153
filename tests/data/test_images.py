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
    assert "files that are no images, left out: 1, such as notes.txt" in read(tmp_path).notes


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
    with pytest.raises(DataError, match=r"1 of 2 images cannot be read: .*b.0\.png"):
        read(tmp_path)
    flat = tmp_path / "a"
    with pytest.raises(DataError, match="a folder for each class"):
        read(flat)
