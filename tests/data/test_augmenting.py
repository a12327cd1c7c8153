"""Augmentation: what each one does to an image, seeds, and refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from backlit.data import augmenting
from backlit.data.augmenting import AUGMENTATIONS, augmentation_named
from backlit.errors import InputError

KEY = jax.random.key(0)
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
FLOATS = jnp.asarray(IMAGES, jnp.float32)


def augmented(text, x=IMAGES, key=KEY, y=None):
    y = jnp.arange(len(x)) if y is None else y
    return jax.jit(augmentation_named(text, x))(key, jnp.asarray(x), y)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_each_keeps_the_shape_changes_something_and_repeats_with_its_seed(name):
    once, targets = augmented(name)
    again, _ = augmented(name)
    other, _ = augmented(name, key=jax.random.key(1))
    assert once.shape == IMAGES.shape
    assert once.dtype == jnp.float32
    assert np.isfinite(once).all()
    np.testing.assert_array_equal(once, again)
    assert (once != other).any()
    assert (once != FLOATS).any()
    assert sum(share for share, _ in targets) == pytest.approx(1)


def test_mirrored_twice_is_the_image_again():
    once = augmenting.mirror(KEY, FLOATS, probability=1.0)
    np.testing.assert_array_equal(once, IMAGES[:, :, ::-1])
    np.testing.assert_array_equal(augmenting.mirror(KEY, once, probability=1.0), IMAGES)


def test_about_half_are_mirrored():
    x = jnp.broadcast_to(jnp.arange(2.0).reshape(1, 1, 2, 1), (1000, 1, 2, 1))
    share = float(augmenting.mirror(KEY, x)[:, 0, 0, 0].mean())
    assert abs(share - 0.5) < 0.06  # four standard errors


@pytest.mark.parametrize(
    "name", ["rotate(degrees=0)", "shift(pixels=0)", "affine(degrees=0, shift=0, scale=0, shear=0)"]
)
def test_no_change_is_the_identity(name):
    np.testing.assert_allclose(augmented(name)[0], IMAGES, atol=1e-3)


@pytest.mark.parametrize("turns", [1, 2, 3])
@pytest.mark.parametrize("size", [7, 8])
def test_quarter_turns_are_exact(turns, size):
    x = np.random.default_rng(1).uniform(size=(2, size, size, 2)).astype(np.float32)
    maps = augmenting.rotation(jnp.full(2, 90.0 * turns))
    np.testing.assert_allclose(augmenting.warp(x, maps, jnp.zeros((2, 2))), np.rot90(x, turns, (1, 2)), atol=1e-5)


def test_a_move_by_whole_and_by_half_pixels():
    x = jnp.arange(16.0).reshape(1, 4, 4, 1)
    whole = augmenting.warp(x, jnp.eye(2)[None], jnp.array([[1.0, 0.0]]))[0, :, :, 0]
    np.testing.assert_allclose(whole, [*x[0, 1:, :, 0], np.zeros(4)], atol=1e-6)
    half = augmenting.warp(x, jnp.eye(2)[None], jnp.array([[0.0, 0.5]]))[0, :, :3, 0]
    np.testing.assert_allclose(half, x[0, :, :3, 0] + 0.5, atol=1e-6)


def test_a_crop_is_a_window_of_the_padded_image():
    x = IMAGES.astype(np.float32)
    padded = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
    seen = set()
    for seed in range(20):
        for image, window in zip(padded, np.asarray(augmenting.crop(jax.random.key(seed), x, 2)), strict=True):
            places = [(i, j) for i in range(5) for j in range(5) if (image[i : i + 8, j : j + 8] == window).all()]
            assert len(places) == 1
            seen.update(places)
    assert len(seen) == 25  # every place comes up


def test_cutout_hides_one_square():
    hidden = np.asarray(augmenting.cutout(KEY, jnp.ones((50, 8, 8, 1)), size=4))[..., 0] == 0
    for square in hidden:
        rows, columns = square.any(1), square.any(0)
        assert (square == np.outer(rows, columns)).all()
        assert 1 <= rows.sum() <= 4
        assert 1 <= columns.sum() <= 4
    assert hidden.sum((1, 2)).max() == 16


def test_noise_is_in_shares_of_each_features_deviation():
    x = np.random.default_rng(0).normal(size=(4000, 3)).astype(np.float32) * [1.0, 100.0, 1.0]
    codes = augmentation_named("noise(deviation=0.5)", x.astype(np.float32), codes=(2,))
    added = codes(KEY, jnp.asarray(x, jnp.float32), jnp.zeros(4000))[0] - jnp.asarray(x, jnp.float32)
    np.testing.assert_allclose(added.std(0), [0.5, 50, 0], rtol=0.05)


def test_padding_stays_padding_under_noise():
    x = np.ones((2, 3, 1), np.float32)
    x[0, 1:], x[1, :, 0] = np.nan, [1, 2, 3]
    np.testing.assert_array_equal(np.isnan(augmented("noise", x)[0]), np.isnan(x))


def test_mixup_mixes_inputs_and_losses_alike():
    x = np.arange(5.0, dtype=np.float32)[:, None]
    mixed, ((share, y), (rest, partner)) = augmented("mixup(alpha=1)", x)
    np.testing.assert_allclose(mixed[:, 0], share * y + rest * partner, rtol=1e-6)
    assert partner.tolist() == [4, 0, 1, 2, 3]
    assert 0 < share < 1


def test_mixup_leaves_padding_out():
    x, key = np.arange(5.0, dtype=np.float32)[:, None], jax.random.key(0)
    change = augmentation_named("mixup(alpha=1)", x)
    mixed, ((share, _), (_, partner)) = change(key, x, x[:, 0], np.array([1, 1, 1, 0, 0], np.float32))
    alone, ((same, _), _) = change(key, x[:3], x[:3, 0])
    assert partner.tolist()[:3] == [2, 0, 1]
    assert share == same
    np.testing.assert_array_equal(mixed[:3], alone)


@pytest.mark.parametrize(
    ("text", "x", "problem"),
    [
        ("miror", IMAGES, "did you mean mirror"),
        ("rotate(degree=3)", IMAGES, "did you mean degrees"),
        ("rotate(degrees=400)", IMAGES, "from 0 to 180, not 400"),
        ("crop(padding=1.5)", IMAGES, "a whole number from 1"),
        ("mirror(", IMAGES, "cannot be read"),
        ("mirror", np.zeros((4, 8, 8), np.float32), "mirror is for images, of shape H×W×C, and an example .* 8×8"),
        ("cutout", np.zeros((4, 3), np.float32), "cutout is for images"),
        ("noise", np.zeros((4, 3), np.int32), "these are tokens"),
        ("mixup", np.full((4, 3), np.nan, np.float32), "categories or gaps"),
    ],
)
def test_what_does_not_fit_is_refused(text, x, problem):
    with pytest.raises(InputError, match=problem):
        augmentation_named(text, x)


def test_images_as_targets_are_not_left_behind():
    with pytest.raises(InputError, match="the targets are images, too"):
        augmentation_named("rotate", IMAGES, targets_shape=(8, 8, 3))
