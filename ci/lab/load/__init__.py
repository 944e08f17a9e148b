"""A load generator that counts the fate of every request: who answered it, or how it was lost.

The layers, each usable alone: ``plan`` says what to send, ``http1``/``http2``/``websocket``/``sse`` speak the
protocols, ``drivers`` sends and judges, ``record`` counts, ``report`` adds up and tells. ``run`` starts worker
processes and merges what they counted. Only loopback addresses are ever connected to.
"""
