"""A convolutional network on images: train it, then look at its filters and at what it looks at.

python examples/images.py
"""

import numpy as np

import backlit as bl

digits = bl.read("digits").split((1, 0, 0)).train
images = digits.x.reshape(-1, 8, 8, 1)  # (rows, height, width, channels)
answers = digits.y

model = bl.fit(
    "Conv(16, 3, padding='same'), ReLU, MaxPool(2), Conv(32, 3), ReLU, Flatten, Dropout(0.2), Dense(10)",
    images,
    answers,
    epochs=20,
    seed=0,
)
print(model.summary())
print(f"{model.scores['test']['accuracy']:.1%} of the test digits are read right")

wrong = np.flatnonzero(model.predict(images) != answers)
print(f"{len(wrong)} of all {len(images)} are read wrong")
shown = images[wrong[0] if len(wrong) else 0]

bl.pictures.plot_filters(model, "conv_1", path="filters.png")
bl.pictures.plot_feature_maps(model, shown, "conv_1", path="maps.png")
bl.pictures.plot_saliency(model, shown, "integrated", path="saliency.png")
bl.pictures.plot_confusion(model, images, answers, path="confusion.png")
print("filters.png, maps.png, saliency.png and confusion.png are written")
