"""What a run takes of the machine: where its data live, and the memory mappings of compiled programs."""

import os

import jax

MAPPINGS = 30_000  # of this process's memory; Linux allows 65,530, and a new network's run adds some 400
SHARE = 0.3  # of the device's free memory that data may take; the rest is for the network and XLA


def on_cpu() -> bool:
    """Whether the default device is a CPU."""
    return jax.default_backend() == "cpu"


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


def free_programs() -> None:
    """Free the compiled programs where they hold many of the mappings that Linux allows; what is needed compiles anew.

    A process that goes past them crashes within the compiler.
    """
    try:
        with open("/proc/self/maps", "rb") as mappings:
            count = sum(1 for _ in mappings)
    except OSError:
        return
    if count > MAPPINGS:
        jax.clear_caches()
