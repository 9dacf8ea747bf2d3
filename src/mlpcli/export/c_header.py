"""A model as one header in C99: raw columns in, probabilities and labels out, no library but libm.

Weights have the dtype of the network, sums are doubles. Text is compared byte by byte, in UTF-8.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.errors import UsageError
from mlpcli.export import c_text
from mlpcli.export.c_columns import encode_function, row_type
from mlpcli.export.features import features_of, refuse_texts, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.training.model_file import Model

__all__ = ["to_c"]

_LONGEST_TEXT = 4095  # bytes of a string literal that every compiler takes

_TOP = """\
/* {about}

   Written by mlp export --to c. C99 with <math.h> and <string.h>; link with -lm.

       {name}_row row = {{ .. }};
       double p[{name}_outputs];
       const char *labels[{name}_targets];
       if ({name}_predict(&row, p, labels) == 0) ..

   Numbers of a row are doubles: NAN where one is missing, 1 and 0 for true and false. Texts are
   UTF-8 without blanks around them: NULL where one is missing. */
#ifndef MLP_EXPORT_{guard}
#define MLP_EXPORT_{guard}

#include <math.h>
#include <string.h>

enum {{
    {name}_columns = {columns},
    {name}_inputs = {inputs},
    {name}_outputs = {outputs},
    {name}_targets = {targets}
}};
"""
_DENSE = """\
/* h = W z + b, W row by row; b may be NULL. */
static inline void {name}_dense(const {real} *W, const {real} *b,
        int inputs, int outputs, const double *z, double *h)
{{
    for (int j = 0; j < outputs; j++) {{
        double sum = b ? (double)b[j] : 0.0;
        for (int k = 0; k < inputs; k++)
            sum += (double)W[(size_t)j * (size_t)inputs + (size_t)k] * z[k];
        h[j] = sum;
    }}
}}
"""
_SLOPE = """\
static inline double {name}_f(double h)
{{
    return {code};
}}
"""
_OUTPUTS = {
    "sigmoid": """\
    for (int k = 0; k < {name}_outputs; k++)
        p[k] = 1 / (1 + exp(-h[k]));
""",
    "softmax": """\
    double top = h[0], sum = 0;
    for (int k = 1; k < {name}_outputs; k++)
        top = h[k] > top ? h[k] : top;
    for (int k = 0; k < {name}_outputs; k++)
        sum += p[k] = exp(h[k] - top);
    for (int k = 0; k < {name}_outputs; k++)
        p[k] /= sum;
""",
}
_PREDICT = """\
/* Write the probabilities
{order}
   and, unless labels is NULL, the label of each target.
   Return 0, or the number of the first column, from 1, that lacks a value which the model does not
   fill: then nothing is written. */
static inline int {name}_predict(const {name}_row *row, double *p, const char **labels)
{{
    double x[{name}_inputs], h[{name}_outputs];
    int lacking = {name}_encode(row, x);
    if (lacking)
        return lacking;
    {name}_logits(x, h);
{output}    if (labels) {{
{answers}    }}
    return 0;
}}
"""
_LIKELIEST = """\
        static const char *const names[] = {texts};
        int best = 0;
        for (int k = 1; k < {name}_outputs; k++)
            best = h[k] > h[best] ? k : best;
        labels[0] = names[best];
"""
_ABOVE = """\
        static const char *const names[][2] = {texts};
        static const double thresholds[] = {thresholds};
        for (int k = 0; k < {name}_targets; k++)
            labels[k] = names[k][p[k] >= thresholds[k]];
"""


def to_c(model: Model, name: str) -> bytes:
    """Return the header; what it defines begins with `name`, as far as that is one in C.

    Raises UsageError for what C99 cannot hold: a text with a NUL, or of more bytes than a literal
    may have; an activation or output of which no C is known.
    """
    refuse_texts(texts_of(model), "c", _LONGEST_TEXT)
    activation, output = model.network.activation, model.loss.output
    if activation.in_c is None:
        raise UsageError(f"--to c: activation {activation.name} is not known in C")
    if output not in _OUTPUTS:
        raise UsageError(f"--to c: output {output} is not known in C")
    prefix = c_text.identifier(PurePath(name).stem)
    return "\n".join(_parts(model, prefix)).encode("ascii")


def _parts(model: Model, name: str) -> Iterator[str]:
    network, features = model.network, features_of(model)
    real = "float" if model.dtype == "float32" else "double"
    yield _TOP.format(
        name=name,
        guard=name.upper(),
        about=f"A network of {'-'.join(map(str, network.sizes))} for "
        + ", ".join(map(c_text.comment, model.names)),
        columns=len(features),
        inputs=network.sizes[0],
        outputs=network.sizes[-1],
        targets=len(model.targets),
    )
    yield row_type(features, name)
    yield encode_function(features, name)
    yield _DENSE.format(name=name, real=real)
    if len(network.W) > 1:
        slope = network.activation.chosen_slope
        assert network.activation.in_c is not None
        code = network.activation.in_c.format(slope=c_text.number(slope or 0.0))
        yield _SLOPE.format(name=name, code=code)
    yield _logits(model, name, real)
    yield _predict(model, name)
    yield "#endif\n"


def _logits(model: Model, name: str, real: str) -> str:
    network = model.network
    lines = [f"static inline void {name}_logits(const double *x, double *h)", "{"]
    for tensor, values in network.tensors():
        lines.append(f"    static const {real} {tensor}[] = {c_text.numbers(values)};")
    depth = len(network.W)
    lines += [f"    double z{i}[{network.sizes[i]}];" for i in range(1, depth)]
    for i in range(1, depth + 1):
        fan_in, width = network.sizes[i - 1 : i + 1]
        z, h = ("x" if i == 1 else f"z{i - 1}"), ("h" if i == depth else f"z{i}")
        bias = f"b{i}" if network.bias else "0"
        lines.append(f"    {name}_dense(W{i}, {bias}, {fan_in}, {width}, {z}, {h});")
        if i < depth:
            lines.append(f"    for (int j = 0; j < {width}; j++)")
            lines.append(f"        {h}[j] = {name}_f({h}[j]);")
    return "\n".join([*lines, "}", ""])


def _predict(model: Model, name: str) -> str:
    classes = model.classes
    if classes is not None:
        answers = _LIKELIEST.format(name=name, texts=c_text.texts(classes.labels))
    else:
        pairs = c_text.braced(c_text.texts(target.labels) for target in model.targets)
        thresholds = c_text.numbers(np.array(model.thresholds))
        answers = _ABOVE.format(name=name, texts=pairs, thresholds=thresholds)
    meant = classes.labels if classes else [f"{t.name} = {t.labels[1]}" for t in model.targets]
    return _PREDICT.format(
        name=name,
        order="\n".join(f"   p[{k}] of {c_text.comment(name)}" for k, name in enumerate(meant)),
        output=_OUTPUTS[model.loss.output].format(name=name),
        answers=answers,
    )
