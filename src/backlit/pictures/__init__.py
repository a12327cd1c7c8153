"""Pictures of what happens inside: one function each, which returns the picture and writes it where it is asked to.

from backlit import pictures

pictures.plot_curves(model.history, path="curves.png")
"""

from backlit.pictures.attention import plot_attention as plot_attention
from backlit.pictures.boundaries import plot_boundary as plot_boundary
from backlit.pictures.curves import plot_curves as plot_curves
from backlit.pictures.curves import plot_learning_rates as plot_learning_rates
from backlit.pictures.curves import plot_trace as plot_trace
from backlit.pictures.filters import plot_feature_maps as plot_feature_maps
from backlit.pictures.filters import plot_filters as plot_filters
from backlit.pictures.filters import plot_patches as plot_patches
from backlit.pictures.filters import plot_receptive_field as plot_receptive_field
from backlit.pictures.filters import plot_weights as plot_weights
from backlit.pictures.functions import plot_activations as plot_activations
from backlit.pictures.functions import plot_losses as plot_losses
from backlit.pictures.functions import plot_scores as plot_scores
from backlit.pictures.landscapes import plot_function_path as plot_function_path
from backlit.pictures.landscapes import plot_landscape as plot_landscape
from backlit.pictures.layers import plot_layers as plot_layers
from backlit.pictures.layers import plot_update_ratios as plot_update_ratios
from backlit.pictures.predictions import plot_predictions as plot_predictions
from backlit.pictures.report import write_report as write_report
from backlit.pictures.representations import plot_hidden as plot_hidden
from backlit.pictures.runs import plot_runs as plot_runs
from backlit.pictures.saliency import plot_saliency as plot_saliency
from backlit.pictures.scores import plot_calibration as plot_calibration
from backlit.pictures.scores import plot_confusion as plot_confusion
from backlit.pictures.scores import plot_fit as plot_fit
from backlit.pictures.spectra import plot_hessian_spectrum as plot_hessian_spectrum
from backlit.pictures.sweeps import plot_sweep as plot_sweep
from backlit.pictures.sweeps import plot_sweep_curves as plot_sweep_curves
