"""Network."""

from __future__ import annotations

from fairlead.judge.policy.texts import DOCS, SERVICES, Text, cis, measured

TEXTS = (
    Text(
        name="published-port",
        title="A port of the host on something that is not the proxy",
        why="""\
Docker's own rules come before those of ufw and firewalld: a published port is open to the world, whatever the firewall
shows. The database of a great many servers is on the internet because of `5432:5432`. Services reach each other by
network; the outside comes through the proxy, which alone publishes.
A port on 127.0.0.1 does not pass the firewall, so it is a warning: it belongs to every user of the host, and two
releases can't hold it at once. Where Fairlead adds the proxy, it takes the port of the service over.""",
        bad='services:\n  db:\n    image: postgres:17.4\n    ports: ["5432:5432"]\n',
        good="services:\n  db:\n    image: postgres:17.4\n    networks: [data]\nnetworks: {data: {internal: true}}\n",
        sources=(cis("5.9", "5.14"), f"{DOCS}engine/network/packet-filtering-firewalls/#docker-and-ufw"),
    ),
    Text(
        name="debug-port-open",
        title="A developer's port that the whole network can reach",
        why="""\
`8000:8000` listens on every address of the laptop, in the café and at the conference, with a debugger and test data
behind it. On 127.0.0.1 it serves its purpose. This is asked of files that serve development only; elsewhere
`published-port` counts.""",
        bad='x-fairlead: {environment: dev}\nservices:\n  db:\n    image: postgres:17.4\n    ports: ["5432:5432"]\n',
        good='x-fairlead: {environment: dev}\nservices:\n  db:\n    image: postgres:17.4\n    ports: ["127.0.0.1:5432:5432"]\n',
        sources=(cis("5.14"), f"{SERVICES}#ports"),
    ),
    Text(
        name="state-reachable",
        title="A database on a network that leads outside",
        why="""\
On an ordinary network a database can open connections to the whole internet: what breaks into it can send the data
away or fetch its next stage. `internal: true` takes the way out away and costs nothing. An external network is made
elsewhere: this file cannot show that it is internal.
In development, a service whose port is published on the loopback is let through: an internal network publishes none.""",
        bad="services:\n  db:\n    image: postgres:17.4\n    networks: [data]\nnetworks: {data: {}}\n",
        good="services:\n  db:\n    image: postgres:17.4\n    networks: [data]\nnetworks: {data: {internal: true}}\n",
        sources=(
            "https://docs.docker.com/reference/compose-file/networks/#internal",
            "NIST SP 800-190, 3.3.2",
        ),
    ),
    Text(
        name="proxy-beside-state",
        title="A proxy that can reach a database, or services without a network of their own",
        why="""\
The proxy is what strangers talk to. If it shares a network with the database, one hole in it is a way to the data.
Between the two stands the application: one network from the proxy to it, another one from it to the data.
Services that name no network all meet on `default`, so every one of them can reach every other one.""",
        bad="""\
services:
  caddy: {image: "caddy:2.11.7", ports: ["443:443"]}
  web: {image: "acme/web:1.0"}
  db: {image: "postgres:17.4"}
""",
        good="""\
services:
  caddy: {image: "caddy:2.11.7", ports: ["443:443"], networks: [edge]}
  web: {image: "acme/web:1.0", networks: [edge, data]}
  db: {image: "postgres:17.4", networks: [data]}
networks: {edge: {}, data: {internal: true}}
""",
        sources=("NIST SP 800-190, 4.3.3", f"{DOCS}compose/how-tos/networking/"),
    ),
    Text(
        name="port-clash",
        title="Two services that want one port of the host",
        why="""\
The second one does not start, and only when both run: with services behind profiles that is the day when somebody
turns the second profile on. So all profiles are compared.
A short port without quotes whose parts are below 60, such as `22:22`, is a number to the base of 60 for a YAML 1.1
parser: 1342. Compose reads it right, other tools that read the file do not.""",
        bad='services:\n  a: {image: "acme/a:1.0", ports: ["80:80"]}\n  b: {image: "acme/b:1.0", ports: ["127.0.0.1:80:8080"]}\n',
        good='services:\n  a: {image: "acme/a:1.0", ports: ["80:80"]}\n  b: {image: "acme/b:1.0", ports: ["8080:8080"]}\n',
        sources=(f"{SERVICES}#ports", "https://yaml.org/type/int.html"),
    ),
    Text(
        name="container-name",
        title="A container name of one's own",
        why="""\
A name exists once on a host. So there is no second release beside the first, which is an outage at each deploy; no
preview, no restore drill, no second replica. Other services find a service by its own name, and `docker compose logs`
needs none. On a service that is rolled it is an error, but not where Fairlead deploys it: a release leaves it out.""",
        bad="services:\n  web:\n    image: acme/web:1.0\n    container_name: web\n",
        good="services:\n  web:\n    image: acme/web:1.0\n",
        sources=(
            f"{SERVICES}#container_name",
            measured("the second project with the same container_name does not start"),
        ),
    ),
)
