"""What a config may say: one frozen model per section, with every key's default and meaning."""

from typing import Annotated, Literal

from pydantic import Field

from mlpcli import names
from mlpcli.config.optimizers import Adam, Constant, OptimizerConfig, ScheduleConfig
from mlpcli.config.values import (
    Character,
    Column,
    Columns,
    Count,
    Encoding,
    Every,
    Factor,
    Features,
    File,
    Files,
    Fraction,
    Header,
    Kinds,
    Labels,
    Layers,
    Memory,
    NotNegative,
    OneOf,
    Policies,
    Positive,
    Positives,
    Section,
    Seed,
    Skipped,
    Split,
    Targets,
    Threads,
    Threshold,
    Tokens,
    TokensByColumn,
    Weights,
)


class DataConfig(Section):
    """Which rows and columns, and what becomes of them before training."""

    train: Files = Field(
        description="Training table: a file, a glob or a list; csv, tsv, .gz, .zst, .zip, parquet."
    )
    target: Targets = Field(description="Column to predict, or several.")
    positive: Positives | None = Field(
        default=None,
        description="Label that counts as 1; null: 1, true or the only non-zero value.",
    )
    labels: Labels | None = Field(
        default=None, description="Order of three and more labels; null: ascending."
    )
    features: Features | None = Field(default=None, description="Input columns; null: all others.")
    drop: Columns = Field(default=(), description="Columns to leave out.")
    weight: Column | None = Field(default=None, description="Column with a weight per row.")
    missing: Policies = Field(
        default="error",
        description="Missing inputs: error; mean or median of training; drop the row; level: one of"
        " its own. Or {COLUMN: ..}, error for the others.",
    )
    missing_target: Literal["error", "drop"] = Field(
        default="error", description="Rows without a target: refuse, or drop them."
    )
    standardize: bool = Field(
        default=True, description="Scale numbers to mean 0 and deviation 1 on training rows."
    )
    validation: Split | None = Field(
        default=None, description="Rows to judge each epoch: a fraction, a file, or by a column."
    )
    test: Split | None = Field(default=None, description="Rows to judge the end result: likewise.")
    group: Column | None = Field(
        default=None,
        description="Column whose rows stay in one part, such as a patient; it is never a feature.",
    )
    stratify: bool = Field(
        default=True, description="Keep the shares of the classes when splitting by a fraction."
    )
    types: Kinds = Field(
        default={}, description="Kind of columns: {COLUMN: number, text or boolean}; others: found."
    )
    missing_values: TokensByColumn = Field(
        default=(),
        description="What else is missing: a list or {COLUMN: list}; a number in any spelling.",
    )
    keep_values: Tokens = Field(
        default=(), description="Usual signs of a missing value that are values here, such as NA."
    )
    max_levels: Count | None = Field(
        default=None,
        description="Most texts of a column with an input each, the rest share one; null: all.",
    )
    delimiter: Character | None = Field(
        default=None, description="What parts the fields of a line; null: found."
    )
    decimal: Character | None = Field(
        default=None, description="Decimal mark of numbers; null: found, column by column."
    )
    thousands: Character | None = Field(
        default=None, description="Mark between thousands; null: found, column by column."
    )
    encoding: Encoding | None = Field(
        default=None, description="Encoding of text files; null: UTF-8, UTF-16 or Windows-1252."
    )
    comment: Character | None = Field(
        default=None, description="What a line begins with that is no row."
    )
    skip_lines: Skipped = Field(default=0, description="Lines above that of the column names.")
    header: Header | None = Field(
        default=None,
        description="false: no line of names, columns are c1, c2, ..; or these names.",
    )
    memory_limit: Memory | None = Field(
        default=None, description="Most memory for a table, such as 4GB; more goes to disk."
    )

    @property
    def positives(self) -> dict[str, str | bool | int | float | None]:
        """The positive label per target, in the targets' order; None is the rule for null."""
        given = self.positive
        if isinstance(given, dict):
            return {name: given.get(name) for name in self.target}
        labels = given if isinstance(given, tuple) else (given,) * len(self.target)
        return dict(zip(self.target, labels, strict=True))


class NetworkConfig(Section):
    """The layers and the weights that training starts from."""

    hidden: Layers = Field(
        default=(16,), description="Units per hidden layer; an empty list is logistic regression."
    )
    activation: Annotated[str, OneOf(names.ACTIVATIONS)] = Field(
        default="sigmoid", description="What hidden layers do to their pre-activation."
    )
    slope: NotNegative = Field(default=0.01, description="Slope of leaky_relu below 0.")
    output: Annotated[str, OneOf(names.OUTPUTS)] | None = Field(
        default=None,
        description="What outputs are of the logits; null: by the loss. identity goes with mse, in"
        " gradcheck and chain alone.",
    )
    bias: bool = Field(default=True, description="Whether layers have a bias; it starts at 0.")
    init: Annotated[str, OneOf(names.INITS)] | None = Field(
        default=None,
        description="Distribution of the first weights; null: he under relu and leaky_relu, else"
        " glorot.",
    )
    init_scale: Positive = Field(default=1.0, description="Factor on the first weights.")


class LossConfig(Section):
    """What training makes small."""

    kind: Annotated[str, OneOf(names.LOSSES)] | None = Field(
        default=None,
        description="Binary cross-entropy, cross-entropy of a softmax or mean squared error; null:"
        " bce, or cross_entropy for a target of three and more labels.",
    )
    derivative: Annotated[str, OneOf(names.DERIVATIVES["bce"])] = Field(
        default="stable", description="Form of the derivative of binary cross-entropy."
    )
    epsilon: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        default=1e-7, description="Constant of the forms epsilon and clamped."
    )
    l2: NotNegative = Field(default=0.0, description="Weight decay; biases are left out.")
    class_weight: Weights | None = Field(
        default=None,
        description="Weights of the classes: null, balanced or {0: a, 1: b}; of three and more"
        " {LABEL: a, ..}.",
    )


class TrainingConfig(Section):
    """How the loss is made small, and where the result goes."""

    optimizer: OptimizerConfig = Field(
        default=Adam(), description="A name (sgd, momentum, nesterov, adam, lbfgs) or its settings."
    )
    epochs: Count = Field(default=100, description="Most passes over the training rows.")
    batch_size: Count = Field(default=32, description="Rows per step; lbfgs takes all.")
    schedule: ScheduleConfig = Field(
        default=Constant(),
        description="Learning rate over time: constant, cosine, step, plateau or its settings.",
    )
    patience: Count | None = Field(
        default=None, description="Epochs without a better validation loss before stopping."
    )
    threshold: Threshold = Field(
        default=0.5, description="Probability from which the prediction is 1, or what it maximizes."
    )
    dtype: Literal["float32", "float64"] = Field(
        default="float32", description="Precision of the arithmetic."
    )
    threads: Threads | None = Field(
        default=None,
        description="Threads that share a step; null: one for small layers, all cores for large.",
    )
    seed: Seed = Field(default=0, description="Seed of every random choice.")
    checkpoint_every: Every = Field(
        default=1,
        description="Epochs between two checkpoints, which are at least half a second apart; or"
        " minutes, as 10min.",
    )
    allreduce: Literal["fixed", "fast"] = Field(
        default="fixed",
        description="How ranks under MPI add gradients: in their order, to the bytes of as many"
        " threads, or as is quickest.",
    )
    output: File | None = Field(
        default=None, description="Run folder; null: runs/NAME in the current folder."
    )


class GradcheckConfig(Section):
    """How the gradients are checked."""

    method: Literal["central", "plain", "complex-step"] = Field(
        default="central", description="How the numeric gradient is made."
    )
    rows: Count | None = Field(
        default=None, description="Training rows to check on; null: all, or a seeded 1,000 of more."
    )
    step: Positive | None = Field(
        default=None, description="Change of H at the perturbed layer; null: the method's own."
    )
    tolerance: Fraction | None = Field(
        default=None, description="Largest relative error; null: 1e-6."
    )
    reduction: Annotated[str, OneOf(names.REDUCTIONS)] = Field(
        default="mean", description="Of the loss over rows; mean_all is over outputs too."
    )
    factor: Factor = Field(default=1.0, description="Factor on the loss, not on the penalty.")


class Sections(Section):
    """The sections of a config, as the rules between them see it."""

    data: DataConfig = Field(description="Rows and columns.")
    network: NetworkConfig = Field(default=NetworkConfig(), description="Layers.")
    loss: LossConfig = Field(default=LossConfig(), description="Loss.")
    training: TrainingConfig = Field(default=TrainingConfig(), description="Training.")
    gradcheck: GradcheckConfig = Field(default=GradcheckConfig(), description="Gradient check.")
