"""Pages: one HTML file that fetches nothing, and runs no script but its own."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape

from chatmimic.text import visible

_STYLE = """
:root { color-scheme: light dark; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1rem; color: #1c1c1e; background: #fdfdfc;
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
p { margin: .2rem 0; }
.soft, th, text { opacity: .7; }
div { display: grid; gap: 0 2rem;
  grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: end; padding: .2rem .4rem; border-bottom: 1px solid #80808050; }
th { font-weight: normal; }
th:first-child, td:first-child { text-align: start; overflow-wrap: anywhere;
  padding-inline-start: 0; }
svg { display: block; width: 100%; height: auto; }
text { fill: currentColor; font: 12px system-ui, sans-serif; }
@media (prefers-color-scheme: dark) {
  body { color: #e8e8ea; background: #17181a; }
}
"""


def signature(mark: str) -> str:
    """The line by which a page of the command `mark` is recognised."""
    return f'<meta name="generator" content="{mark}">'


def whole_page(title: str, body: str, mark: str, style: str = "", script: str = "") -> str:
    """The page with a title (any text) and a body (HTML); `style` is added to the usual one.

    A `script` runs after the body. The policy of the page allows it by its hash, and no other.
    """
    policy, last = "default-src 'none'; style-src 'unsafe-inline'", ""
    if script:
        digest = b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy += f"; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        last = f"\n<script>{script}</script>"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{signature(mark)}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="{policy}">
<title>{escape(visible(title))}</title>
<style>{_STYLE}{style}</style>
</head>
<body>
<main>
{body}
</main>{last}
</body>
</html>
"""


def text_of(text: str) -> str:
    """Any text as HTML, never markup, with its own direction of writing."""
    return f"<bdi>{escape(visible(text))}</bdi>"
