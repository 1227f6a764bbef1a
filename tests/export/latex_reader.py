"""A strict reader of the LaTeX that is written: what a compiler would refuse is an AssertionError."""

from __future__ import annotations

import re

SPECIAL = set("{}$&#_%^~\\")
COMMAND = re.compile(r"\\(?:[a-zA-Z]+|.)", re.DOTALL)
KNOWN = {
    *("begin", "end", "caption", "label", "centering", "toprule", "midrule", "bottomrule", "textbf", "pm", "times"),
    *("textbackslash", "textasciicircum", "textasciitilde", "textasciigrave", "dots", "uparrow", "downarrow", "dagger"),
}


def tokens(text: str) -> list[str]:
    """Commands, special characters, and single other ones; comments go."""
    lines = [line for line in text.splitlines() if not line.startswith("%")]
    found, rest = [], "\n".join(lines)
    while rest:
        command = COMMAND.match(rest)
        found.append(command.group() if command else rest[0])
        rest = rest[len(found[-1]) :]
    return found


def check(text: str) -> None:
    """Braces and dollars in pairs, scripts in mathematics alone, commands that there are, environments nested."""
    depth, math = 0, False
    for one in tokens(text):
        if one.startswith("\\"):
            name = one[1:]
            assert not name.isalpha() or name in KNOWN, one
            assert name.isalpha() or name in set("{}$&#_%\\"), one
        elif one == "{":
            depth += 1
        elif one == "}":
            depth -= 1
            assert depth >= 0, "a brace too many"
        elif one == "$":
            math = not math
        else:
            assert one not in "#~%", one
            assert math or one not in "^_", one
    assert depth == 0
    assert not math
    open_ = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if what == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert not open_


def rows(text: str) -> list[list[list[str]]]:
    """The cells of each tabular, all rows as wide as the columns that it declares."""
    check(text)
    found = []
    for columns, body in re.findall(
        r"\\begin\{tabular\}\{@\{\}([lcr]+)@\{\}\}\n(.*?)\\end\{tabular\}", text, re.DOTALL
    ):
        lines = [line for line in body.splitlines() if line not in {r"\toprule", r"\midrule", r"\bottomrule"}]
        table = []
        for line in lines:
            assert line.endswith(r" \\"), line
            assert not line.lstrip().startswith(("[", "*")), "read as the argument of the row's end before"
            cells = re.split(r"(?<!\\)&", line.removesuffix(r" \\"))
            assert len(cells) == len(columns), line
            table.append([cell.strip() for cell in cells])
        found.append(table)
    return found


def shown(latex: str) -> str:
    """The characters that a compiled text of ours shows."""
    for written, char in (
        (r"\textbackslash{}", "\\"), (r"\textasciicircum{}", "^"), (r"\textasciitilde{}", "~"),
        (r"\textasciigrave{}", "`"), (r"\dots{}", "…"), ("$<$", "<"), ("$>$", ">"), ("$|$", "|"), ("$-$", "−"),
        (r"$\pm$", "±"), (r"$\times$", "×"), (r"$\uparrow$", "↑"), (r"$\downarrow$", "↓"),
    ):  # fmt: skip
        latex = latex.replace(written, f"\0{ord(char)}\0")
    latex = re.sub(r"\\([{}$&#_%])", lambda m: f"\0{ord(m[1])}\0", latex).replace("''", '"')
    latex = re.sub("-{}(?=-|$)", "-", latex).replace("{}", "")
    latex = re.sub("(?<!-)--(?!-)", "--", latex)
    return re.sub("\0(\\d+)\0", lambda m: chr(int(m[1])), latex)
