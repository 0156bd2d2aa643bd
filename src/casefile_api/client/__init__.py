"""The client: brings files to the service and fetches them, as a force's own program would.

Nothing here imports the rest of the service; it may be read as the reference for a client of one's own.

* `endings`: how a transfer ends, and with which exit code
* `wire`, `patience`: one HTTP request and what may pass by itself; how long it is tried again
* `keys`, `tokens`: the registered key, and the access tokens that are had by it
* `calls`: one call of the API, with its token, however often it takes
* `local`, `hashing`: the file at this end and its hashes; `notes`: what is remembered of an upload; `names`: made safe
* `pace`, `showing`: no faster than told; how far it is
* `links`, `sending`, `uploading`: presigned URLs, parts side by side, the whole way of a file
* `downloading`: the way back
* `opening`: all of it put together from what was given on the command line
"""
