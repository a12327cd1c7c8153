"""Reading images: a folder with a folder of images for each class, a folder of images, or one image."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from backlit.data.content import Content
from backlit.data.values import natural
from backlit.errors import DataError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm", ".pbm"})
TRAIN = ("train", "training")
SEPARATE = {"test": "test", "val": "validation", "valid": "validation", "validation": "validation"}


def read_images(path: Path) -> Content:
    """Images (N, H, W, C) of uint8 with their class, from a folder of class folders, a folder of images, or one image.

    A folder that holds `train` and `test` (or `validation`) folders of class folders gives separate parts. Files that
    cannot be read are left out, and the notes name them.

    Raises:
        DataError: there are no images, none can be read, or their sizes differ.
    """
    if path.is_file():
        return Content(path.name, load([path])[0])
    beside = [child for child in visible(path) if not child.is_dir()]
    folders = {folder.name.lower(): folder for folder in visible(path) if folder.is_dir()}
    train = next((folders[name] for name in TRAIN if name in folders), None)
    if train is None or not set(folders) <= {*TRAIN, *SEPARATE}:
        return read_classes(path)
    parts = {part: read_classes(folders[name]) for name, part in SEPARATE.items() if name in folders}
    whole = read_classes(train)
    notes = (*whole.notes, *left_out("files beside the folders of the parts", beside, path))
    return replace(whole, name=path.resolve().name, parts=parts, notes=notes)


def read_classes(folder: Path) -> Content:
    """The images of a folder of class folders, or of a folder without classes."""
    classes = sorted((child for child in visible(folder) if child.is_dir()), key=lambda child: natural(child.name))
    found = [(file, child.name) for child in classes for file in visible(child)] or [
        (file, "") for file in visible(folder)
    ]
    images = [(file, label) for file, label in found if is_image(file)]
    if not images:
        raise DataError(
            f"{folder} has no images: a folder for each class is needed, with files inside such as "
            f"{', '.join(sorted(SUFFIXES))}; or IDX files named as MNIST's, train-images-idx3-ubyte and so on"
        )
    chosen = {file for file, _ in images}
    rest = [file for file in (*visible(folder), *(file for file, _ in found)) if file not in {*chosen, *classes}]
    rest = list(dict.fromkeys(rest))
    notes = left_out("files that are no images", [f for f in rest if not f.is_dir() and not is_image(f)], folder)
    notes += left_out("images outside the class folders", [file for file in rest if is_image(file)], folder)
    notes += left_out("folders inside the class folders", [file for file in rest if file.is_dir()], folder)
    empty = [child.name for child in classes if child.name not in {label for _, label in images}]
    if classes and empty:
        notes.append(f"folders without images: {', '.join(empty)}")
    inputs, unread, more = load([file for file, _ in images])
    labels = [label for file, label in images if file not in unread]
    skipped = tuple(str(file.relative_to(folder)) for file in unread)
    notes += [unreadable(skipped) + "; left out"] if skipped else []
    lost = sorted({label for _, label in images} - set(labels), key=natural)
    if lost and len(set(labels)) < 2:
        raise DataError(f"{unreadable(skipped)}, and with them all of {', '.join(lost)}: replace or remove them")
    notes += [f"classes of which no image can be read: {', '.join(lost)}"] if lost else []
    name = folder.resolve().name
    if not classes:
        return Content(name, inputs, notes=(*notes, *more), skipped=skipped)
    task = "two classes" if len(set(labels)) == 2 else "many classes"
    return Content(name, inputs, np.array(labels), ("class",), {}, (*notes, *more), task, skipped)


def load(files: Sequence[Path]) -> tuple[np.ndarray, list[Path], list[str]]:
    """The images of files of one size (N, H, W, C), the files that cannot be read, and what there is to report."""
    from PIL import Image

    wrong = (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError)
    sizes, colors, transparent = {}, Counter[bool](), []
    for file in files:
        with suppress(*wrong), Image.open(file) as image:
            sizes[file] = image.size
            colors[not is_gray(image.mode)] += 1
            transparent += [file.name] if image.has_transparency_data else []
    first, where = next(((size, file) for file, size in sizes.items()), ((1, 1), None))
    other = next(((size, file) for file, size in sizes.items() if size != first), None)
    if other:
        raise DataError(
            f"images of different sizes: {where} is {first[0]}×{first[1]}, {other[1]} is {other[0][0]}×{other[0][1]} "
            f"(width×height): resize them to one size"
        )
    color = colors[True] > colors[False]
    images = np.empty((len(sizes), first[1], first[0], 3 if color else 1), np.uint8)
    read: list[Path] = []
    for file in sizes:
        with suppress(*wrong):
            images[len(read)] = pixels(file, color)
            read.append(file)
    if not read:
        raise DataError(f"{unreadable([str(file) for file in files])}: replace them, or name another folder")
    kept = "color" if color else "grayscale"
    mixed = f"{colors[True]} color and {colors[False]} grayscale images, all read as {kept}"
    notes = [mixed] if len(+colors) > 1 else []
    if transparent:
        notes.append(f"images whose alpha channel is left out: {few(transparent)}")
    whole = set(read)
    return images[: len(read)], [file for file in files if file not in whole], notes


def pixels(file: Path, color: bool) -> np.ndarray:
    """One image as uint8 (H, W, 3) or (H, W, 1); 16-bit values keep their upper 8 bits."""
    from PIL import Image

    with Image.open(file) as image:
        if image.mode.startswith("I"):
            deep = np.asarray(image)
            shown: Image.Image = Image.fromarray((deep.clip(0, 65535) >> 8).astype(np.uint8))
        else:
            shown = image
        array = np.asarray(shown.convert("RGB" if color else "L"))
    return array if color else array[..., None]


def with_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """The images (N, H, W, C) with one channel (luma 0.299 R + 0.587 G + 0.114 B) or three equal ones.

    Source: ITU-R BT.601.
    """
    if images.shape[-1] == 1 and channels == 3:
        return np.repeat(images, 3, axis=-1)
    if images.shape[-1] == 3 and channels == 1:
        return (images @ np.array([0.299, 0.587, 0.114]))[..., None].round().astype(np.uint8)
    return images


def is_gray(mode: str) -> bool:
    """Whether a mode of Pillow has one channel of brightness."""
    return mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")


def is_image(path: Path) -> bool:
    """Whether a path is a file with the suffix of an image."""
    return path.suffix.lower() in SUFFIXES and not path.is_dir()


def left_out(what: str, paths: Sequence[Path], folder: Path) -> list[str]:
    """What of a folder is not read, if anything, in words."""
    return [f"{what}, left out: {few([str(path.relative_to(folder)) for path in paths])}"] if paths else []


def few(names: Sequence[str]) -> str:
    """How many names there are, and the first of them.

    >>> few(["a", "b"])
    '2, such as a, b'
    """
    return f"{len(names)}, such as {', '.join(names[:5])}"


def unreadable(names: Sequence[str]) -> str:
    """How many files cannot be read as images, and the first of them, in words."""
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{len(names)} image{'s' if len(names) > 1 else ''} cannot be read: {shown}"


def visible(folder: Path) -> list[Path]:
    """What a folder holds, in natural order, without hidden names."""
    return sorted((path for path in folder.iterdir() if path.name[0] != "."), key=lambda path: natural(path.name))
