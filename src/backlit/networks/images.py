"""The networks for images by name, as published; the versions for small images are described where they are built."""

from backlit.networks.alexnet import alexnet
from backlit.networks.googlenet import googlenet
from backlit.networks.lenet import lenet5
from backlit.networks.recipe import Recipe
from backlit.networks.resnet import resnet18, resnet50, resnet_small
from backlit.networks.vgg import vgg16

SMALL_RUN = {"learning_rate": 0.003, "schedule": "cosine(warmup=0.1)", "batch_size": 64}
RESIDUAL_RUN = {"learning_rate": 0.01, "schedule": "cosine(warmup=0.1)", "batch_size": 128, "epochs": 5}

IMAGE_NETWORKS: dict[str, Recipe] = {
    "lenet5": Recipe(lenet5, "LeNet-5, 1998: two stages of convolution and pooling", settings=SMALL_RUN, units=10),
    "alexnet": Recipe(alexnet, "AlexNet, 2012: five convolutions, three dense layers", units=1000),
    "vgg16": Recipe(vgg16, "VGG-16, 2014: thirteen convolutions of 3×3, three dense layers", units=1000),
    "googlenet": Recipe(googlenet, "GoogLeNet, 2014: nine inception modules", units=1000),
    "resnet18": Recipe(resnet18, "ResNet-18, 2015: eight residual blocks", units=1000),
    "resnet50": Recipe(resnet50, "ResNet-50, 2015: sixteen residual bottlenecks", units=1000),
    "resnet-small": Recipe(
        resnet_small, "a residual network of three blocks for small images", settings=RESIDUAL_RUN, units=10
    ),
}
"""Each by its name."""
