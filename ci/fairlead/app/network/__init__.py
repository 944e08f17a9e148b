"""How the services are reached: ports, addresses, and the proxy before them."""
