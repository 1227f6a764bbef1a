"""One thread: tensors here are tiny, and several threads would only wait for each other."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
