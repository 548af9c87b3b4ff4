"""The page of the rulebooks that ship: for each its date, whether it may be used live, and what it cannot say."""

from __future__ import annotations

import sys

from solvent.rulebook.document import preset_names, read_template

HEAD = """# Rulebooks that ship

Written by `python -m solvent.rulebook.gaps`; the presets are the source. A template is refused for live use: it names
values nobody has confirmed (`unknown`) or rules the machine does not run. `solvent replay --fill PATH=VALUE` and
`--leave-out-unknown` fill holes where you say so; rules that are not run stay refused.
"""


def page() -> str:
    """The whole page in Markdown."""
    out = HEAD
    for name in preset_names():
        template = read_template(name)
        meta = template.meta
        assert meta is not None, "a preset says what it is"
        is_live = template.rulebook is not None and not template.unknown and not template.unrun
        out += f"\n## {name}\n\n{meta.venue}, as of {meta.as_of}, {'for live use' if is_live else 'a template'}.\n"
        lists = (
            ("Sources", meta.sources),
            ("Unknown", tuple(f"`{fault.path}`" for fault in template.unknown)),
            ("Not run by the machine", tuple(f"`{fault.path}`: {fault.problem}" for fault in template.unrun)),
            ("Unverified", meta.unverified),
            ("Not expressed", meta.not_expressed),
        )
        for title, items in lists:
            if items:
                out += f"\n{title}:\n\n" + "".join(f"- {item}\n" for item in items)
    return out


if __name__ == "__main__":
    sys.stdout.write(page())
