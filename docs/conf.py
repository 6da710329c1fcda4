"""How Sphinx builds these pages: `python3 tests/run.py` does it, with every warning an
error.

By hand: `.venv/bin/python -m sphinx -W --keep-going docs .site`, then open
    `.site/index.html`; it needs no
server.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext.napoleon import Config
from sphinx.ext.napoleon.docstring import GoogleDocstring
from sphinx.util.inspect import signature, stringify_signature
from traitlets import HasTraits, TraitType

import runcrate_widget

project = "runcrate_widget"
copyright = "the runcrate_widget authors"
release = version = runcrate_widget.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["README.md"]
default_role = "code"  # docstrings say `code` as Markdown does
myst_enable_extensions = ["attrs_block", "deflist"]
myst_heading_anchors = 3
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

autoclass_content = "class"
autodoc_inherit_docstrings = False
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
add_module_names = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = "runcrate_widget"
html_static_path = ["static"]
html_css_files = ["style.css"]
html_favicon = "static/favicon.svg"
html_copy_source = False
html_show_sphinx = False
_BLUE, _LIGHT_BLUE = (
    "#1a5fd0",
    "#8ab4ff",
)  # the accent of the widget where its host has none
html_theme_options = {
    "light_css_variables": {"color-brand-primary": _BLUE, "color-brand-content": _BLUE},
    "dark_css_variables": {
        "color-brand-primary": _LIGHT_BLUE,
        "color-brand-content": _LIGHT_BLUE,
    },
}


#: `code` that a letter follows, as in "the `VideoJob`s": reStructuredText wants a mark
#: between the two.
_CODE = re.compile(r"(?<!`)`([^`]+)`(?!`)(?=\w)")


_NOT_MADE_BY_USERS = (
    "runcrate_widget.VideoJob",
    "runcrate_widget.library.record.Record",
)


class _Docstring(GoogleDocstring):
    """Ours begin `Returns:` with a sentence, never with a type: that stands in the
    signature."""

    def _consume_returns_section(self, *_: object) -> list[tuple[str, str, list[str]]]:
        return [("", "", self._dedent(self._consume_to_next_section()))]


def _is_trait(thing: object) -> bool:
    return isinstance(thing, TraitType) and bool(thing.help)


def _keep_traits(
    _: Sphinx, __: str, name: str, thing: object, ___: bool, ____: object
) -> bool | None:
    return False if _is_trait(thing) and not name.startswith("_") else None


def _read_docstring(
    _: Sphinx, what: str, __: str, thing: Any, ___: object, lines: list[str]
) -> None:
    if _is_trait(thing):
        lines[:] = [thing.help, ""]  # a trait says what it is there
    elif what not in (
        "attribute",
        "property",
    ):  # what stands before a colon there is no type
        lines[:] = _Docstring(lines, Config(), what=what).lines()
    lines[:] = [_CODE.sub(r"`\1`\\ ", line) for line in lines]


def _true_signature(
    _: Sphinx, what: str, name: str, thing: Any, *__: object
) -> tuple[str, str] | None:
    if name in _NOT_MADE_BY_USERS:
        return ("", "")
    if what == "class" and issubclass(thing, HasTraits):  # which has `*args, **kwargs`
        own = signature(thing.__init__, bound_method=True)
        return (
            stringify_signature(
                own, unqualified_typehints=True, show_return_annotation=False
            ),
            "",
        )
    return None


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", _true_signature)
    app.connect("autodoc-skip-member", _keep_traits)
    app.connect("autodoc-process-docstring", _read_docstring)
