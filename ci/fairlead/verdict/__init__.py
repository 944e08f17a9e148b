"""A verdict on compose files in every form that somebody reads: a person, GitHub, an editor, a dashboard.

Each form has a module; it is imported when it is asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.judge.verdict import Verdict


def render(kind: str, verdict: Verdict) -> str:
    """The verdict as ``sarif``, ``json``, ``junit``, ``markdown``, ``github`` or plain ``text``."""
    if kind == "text":
        from fairlead.verdict.text import render_text

        return render_text(verdict)
    if kind == "github":
        from fairlead.verdict.github import render_github

        return render_github(verdict)
    if kind == "markdown":
        from fairlead.verdict.markdown import render_markdown

        return render_markdown(verdict)
    if kind == "junit":
        from fairlead.verdict.junit import render_junit

        return render_junit(verdict)
    import json

    from fairlead.host.wire.visible import escaped

    if kind == "sarif":
        from fairlead.verdict.sarif import sarif_document

        return escaped(json.dumps(sarif_document(verdict), indent=2, ensure_ascii=False))
    from fairlead.verdict.document import verdict_document

    return escaped(json.dumps(verdict_document(verdict), indent=2, ensure_ascii=False))
