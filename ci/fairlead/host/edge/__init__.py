"""The edge: the one holder of ports 80 and 443 on a host with several apps. Its configuration names none of them."""
