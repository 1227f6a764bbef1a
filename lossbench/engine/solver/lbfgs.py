"""The L-BFGS approximation of the inverse Hessian, for many problems at once.

L-BFGS in its compact form (Byrd, Nocedal & Schnabel 1994, doi:10.1007/BF01582063): a few batched matrix products a
step, where the two-loop recursion would need 4 M small ones. Every member has its own pairs and its own clock, because
members accept steps at different times.

Shapes: P members, R of them, M pairs remembered, D coordinates.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Curvature:
    """The last M pairs (step s, change of gradient y) of each member, and the inverse Hessian they stand for."""

    def __init__(self, members: int, dimension: int, *, pairs: int, dtype: torch.dtype, device: torch.device) -> None:
        self.pairs = pairs
        self.s_PMD = torch.zeros(members, pairs, dimension, dtype=dtype, device=device)
        self.y_PMD = torch.zeros_like(self.s_PMD)
        self.pushed_P = torch.zeros(members, dtype=torch.long, device=device)

    def push(self, rows: Tensor, s_RD: Tensor, y_RD: Tensor) -> None:
        """Remember a pair for the members `rows` [R] in place of their oldest; each must have s'y > 0."""
        slot = self.pushed_P[rows] % self.pairs
        self.s_PMD[rows, slot], self.y_PMD[rows, slot] = s_RD, y_RD
        self.pushed_P[rows] += 1

    def forget(self, rows: Tensor) -> None:
        """Back to steepest descent for the members `rows`."""
        for tensor in (self.s_PMD, self.y_PMD, self.pushed_P):
            tensor[rows] = 0

    def keep(self, rows: Tensor) -> None:
        """Drop all members but `rows`."""
        self.s_PMD, self.y_PMD, self.pushed_P = self.s_PMD[rows], self.y_PMD[rows], self.pushed_P[rows]

    def inverse_times(self, g_PD: Tensor, free_PD: Tensor | None = None) -> Tensor:
        """H g, with H the inverse Hessian that the pairs stand for -> [P, D].

        With `free_PD` (1 or 0) H is that of the free coordinates alone, the others held where they are: the inverse
        of a part is not the part of an inverse. Pairs without positive curvature there are excluded.
        """
        s_PMD, y_PMD = self.s_PMD, self.y_PMD
        if free_PD is not None:
            g_PD = g_PD * free_PD
            s_PMD, y_PMD = s_PMD * free_PD.unsqueeze(1), y_PMD * free_PD.unsqueeze(1)
        age_M = torch.arange(self.pairs, device=g_PD.device)
        # How old each slot's pair is, the oldest 0: the triangle below holds s_i'y_j for i no younger than j.
        age_PM = torch.where(
            self.pushed_P.unsqueeze(1) < self.pairs, age_M, (age_M - self.pushed_P.unsqueeze(1)) % self.pairs
        )
        sy_PMM = torch.bmm(s_PMD, y_PMD.transpose(1, 2))
        yy_PMM = torch.bmm(y_PMD, y_PMD.transpose(1, 2))
        curved_PM = sy_PMM.diagonal(dim1=1, dim2=2)
        square_PM = yy_PMM.diagonal(dim1=1, dim2=2)
        used_PM = curved_PM > 1e-14 * square_PM.sqrt() * s_PMD.norm(dim=2)
        both_PMM = used_PM.unsqueeze(1) & used_PM.unsqueeze(2)
        sy_PMM, yy_PMM = torch.where(both_PMM, sy_PMM, 0), torch.where(both_PMM, yy_PMM, 0)

        # Slots sorted by age; an unused one becomes a row of the unit matrix, which changes nothing.
        order_PM = age_PM.argsort(1)
        down_PMM, across_PMM = order_PM.unsqueeze(2).expand_as(sy_PMM), order_PM.unsqueeze(1).expand_as(sy_PMM)
        sy_PMM, yy_PMM = (m.gather(1, down_PMM).gather(2, across_PMM) for m in (sy_PMM, yy_PMM))
        unit_PM = (~used_PM).to(g_PD.dtype).gather(1, order_PM)
        r_PMM = sy_PMM.triu() + torch.diag_embed(unit_PM)

        latest_P1 = torch.where(used_PM, age_PM, -1).argmax(1, keepdim=True)
        ratio_P1 = curved_PM.gather(1, latest_P1) / square_PM.gather(1, latest_P1)
        scale_P1 = torch.where(used_PM.any(1, keepdim=True), ratio_P1, 1)

        def along(pairs_PMD: Tensor) -> Tensor:
            products_PM = torch.bmm(pairs_PMD, g_PD.unsqueeze(2)).squeeze(2)
            return torch.where(used_PM, products_PM, 0).gather(1, order_PM).unsqueeze(2)

        def by_slot(values_PM1: Tensor) -> Tensor:
            values_PM = torch.zeros_like(sy_PMM[:, 0]).scatter(1, order_PM, values_PM1.squeeze(2))
            return torch.where(used_PM, values_PM, 0).unsqueeze(1)

        scale_P11 = scale_P1.unsqueeze(2)
        u_PM1 = torch.linalg.solve_triangular(r_PMM, along(s_PMD), upper=True)
        inner_PM1 = sy_PMM.diagonal(dim1=1, dim2=2).unsqueeze(2) * u_PM1
        inner_PM1 = inner_PM1 + scale_P11 * (torch.bmm(yy_PMM, u_PM1) - along(y_PMD))
        on_s_PM1 = torch.linalg.solve_triangular(r_PMM.transpose(1, 2), inner_PM1, upper=False)
        correction = torch.bmm(by_slot(on_s_PM1), s_PMD) - scale_P11 * torch.bmm(by_slot(u_PM1), y_PMD)
        return scale_P1 * g_PD + correction.squeeze(1)
