"""The chat template of an exported mimic: messages of an API, written as its transcripts are.

Programs that serve Hugging Face folders render it with Jinja. The name of a message is its speaker;
without one, the assistant is the persona and the user the person they talk to. A system message
holds facts, one per line. Texts cannot spell the model's special tokens: a space breaks them up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from chatmimic.mimic import LoadedMimic, Mimic
from chatmimic.transcript import Form, NamedForm
from chatmimic.transcript.tokens import ACTION, END, NAME, SAYS, SLOTS, SPEAKERS

_ALL_NUMBERS = 300  # as many people of one name can be told apart

_LINES = r"""
{%- macro header(name) -%}
{%- if name in labels -%}{{ labels[name] }}
{%- else -%}
{%- set plain = (safe(name) | replace(':', '꞉') | replace('[', '(') | replace(']', ')')
  | replace('\n', ' ') | trim) or '?' -%}
{%- set free = namespace(found='' if plain in taken else plain) -%}
{%- for n in range(2, NUMBERS) -%}
{%- if not free.found and plain ~ ' (' ~ n ~ ')' not in taken -%}
{%- set free.found = plain ~ ' (' ~ n ~ ')' -%}
{%- endif -%}
{%- endfor -%}
{{ free.found }}
{%- endif -%}
:
{%- endmacro -%}
{%- macro line(name, text, action) -%}
{%- set words = safe(text) | replace('\\', '\\\\') | replace('\n', '\\n') -%}
{{ header(name) }}
{%- if action or words -%}
{{ ' ' }}{{ '* ' if action }}{{ '\\' if words.startswith('* ') }}{{ words }}
{%- endif -%}
{{ '\n' }}
{%- endmacro -%}
"""

_TOKENS = r"""
{%- macro header(name) -%}
{%- if name in slots -%}{{ slots[name] }}{%- else -%}{{ OPEN }}{{ safe(name) }}{{ SAYS }}
{%- endif -%}
{%- endmacro -%}
{%- macro line(name, text, action) -%}
{{ header(name) }}{{ ACTION if action }}{{ safe(text) }}{{ END }}
{%- endmacro -%}
"""

_WHOLE = r"""
{{- START -}}
{%- if facts and (not messages or messages[0].role != 'system') -%}
{%- for fact in facts -%}{{ line(about, fact, false) }}{%- endfor -%}
{%- endif -%}
{%- for message in messages -%}
{%- set text = (message.content or '') | trim -%}
{%- if message.role == 'system' -%}
{%- for fact in text.split('\n') -%}
{%- if fact | trim -%}{{ line(about, fact | trim, false) }}{%- endif -%}
{%- endfor -%}
{%- else -%}
{%- set name = message.name or (persona if message.role == 'assistant' else partner) -%}
{%- set does = text.startswith('/me ') and (text[4:] | trim) != '' -%}
{{ line(name, (text[4:] | trim) if does else text, does) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ header(persona) }}{%- endif -%}
"""


def chat_template(loaded: LoadedMimic) -> str:
    """The Jinja template of a mimic, to be stored with its tokenizer."""
    form, mimic = loaded.form, loaded.mimic
    names, macros = _of_form(form, mimic)
    names |= {
        "START": form.tokenizer.convert_ids_to_tokens(form.end_of_conversation),
        "persona": mimic.persona,
        "partner": partner_of(mimic),
        "about": f"about {mimic.persona}",
        "facts": list(mimic.manifest.get("facts") or ()),
    }
    return "".join([_settings(names), _safe(form), macros, _WHOLE])


def partner_of(mimic: Mimic) -> str:
    """Who the user of an API is: the owner of the export, else the first of the others."""
    others = [person for person in mimic.people if person != mimic.persona]
    if mimic.owner in others:
        return mimic.owner
    return others[0] if others else "You"


def _of_form(form: Form, mimic: Mimic) -> tuple[dict[str, object], str]:
    """What a form's macros need to know, and the macros."""
    if isinstance(form, NamedForm):
        labels = {person: form.label(person) for person in mimic.people}
        taken = sorted({*labels.values(), *mimic.people})
        macros = _LINES.replace("NUMBERS", str(_ALL_NUMBERS))
        return {"labels": labels, "taken": taken}, macros
    slots = dict(zip(mimic.people[:SLOTS], SPEAKERS, strict=False))
    return {"slots": slots, "OPEN": NAME, "SAYS": SAYS, "ACTION": ACTION, "END": END}, _TOKENS


def _settings(names: Mapping[str, object]) -> str:
    return "".join(
        f"{{%- set {name} = {json.dumps(value, ensure_ascii=False)} -%}}"
        for name, value in names.items()
    )


def _safe(form: Form) -> str:
    """A macro that breaks up special tokens that are spelt out in a text."""
    added = form.tokenizer.added_tokens_decoder.values()
    special = sorted({str(token) for token in added if token.special and len(str(token)) > 1})
    tokens: Sequence[str] = ["<|", *(token for token in special if not token.startswith("<|"))]
    broken = "".join(
        f" | replace({json.dumps(t)}, {json.dumps(f'{t[0]} {t[1:]}')})" for t in tokens
    )
    return f"{{%- macro safe(text) -%}}{{{{ text{broken} }}}}{{%- endmacro -%}}"
