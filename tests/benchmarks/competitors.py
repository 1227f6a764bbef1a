"""Other ways of training the same nets on the same table: what the engine is measured against."""

import warnings
from itertools import pairwise

import torch
import torch.nn.functional as F
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

ROWS, VALIDATION, INPUTS = 571, 143, 4  # Titanic's shape


def table(rows, seed=0, inputs=INPUTS):
    """Inputs and 0/1 targets, learnable but not trivially so."""
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(rows, inputs, generator=g)
    return x, (x[:, 0] * x[:, 1] + 0.5 * torch.randn(rows, generator=g) > 0).float().unsqueeze(1)


def sequential(hidden, inputs=INPUTS):
    """The plain net."""
    sizes, layers = (inputs, *hidden, 1), []
    for i, o in pairwise(sizes):
        layers += [nn.Linear(i, o), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def steps(batch, rows=ROWS):
    """Model-steps of an epoch."""
    return -(-rows // batch)


def notebook(hidden, batch, epochs, *, validate=False):
    """The notebook's way: nn.Sequential, DataLoader, Adam, loss.item() -> model-steps."""
    torch.set_num_threads(1)
    x, y = table(ROWS)
    loader = DataLoader(TensorDataset(x, y), batch_size=batch, shuffle=True)
    held_out = DataLoader(TensorDataset(*table(VALIDATION, 1)), batch_size=batch)
    model, criterion = sequential(hidden), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for _ in range(epochs):
        total = 0.0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if validate:
            with torch.no_grad():
                for inputs, targets in held_out:
                    total += criterion(model(inputs), targets).item()
    return epochs * steps(batch)


def eager(hidden, batch, epochs, *, validate=False):
    """Careful eager torch: permuted tensors instead of a DataLoader, fused Adam, no .item() -> model-steps."""
    torch.set_num_threads(1)
    (x, y), (xv, yv) = table(ROWS), table(VALIDATION, 1)
    model = sequential(hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    for _ in range(epochs):
        for rows in torch.randperm(ROWS).split(batch):
            optimizer.zero_grad(set_to_none=True)
            F.binary_cross_entropy_with_logits(model(x[rows]), y[rows]).backward()
            optimizer.step()
        if validate:
            with torch.no_grad():
                F.binary_cross_entropy_with_logits(model(xv), yv)
    return epochs * steps(batch)


def scikit_learn(hidden, batch, epochs, *, validate=False):
    """scikit-learn's MLPClassifier, which knows this one loss -> model-steps."""
    x, y = (t.numpy() for t in table(ROWS))
    xv = table(VALIDATION, 1)[0].numpy()
    model = MLPClassifier(hidden, batch_size=batch, max_iter=epochs, tol=0.0, n_iter_no_change=epochs + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(x, y.ravel())
    if validate:
        for _ in range(epochs):
            model.predict_proba(xv)
    return epochs * steps(batch)
