"""What holds for all tests: none keeps compiled programs in the folder of whoever runs them."""

import os

os.environ["BACKLIT_CACHE"] = "off"
