"""The terms of a report, each in one sentence with its reference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term, what it means, and where to read more; `also` are its other names."""

    name: str
    meaning: str
    reference: str
    also: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Its name and its other names."""
        return (self.name, *self.also)


TERMS = (
    Term(
        "accuracy",
        "The share of rows whose predicted class is the true class.",
        "Provost, Fawcett & Kohavi 1998, ICML",
    ),
    Term(
        "balanced accuracy",
        "The mean over classes of the share of a class's rows that are predicted correctly, so that a rare class "
        "counts as much as a frequent one.",
        "Brodersen et al. 2010, doi:10.1109/ICPR.2010.764",
    ),
    Term(
        "log-loss",
        "The mean of -log p, where p is the predicted probability of the true class.",
        "Good 1952, doi:10.1111/j.2517-6161.1952.tb00104.x",
        also=("cross-entropy score", "logarithmic score"),
    ),
    Term(
        "Brier score",
        "Half the mean squared distance between the predicted probabilities and the one-hot true class.",
        "Brier 1950, Monthly Weather Review 78:1-3",
    ),
    Term(
        "calibration error",
        "The mean difference, over 15 bins of confidence, between how often the predicted class is right and the "
        "probability that the net gave it.",
        "Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599",
        also=("ECE", "expected calibration error"),
    ),
    Term(
        "temperature scaling",
        "Dividing all scores of a net by one number T, fitted on rows that did not train it, before the softmax turns "
        "them into probabilities.",
        "Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599",
        also=("temperature",),
    ),
    Term(
        "cross-validation",
        "Every row is in the test part once: the rows are split into folds, and each fold tests nets trained on the "
        "others; repeated with new folds, stratified by class, and nested where an inner one chooses learning rate and "
        "epochs.",
        "Varma & Simon 2006, doi:10.1186/1471-2105-7-91",
        also=("folds", "nested cross-validation"),
    ),
    Term(
        "paired difference",
        "The difference of two losses' scores on the same split, so that how hard the split is cancels.",
        "Dietterich 1998, doi:10.1162/089976698300017197",
    ),
    Term(
        "confidence interval",
        "A range made by a rule that covers the true value in 95% of repetitions of the experiment.",
        "Neyman 1937, doi:10.1098/rsta.1937.0005",
        also=("interval",),
    ),
    Term(
        "corrected resampled t-test",
        "A t-test over splits whose variance is enlarged by (1/J + test rows / training rows), because splits of one "
        "table share rows.",
        "Nadeau & Bengio 2003, doi:10.1023/A:1024068626366",
    ),
    Term(
        "ordinal classification",
        "Classification of classes in an order, in which a miss by two classes is worse than one by a single class.",
        "Gutierrez et al. 2016, doi:10.1109/TKDE.2015.2457911",
        also=("ordinal", "ordinal regression", "order"),
    ),
    Term(
        "MAE of ranks",
        "The mean distance, counted in classes, between the median class and the true class; macro-averaged (AMAE), "
        "the mean over classes of their own.",
        "Baccianella, Esuli & Sebastiani 2009, doi:10.1109/ISDA.2009.230",
        also=("mae_ranks", "amae"),
    ),
    Term(
        "median class",
        "The first class of an order that together with those below it has half of the predicted probability, and so "
        "the least expected distance to the true class; metrics of ranks read it of every loss, while the predicted "
        "class stays the most probable one.",
        "Gneiting 2011, doi:10.1198/jasa.2011.r10138",
    ),
    Term(
        "off-by-one accuracy",
        "The share of rows whose predicted class is the true class or one next to it.",
        "Gaudette & Japkowicz 2009, doi:10.1007/978-3-642-01818-3_25",
        also=("accuracy within one",),
    ),
    Term(
        "ranked probability score",
        "The squared distance between predicted and true probability of being at most class k, summed over k, mean "
        "over rows.",
        "Epstein 1969, doi:10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2",
        also=("RPS", "rps"),
    ),
    Term(
        "proportional odds",
        "A model of ordered classes in which the inputs move one score and thresholds, the same in every row, cut it "
        "into classes.",
        "McCullagh 1980, doi:10.1111/j.2517-6161.1980.tb01109.x",
        also=("thresholds", "cumulative link"),
    ),
    Term(
        "Holm correction",
        "The smallest of m p-values is multiplied by m, the next by m - 1, and so on, which bounds the family-wise "
        "error.",
        "Holm 1979, Scand. J. Statist. 6:65-70",
    ),
    Term(
        "family-wise error",
        "The probability that at least one of several tests finds a difference where there is none.",
        "Hochberg & Tamhane 1987, doi:10.1002/9780470316672",
    ),
    Term(
        "ROPE",
        "The region of practical equivalence: differences so small that they do not matter in practice.",
        "Kruschke 2018, doi:10.1177/2515245918771304",
        also=("region of practical equivalence", "rope"),
    ),
    Term(
        "posterior probability",
        "The probability that the true difference lies above, within or below the ROPE, given the scores and a prior "
        "that favours no difference.",
        "Benavoli, Corani, Demsar & Zaffalon 2017, arXiv:1606.04316",
        also=("P(better)", "P(equal)"),
    ),
    Term(
        "proper scoring rule",
        "A loss whose expected value is least where the predicted probabilities are the true ones.",
        "Gneiting & Raftery 2007, doi:10.1198/016214506000001437",
        also=("proper", "proper loss"),
    ),
    Term(
        "classification-calibrated",
        "Said of a loss whose minimiser predicts the most probable class for every distribution of classes.",
        "Bartlett, Jordan & McAuliffe 2006, doi:10.1198/016214505000000907",
        also=("consistent", "Fisher consistent"),
    ),
    Term(
        "convex loss",
        "A loss whose graph over the net's outputs lies below each of its chords, so that it has no second valley.",
        "Boyd & Vandenberghe 2004, Convex Optimization",
        also=("convex",),
    ),
    Term(
        "margin",
        "The score of the true class minus the largest score of another class; positive where the prediction is right.",
        "Crammer & Singer 2001, JMLR 2:265-292",
    ),
    Term(
        "decoder",
        "The function that turns a net's outputs into its prediction: softmax, exp, the identity.",
        "McCullagh & Nelder 1989, Generalized Linear Models",
        also=("inverse link", "link"),
    ),
    Term(
        "baseline",
        "The loss that all other losses of a comparison are measured against, named before training.",
        "Dunnett 1955, doi:10.1080/01621459.1955.10501294",
        also=("reference loss",),
    ),
    Term(
        "dummy",
        "The prediction that ignores the features: the most frequent class of the training rows, or the mean "
        "or median of their targets.",
        "scikit-learn, DummyClassifier and DummyRegressor",
        also=("majority class", "target mean", "target median"),
    ),
    Term(
        "tuned",
        "A tuned score is that of the learning rate, parameters and epochs chosen on inner validation rows; an untuned "
        "one is that of the defaults.",
        "Sivaprasad et al. 2020, arXiv:1910.11758",
        also=("untuned",),
    ),
    Term(
        "divergence",
        "A training whose loss or weights become infinite or not a number.",
        "Goodfellow, Bengio & Courville 2016, Deep Learning, chapter 8",
        also=("diverged",),
    ),
    Term(
        "label noise",
        "A share of training labels that is exchanged for another class, while the test labels stay as they are.",
        "Frenay & Verleysen 2014, doi:10.1109/TNNLS.2013.2292894",
        also=("symmetric noise",),
    ),
    Term(
        "pair-flip noise",
        "Label noise that exchanges a class for the next one, and the last for the first.",
        "Han et al. 2018, arXiv:1804.06872",
    ),
    Term(
        "noise matrix",
        "The probabilities that a label of class k (row) becomes class l (column); each row sums to 1.",
        "Patrini et al. 2017, arXiv:1609.03683",
        also=("transition matrix", "matrix noise"),
    ),
    Term(
        "boundary noise",
        "Label noise that is the likelier, the nearer a row's features are to a boundary.",
        "Menon, van Rooyen & Natarajan 2018, doi:10.1007/s10994-018-5715-3",
        also=("boundary-consistent noise", "feature-dependent noise"),
    ),
    Term(
        "instance noise",
        "Label noise whose rate, and the class that a label becomes, follow from each row's features.",
        "Xia et al. 2020, arXiv:2006.07836",
        also=("instance-dependent noise",),
    ),
    Term(
        "imbalance ratio",
        "The number of training rows of the most frequent class for each row of the rarest class.",
        "Cao et al. 2019, arXiv:1906.07413",
    ),
    Term(
        "label-distribution smoothing",
        "Weighting the rows of a regression by the inverse of their target's density, a histogram smoothed by a "
        "Gaussian, so that rare values count as much as frequent ones.",
        "Yang, Zha, Chen, Wang & Katabi 2021, arXiv:2102.09554",
        also=("LDS", "target_weight"),
    ),
    Term(
        "outlier",
        "A value far from where the others of its column are, here 10 robust standard deviations from its true value.",
        "Huber 1964, doi:10.1214/aoms/1177703732",
        also=("target outliers", "feature outliers"),
    ),
    Term(
        "heavy-tailed noise",
        "Noise with far more large values than a normal distribution has, here Student's t with 2 degrees of freedom.",
        "Lange, Little & Taylor 1989, doi:10.1080/01621459.1989.10478852",
        also=("target noise",),
    ),
    Term(
        "robust standard deviation",
        "The median distance from the median times 1.4826, which is the standard deviation of a normal sample and "
        "hardly moved by outliers.",
        "Rousseeuw & Croux 1993, doi:10.1080/01621459.1993.10476408",
        also=("MAD", "median absolute deviation"),
    ),
    Term(
        "missing values",
        "Values that are not known; completely at random where every value is equally likely to be missing.",
        "Rubin 1976, doi:10.1093/biomet/63.3.581",
        also=("MCAR", "missing completely at random"),
    ),
    Term(
        "learning curve",
        "The test score as a function of the number of training rows.",
        "Viering & Loog 2023, doi:10.1109/TPAMI.2022.3220744",
        also=("training-set size",),
    ),
    Term(
        "regularization path",
        "The solutions of one penalised problem for a grid of strengths alpha.",
        "Friedman, Hastie & Tibshirani 2010, doi:10.18637/jss.v033.i01",
        also=("alpha",),
    ),
    Term(
        "elastic net",
        "A penalty on the weights that mixes L1, sum |w|, which sets weights to 0, and L2, sum w^2, which shrinks "
        "them.",
        "Zou & Hastie 2005, doi:10.1111/j.1467-9868.2005.00503.x",
        also=("L1", "L2", "lasso", "ridge"),
    ),
)


def find_term(name: str) -> Term | None:
    """The term of that name or other name; case, dashes and underscores do not matter."""
    plain = _plain(name)
    return next((term for term in TERMS if plain in map(_plain, term.names)), None)


def _plain(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ").strip()
