"""The demonstration: two organisations play a whole case through the HTTP API and check everything they are told.

Nothing here imports the rest of the service: the parties are outsiders with their own tokens.

* `parties`: a caller with its token, its requests counted
* `stage`: the sandbox, the parties and what they have learnt so far
* `story`: what is printed, with timings, and the summary
* `files`, `case`: invented evidence and an invented case
* `receiver`: where webhooks arrive
* `opening` … `audit`: the chapters, in the order `play` tells them
"""
