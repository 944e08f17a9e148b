"""The part of a proxy's configuration that shows everybody a page while an app is in maintenance. Pure.

On each request the proxy looks whether the page is there (``maintenance``): nothing is reloaded, and the app need not run.
Past it come our own probes, whoever has the cookie of the owner, the health checks that a load balancer asks, without
which it would show a page of its own, and a health check within the proxy's container.
"""

from __future__ import annotations

COOKIE = "fairlead-look"
LOOK_PATH = "/.fairlead/look/"
"""Who asks for this, with what comes by ``on`` behind it, gets the cookie."""
_FOLDER = "/fairlead/maintenance"

_NOTICE = """\
(fairlead-maintenance) {
	@fairlead-look-{args[0]} {
		vars {http.request.uri.path} LOOK_PATH{file.FOLDER/look}
		file {
			root FOLDER
			try_files /page.html
		}
	}
	header @fairlead-look-{args[0]} {
		Set-Cookie "COOKIE={file.FOLDER/look}; Path=/; HttpOnly; SameSite=Lax"
		Cache-Control no-store
	}
	redir @fairlead-look-{args[0]} / 302
	@fairlead-maintenance-{args[0]} {
		not {
			header_regexp PROBE_HEADER .{32,}
			header PROBE_HEADER {file./fairlead/run/dark-token}
		}
		not {
			header_regexp Cookie COOKIE=[0-9a-f]{32}
			header Cookie *COOKIE={file.FOLDER/look}*
		}
		not remote_ip 127.0.0.0/8 ::1
		not {
			not path */
			file {
				root FOLDER/open
				try_files {path}
			}
		}
		file {
			root FOLDER
			try_files /page.html
		}
	}
	header @fairlead-maintenance-{args[0]} {
		Content-Type "text/html; charset=utf-8"
		Retry-After {file.FOLDER/retry-after}
		Cache-Control no-store
	}
	respond @fairlead-maintenance-{args[0]} "{file.FOLDER/page.html}" 503
}
"""


def render_notice(probe_header: str) -> str:
    """The snippet ``fairlead-maintenance``: ``import fairlead-maintenance NAME`` wherever users arrive; each name once in a site.

    Args:
        probe_header: what our own probes carry, with the token of the day.
    """
    words = {"PROBE_HEADER": probe_header, "LOOK_PATH": LOOK_PATH, "FOLDER": _FOLDER, "COOKIE": COOKIE}
    text = _NOTICE
    for word, value in words.items():
        text = text.replace(word, value)
    return text
