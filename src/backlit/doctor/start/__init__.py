"""The examination at the start: what the graph and the first weights tell, before any step."""

from backlit.doctor.start.examination import examine_start

__all__ = ["examine_start"]
