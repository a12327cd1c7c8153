"""Where the data live: on the device when they fit, in blocks when they do not."""

import os

import jax

SHARE = 0.3  # of the device's free memory that data may take; the rest is for the network and XLA


def fits(size: int) -> bool:
    """Whether data of this many bytes should live on the device for the whole run."""
    return size <= SHARE * free_bytes()


def free_bytes() -> int:
    """Bytes that are free on the default device."""
    stats = jax.local_devices()[0].memory_stats()
    if stats and "bytes_limit" in stats:
        return stats["bytes_limit"] - stats.get("bytes_in_use", 0)
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return 1 << 32
