"""An HTTP server that speaks OpenAI's API: mimics as models, for any client that knows it.

A request goes one way: `security` (host, origin, key), `intake` (its body, within limits), `asked`
(what it asks for), `scene` (who says what to whom), `scheduler` (all replies that are being
written, a token of each at a time), `choices` (their texts), and an endpoint that answers.

Starlette and uvicorn come with the extra `serve`, and are imported when a server starts.
"""
