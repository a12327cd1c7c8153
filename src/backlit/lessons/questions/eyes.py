"""Small images with an eye somewhere: a bright ring around a dark middle."""

import numpy as np

SIZE = 12
MIDDLE = (SIZE - 3) // 2
EYE = np.array([[0.5, 1, 0.5], [1, 0, 1], [0.5, 1, 0.5]], np.float32)
NOT_AN_EYE = np.array([[1, 0.5, 0], [0.5, 1, 0.5], [1, 0.5, 1]], np.float32)  # the same pixels in another order


def draw_images(places: np.ndarray, is_eye: np.ndarray, seed: int) -> np.ndarray:
    """Images (N, 12, 12, 1) with noise, each with an eye or its scrambled pixels.

    Args:
        places: the upper left corner of each pattern (N, 2), from 0 to 9.
        is_eye: whether it is an eye (N,).
        seed: of the noise.
    """
    images = np.random.default_rng(seed).normal(0, 0.15, (len(places), SIZE, SIZE, 1)).astype(np.float32)
    for image, (row, column), eye in zip(images, places, is_eye, strict=True):
        image[row : row + 3, column : column + 3, 0] += EYE if eye else NOT_AN_EYE
    return images
