"""lossbench: which loss function should I train this with, and is mine any better?"""

__version__ = "0.1.0"
