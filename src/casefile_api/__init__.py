"""The joint case-file exchange between the police and the Crown Prosecution Service in England and Wales."""

from importlib.metadata import version

__version__ = version("casefile-api")
