"""Tables as Markdown."""

from triptych.report.tables import Cell, Table


def table(content: Table) -> str:
    """A pipe table with its caption and note."""
    head = [_escape(name) for name in content.columns]
    rule = [_rule(content, index) for index in range(len(head))]
    lines = [f"**{content.caption}**", "", _line(head), _line(rule)]
    lines += [_line([_cell(cell) for cell in row]) for row in content.rows]
    if content.note:
        lines += ["", f"_{content.note}_"]
    return "\n".join(lines)


def _rule(content: Table, index: int) -> str:
    numeric = any(len(row) > index and row[index].number for row in content.rows)
    return "---:" if numeric else "---"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    text = _escape(cell.text)
    if cell.badge or cell.best:
        text = f"**{text}**" if text else text
    if cell.link:
        text = f"[{text}]({cell.link})"
    return f"{text} ({_escape(cell.note)})" if cell.note else text


def _escape(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
