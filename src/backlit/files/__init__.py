"""Files: a model as a folder of plain data, written whole or not at all and checked before it is loaded."""

from backlit.files.model import StoredModel, read_model, write_model
from backlit.files.storage import new_folder

__all__ = ["StoredModel", "new_folder", "read_model", "write_model"]
