"""The convergence rule of `regularize-gif`, and its words."""

from __future__ import annotations

from lossbench.config.commands.regularize import RegularizeConfig
from lossbench.engine.solver.owlqn import Rule
from lossbench.record import RegularizeProtocol, StoppingRule

LARGE = 1_000  # weights of a net from which the last part in a thousand would take minutes


def rule_for(config: RegularizeConfig, weights: int) -> Rule:
    """A linear model's one minimum is followed to the end; a net of ReLUs ends at kinks, a large one sooner.

    Of a linear model, the loss may have kinks (pinball, hinge), and then the minimum lies on them exactly: gradients
    are looked at close by and must cancel to 1e-6, so that nothing counts as trained that is above the minimum.
    """
    if not config.net.hidden:
        return Rule(config.tol, 1e-12, 200, config.max_iter, kink=1e-6, reach=1e-6)
    if weights <= LARGE:
        return Rule(config.tol, 1e-6, 200, config.max_iter, kink=1e-4)
    return Rule(config.tol, 1e-3, 100, config.max_iter, kink=1e-3)


def caption(rule: Rule) -> str:
    """The rule in one line, for the pictures."""
    return (
        f"trained until the proximal gradient is below {rule.tolerance:g}, or at a kink the gradients around it "
        f"cancel to {rule.kink:g}"
    )


def protocol(rule: Rule) -> RegularizeProtocol:
    """The objective and the rule, for the record."""
    return RegularizeProtocol(
        objective="mean data loss + alpha * (l1_ratio * sum |w| + (1 - l1_ratio) / 2 * sum w^2)",
        penalised="weights, not biases",
        rule=StoppingRule(
            tol=rule.tolerance,
            kink=rule.kink,
            decrease=rule.decrease,
            reach=rule.reach,
            patience=rule.patience,
            max_iter=rule.evaluations,
        ),
        text=[
            "Full batch, float64: L-BFGS, orthant-wise (OWL-QN) where there is an L1 penalty, in rounds: a net starts "
            "again from the weights of another alpha where they are better for it, and with L1 from its weaker "
            "neighbour's.",
            f"Converged: no coordinate of a proximal gradient step is longer than {rule.tolerance:g} (ended_by "
            f"gradient), or at a kink a convex combination of the gradients within {rule.reach:g} of the weights has "
            f"none longer than {rule.kink:g} (ended_by kink).",
            f"Not converged: {rule.patience} steps lowered the objective by less than {rule.decrease:g} of it "
            f"(ended_by decrease), or {rule.evaluations} evaluations were not enough (ended_by limit).",
            "Diverged: the objective is not finite, or falls below every bound.",
        ],
    )
