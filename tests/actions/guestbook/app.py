"""A guestbook that counts its visits: what a tutorial on Compose begins with. It knows nothing of Fairlead."""

import os

import redis
from flask import Flask

app = Flask(__name__)
cache = redis.Redis(host=os.environ["REDIS_HOST"])


@app.get("/")
def hello() -> str:
    return f"hello, visit {cache.incr('visits')}\n"
