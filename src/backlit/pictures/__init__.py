"""Pictures of what happens inside: one function each, which returns the picture and writes it where it is asked to.

from backlit import pictures

pictures.plot_curves(model.history, path="curves.png")
"""

from backlit.pictures.attention import plot_attention as plot_attention
from backlit.pictures.boundaries import plot_boundary as plot_boundary
from backlit.pictures.filters import plot_feature_maps as plot_feature_maps
from backlit.pictures.filters import plot_filters as plot_filters
from backlit.pictures.filters import plot_patches as plot_patches
from backlit.pictures.filters import plot_receptive_field as plot_receptive_field
from backlit.pictures.filters import plot_weights as plot_weights
from backlit.pictures.representations import plot_hidden as plot_hidden
from backlit.pictures.saliency import plot_saliency as plot_saliency
from backlit.pictures.scores import plot_calibration as plot_calibration
from backlit.pictures.scores import plot_confusion as plot_confusion
from backlit.pictures.scores import plot_fit as plot_fit
