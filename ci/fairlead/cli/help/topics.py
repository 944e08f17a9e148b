"""What ``fairlead explain`` tells beside rules: how to do a thing, in a screen."""

from __future__ import annotations

_PROXY = """\
proxy: how requests reach the app

No proxy in the compose files: Fairlead adds stock Caddy, made from `url:`, `hostnames:`, `domains:`, `redirects:`
and the ports that services publish.

A Caddy of your own: two lines make it switch. The file /fairlead/switch.caddy is written and mounted by the deploy;
`import switch SERVICE PORT` stands in place of `reverse_proxy SERVICE:PORT`, and nothing is ever reloaded.

    import /fairlead/switch.caddy

    example.com {
        handle /api/* {
            import switch api 8000
        }
        handle {
            import switch web 8000
        }
    }

Another front (nginx, HAProxy, Apache, or a Caddy that says `reverse_proxy web:8000`): leave it as it is. It is rolled
like any other service, and what it calls by name is switched, whatever Host it sends.

A load balancer or CDN in front that ends TLS: `trusted_proxies: [cloudflare]` beside the url; behind the edge of a
host, `fairlead host setup --trusted-proxies`.

More: docs/proxy.md"""

TOPICS = {"proxy": _PROXY}
