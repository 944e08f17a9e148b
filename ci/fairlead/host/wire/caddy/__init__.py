"""What Caddy is told, for the Caddyfiles of clients and for those of the agent."""
